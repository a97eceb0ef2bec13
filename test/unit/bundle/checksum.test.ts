// Checksums: when and how much of the input is read, and the messages for malformed checksums.

import { describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/backend/backend.ts';
import { nobleBackend } from '../../../src/backend/noble.ts';
import { hashSource } from '../../../src/bundle/checksum.ts';
import { toHex } from '../../../src/bytes.ts';
import { checksum, encryptBundle, type Progress, verifyChecksum } from '../../../src/index.ts';
import { openInput, type Source } from '../../../src/sources/input.ts';
import { bytesOf } from '../../support/bytes.ts';
import { keyB } from '../../support/vectors.ts';

const CHUNK = 262_144;
const plain = bytesOf(2 * CHUNK + 10);
const expected = await checksum(plain);
const total = plain.length;

/** The backend noble as if it were native, and a log of its calls. */
function watched(hashesWhole: boolean, meanwhile = () => {}) {
  const asked: string[] = [];
  const backend: Backend = {
    ...nobleBackend,
    hashesWhole,
    sha256: async (bytes) => {
      asked.push('sha256');
      meanwhile();
      return nobleBackend.sha256(bytes);
    },
    createHash() {
      asked.push('createHash');
      return nobleBackend.createHash();
    },
  };
  return { backend, asked };
}

describe('the checksum of a source', () => {
  const inMemory = openInput(plain, 'bundle');
  const elsewhere: Source = { size: total, read: async (from, to) => plain.subarray(from, to) };
  const inChunks = [CHUNK, 2 * CHUNK, total].map((done) => ({ done, total }));

  it.each<[string, boolean, Source, string, Progress[]]>([
    ['memory, natively', true, inMemory, 'sha256', [{ done: total, total }]],
    ['memory, not natively', false, inMemory, 'createHash', inChunks],
    ['elsewhere', true, elsewhere, 'createHash', inChunks],
  ])('is taken of %s', async (_, hashesWhole, source, call, progress) => {
    const { backend, asked } = watched(hashesWhole);
    const seen: Progress[] = [];
    const onProgress = (one: Progress) => seen.push(one);
    expect(toHex(await hashSource(backend, source, { onProgress }))).toBe(expected);
    expect(asked).toEqual([call]);
    expect(seen).toEqual(progress);
    expect(toHex(await hashSource(backend, source, {}))).toBe(expected);
  });

  it('is not computed after an abort, and not returned after an abort meanwhile', async () => {
    const why = new Error('enough');
    const controller = new AbortController();
    const before = watched(true);
    const options = {
      signal: AbortSignal.abort(why),
      onProgress: () => expect.unreachable('there is none'),
    };
    await expect(hashSource(before.backend, inMemory, options)).rejects.toBe(why);
    expect(before.asked).toEqual([]);
    const during = watched(true, () => controller.abort(why));
    const work = hashSource(during.backend, inMemory, { ...options, signal: controller.signal });
    await expect(work).rejects.toBe(why);
  });

  it('rejects on an abort although a Blob never answers', async () => {
    const silent = new Blob([new Uint8Array(10)]);
    Object.defineProperty(silent, 'slice', {
      value: () => ({ arrayBuffer: () => new Promise(() => {}) }),
    });
    const controller = new AbortController();
    const work = checksum(silent, { signal: controller.signal });
    setTimeout(() => controller.abort('enough'), 5);
    await expect(work).rejects.toBe('enough');
  });
});

describe('verifyChecksum', () => {
  it('does not read a bundle whose length differs from the seal', async () => {
    const { seal } = await encryptBundle(plain, { privateKey: keyB.pkcs8 });
    const blob = (size: number) => {
      let reads = 0;
      const one = new Blob([bytesOf(size) as Uint8Array<ArrayBuffer>]);
      const slice = one.slice.bind(one);
      Object.defineProperty(one, 'slice', {
        value(from: number, to: number) {
          reads += 1;
          return slice(from, to);
        },
      });
      return { one, reads: () => reads };
    };
    const longer = blob(total + 1);
    expect(await verifyChecksum(longer.one, { seal, publicKey: keyB.spki })).toBe(false);
    expect(longer.reads()).toBe(0);
    const right = blob(total);
    expect(await verifyChecksum(right.one, { seal, publicKey: keyB.spki })).toBe(true);
    expect(right.reads()).toBe(3);
  });

  it('accepts the options of a checksum', async () => {
    const seen: Progress[] = [];
    const onProgress = (one: Progress) => seen.push(one);
    const { signal } = new AbortController();
    const options = { signal, onProgress, backend: 'noble' } as const;
    expect(await verifyChecksum(plain, expected, options)).toBe(true);
    expect(seen.at(-1)).toEqual({ done: total, total });
    expect(await checksum(plain, options)).toBe(expected);
    await expect(
      verifyChecksum(plain, expected, { signal: AbortSignal.abort('enough') }),
    ).rejects.toBe('enough');
  });

  it.each<[string, unknown, string]>([
    [
      '63 hex characters',
      expected.slice(1),
      'expected must be a checksum of 64 hex characters: pass a seal as { seal, publicKey }',
    ],
    ['65, the last 64 right', `0${expected}`, 'expected must be a checksum of 64 hex characters'],
    ['65, the first 64 right', `${expected}0`, 'expected must be a checksum of 64 hex characters'],
    ['nothing', undefined, 'expected must be a checksum or { seal, publicKey }, got nothing'],
    ['null', null, 'expected must be a checksum or { seal, publicKey }, got null'],
    ['a number', 5, 'expected must be a checksum or { seal, publicKey }, got a number'],
    [
      'a key too many',
      { seal: '', publicKey: keyB.spki, key: '' },
      'verifyChecksum: expected does not know the option "key": it takes seal, publicKey',
    ],
  ])('refuses %s', async (_, wrong, message) => {
    const work = verifyChecksum(plain, wrong as string);
    await expect(work).rejects.toThrow(TypeError);
    await expect(work).rejects.toThrow(message);
  });

  it('refuses a value that is not a bundle by the name of its argument', async () => {
    await expect(verifyChecksum(5 as never, expected)).rejects.toThrow(/^bundle expected/);
    await expect(checksum(5 as never)).rejects.toThrow(/^bundle expected/);
  });
});
