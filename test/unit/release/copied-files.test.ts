// The files whose digests `applyPatch` takes from the old release, because the patch copies them as a whole.

import { describe, expect, it } from 'vitest';
import { createCopiedFiles } from '../../../src/release/copied-files.ts';
import { patched } from '../../support/release.ts';

const SIZE = 5000;
const OLD_LENGTH = 3 * SIZE;
const space = new Uint8Array(10 * SIZE);
const fileAt = (start: number, length = SIZE) => ({ bytes: space.subarray(start, start + length) });
const digests = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];
const copiedFiles = () => createCopiedFiles([fileAt(0), fileAt(SIZE), fileAt(2 * SIZE)], digests);

describe('the digest of a copied file', () => {
  it('is that of the old file if one copy makes the whole file', () => {
    const { copied, digestOf } = copiedFiles();
    copied(SIZE, OLD_LENGTH + 7, SIZE);
    expect(digestOf(fileAt(OLD_LENGTH + 7))).toBe(digests[1]);
  });

  it('is known for every file of a copy that makes several', () => {
    const { copied, digestOf } = copiedFiles();
    copied(0, OLD_LENGTH, 3 * SIZE);
    const made = [0, 1, 2].map((index) => digestOf(fileAt(OLD_LENGTH + index * SIZE)));
    expect(made).toEqual(digests);
  });

  it('is known if two copies follow each other in both images', () => {
    const { copied, digestOf } = copiedFiles();
    copied(0, OLD_LENGTH, SIZE + 100);
    copied(SIZE + 100, OLD_LENGTH + SIZE + 100, SIZE - 100);
    expect(digestOf(fileAt(OLD_LENGTH + SIZE))).toBe(digests[1]);
  });

  it.each<[string, [source: number, at: number, length: number][], start: number, length: number]>([
    ['a byte before it was not copied', [[0, OLD_LENGTH, SIZE]], OLD_LENGTH - 1, SIZE],
    ['its last byte was not copied', [[0, OLD_LENGTH, SIZE - 1]], OLD_LENGTH, SIZE],
    ['the copy begins inside of an old file', [[1, OLD_LENGTH, SIZE]], OLD_LENGTH, SIZE],
    ['the old file is longer', [[0, OLD_LENGTH, SIZE]], OLD_LENGTH, SIZE - 1],
    ['the old file is shorter', [[0, OLD_LENGTH, 2 * SIZE]], OLD_LENGTH, SIZE + 1],
    ['nothing was copied', [], OLD_LENGTH, SIZE],
    ['the file lies before all copies', [[0, OLD_LENGTH + SIZE, SIZE]], OLD_LENGTH, SIZE],
    [
      'two copies of it have different distances',
      [
        [0, OLD_LENGTH, 4500],
        [SIZE, OLD_LENGTH + 4500, 4500],
      ],
      OLD_LENGTH,
      SIZE,
    ],
    [
      'other bytes lie between two copies of it',
      [
        [0, OLD_LENGTH, 4096],
        [4097, OLD_LENGTH + 4097, 4096],
      ],
      OLD_LENGTH,
      SIZE,
    ],
  ])('is unknown if %s', (_, copies, start, length) => {
    const { copied, digestOf } = copiedFiles();
    for (const copy of copies) copied(...copy);
    expect(digestOf(fileAt(start, length))).toBeUndefined();
  });
});

describe('a patch that moves, doubles, cuts and extends files', () => {
  it('makes the release that it names', async () => {
    const bytes = (seed: number) =>
      Uint8Array.from({ length: 20_000 }, (_, at) => Math.imul(at + seed, 0x9e37_79b1) >>> 24);
    const before = { a: bytes(1), b: bytes(2), c: bytes(3), d: bytes(4) };
    const after = {
      a: before.b,
      b: before.a,
      b2: before.a,
      c: before.c.subarray(0, -1),
      d: Uint8Array.of(...before.d, 0),
      e: before.d,
    };
    expect(await patched(before, after)).toEqual(after);
  });
});
