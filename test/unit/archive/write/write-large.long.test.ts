// Archives with large or many files. They have a test file of their own, because they take longer than all other tests of writing.

import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { unzipBundle, zipBundle, zipStream } from '../../../../src/zip.ts';
import { collect, sha256, streamOf, textOf, viaBundle } from '../../../support/zip.ts';

const MIB = 2 ** 20;

describe('the same files', () => {
  it.each([
    ['of the length that is held', 8 * MIB],
    ['one byte longer than that', 8 * MIB + 1],
  ])('make the same bytes in every form of a content that is %s', async (_, length) => {
    const content = textOf(length);
    const zip = await zipBundle({ f: content }, { level: 1 });
    const blob = new Blob([content as Uint8Array<ArrayBuffer>]);
    for (const form of [{ f: blob }, { f: async () => streamOf(content, 70_001) }]) {
      const same = await collect(zipStream(form, { level: 1 }));
      expect(same.length).toBe(zip.length);
      expect(await sha256(same)).toBe(await sha256(zip));
    }
    const files = await viaBundle(zip, { maxRatio: 1000 });
    expect(await sha256(files.get('f') as Uint8Array)).toBe(await sha256(content));
  });
});

describe('a large zip', () => {
  it('is read by fflate, also if the sizes follow the content', async () => {
    const content = textOf(9 * MIB);
    const read = unzipSync(await zipBundle({ 'big.txt': content }, { level: 1 }));
    expect(Object.keys(read)).toEqual(['big.txt']);
    expect(await sha256(read['big.txt'] as Uint8Array)).toBe(await sha256(content));
  });

  it('has 66,000 files in Zip64', async () => {
    const entries = Array.from({ length: 66_000 }, (_, i) => ({
      path: `${i >> 10}/${i}`,
      data: new Uint8Array(0),
    }));
    const zip = await zipBundle(entries, { maxEntries: 66_000 });
    const view = new DataView(zip.buffer, zip.byteOffset);
    expect(view.getUint32(zip.length - 22 - 76, true)).toBe(0x06064b50);
    expect(view.getUint16(zip.length - 12, true)).toBe(0xffff);
    const files = await unzipBundle(zip, { maxEntries: 66_000 });
    expect(files.size).toBe(66_000);
  });
});
