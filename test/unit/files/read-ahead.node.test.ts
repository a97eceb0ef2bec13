// How an archive that is read by ranges is requested: in long pieces.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { unzipFile } from '../../../src/node.ts';
import { zipBundle } from '../../../src/zip.ts';
import { bytesOf } from '../../support/bytes.ts';
import { useFolder } from '../../support/use-folder.ts';

const MIB = 2 ** 20;
const { at } = useFolder();

/** A source that records what is read from it: the offsets and the lengths. */
function recorded(bytes: Uint8Array) {
  const reads: [offset: number, length: number][] = [];
  const read = async (offset: number, length: number) => {
    reads.push([offset, length]);
    return bytes.slice(offset, offset + length);
  };
  return { source: { size: bytes.length, read }, reads };
}

describe('an archive that is read by ranges', () => {
  it('is read in pieces of 1 MiB, whether its files are short or long', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`${i}`, bytesOf(7000 + i)]),
    );
    const long = bytesOf(3 * MIB);
    const zip = await zipBundle({ ...files, long }, { level: 0 });
    const { source, reads } = recorded(zip);
    await unzipFile(source, at('out'));
    const [directory, first, ...others] = reads;
    expect([directory?.[0], first]).toEqual([zip.length - (directory?.[1] ?? 0), [0, MIB]]);
    let end = MIB;
    for (const [offset, length] of others) {
      // What was held reaches into the next piece of a file, which begins less than 256 KiB before.
      expect(offset).toBeLessThanOrEqual(end);
      expect(offset).toBeGreaterThan(end - MIB / 4);
      expect(length).toBe(Math.min(MIB, zip.length - offset));
      end = offset + length;
    }
    expect(end).toBe(zip.length);
    expect(readFileSync(at('out/long')).equals(long)).toBe(true);
    for (const [name, bytes] of Object.entries(files)) {
      expect(readFileSync(at(`out/${name}`)).equals(bytes)).toBe(true);
    }
  });

  it('that is shorter than a piece is read once', async () => {
    const { source, reads } = recorded(await zipBundle({ a: bytesOf(1000), b: bytesOf(10) }));
    await unzipFile(source, at('out'));
    expect(reads).toEqual([[0, source.size]]);
  });
});
