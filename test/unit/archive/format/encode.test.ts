// The structures that the writer writes, to the byte.

import { describe, expect, it } from 'vitest';
import {
  encodeCentral,
  encodeDescriptor,
  encodeEnd,
  encodeLocal,
} from '../../../../src/archive/format/encode.ts';
import { join, u, utf8, zip64End } from '../../../support/zip.ts';

const FULL = 2 ** 32 - 1;
const DATE = (1 << 5) | 1;
const name = utf8('zoë');
const file = {
  name,
  method: 8,
  crc32: 0xfedcba98,
  compressedSize: 0x12345,
  size: 0x6789ab,
  isDescribedLater: false,
};

/** APPNOTE 4.3.7. */
const local = (flags: number, ...sizes: readonly number[]) =>
  join(u(4, 0x04034b50), u(2, 20, flags, 8, 0, DATE), u(4, ...sizes), u(2, 4, 0), name);

/** APPNOTE 4.3.12. */
const central = (
  version: number,
  flags: number,
  sizes: readonly number[],
  offset: number,
  extra = new Uint8Array(0),
) =>
  join(
    u(4, 0x02014b50),
    u(2, 0x32d, version, flags, 8, 0, DATE),
    u(4, ...sizes),
    u(2, 4, extra.length, 0, 0, 0),
    u(4, 0x81a40000, offset),
    name,
    extra,
  );
const zip64 = (...values: readonly number[]) => join(u(2, 1, 8 * values.length), u(8, ...values));

describe('a file', () => {
  const { crc32, compressedSize, size } = file;

  it('has its sizes before it, or after it', () => {
    expect(encodeLocal(file)).toEqual(local(0x800, crc32, compressedSize, size));
    const later = { ...file, isDescribedLater: true };
    expect(encodeLocal(later)).toEqual(local(0x808, 0, 0, 0));
    expect(encodeDescriptor(later)).toEqual(u(4, 0x08074b50, crc32, compressedSize, size));
    expect(encodeCentral(file, 77)).toEqual(central(20, 0x800, [crc32, compressedSize, size], 77));
    expect(encodeCentral(later, 77)).toEqual(central(20, 0x808, [crc32, compressedSize, size], 77));
  });

  it('has a descriptor with 64-bit sizes only if 32 bits are too few', () => {
    for (const [sizes, isLong] of [
      [[FULL, FULL], false],
      [[FULL + 1, 5], true],
      [[5, FULL + 1], true],
      [[2 ** 33 + 7, 2 ** 40 + 9], true],
    ] as const) {
      const [compressed, plain] = sizes;
      const values = { ...file, compressedSize: compressed, size: plain };
      expect(encodeDescriptor(values)).toEqual(
        join(u(4, 0x08074b50, crc32), u(isLong ? 8 : 4, compressed, plain)),
      );
    }
  });

  it('has values that do not fit in a Zip64 field, in the order of APPNOTE 4.5.3', () => {
    const [a, b, c] = [2 ** 33 + 1, 2 ** 34 + 2, 2 ** 35 + 3];
    const large = { ...file, size: a, compressedSize: b };
    expect(encodeCentral(large, c)).toEqual(
      central(45, 0x800, [crc32, FULL, FULL], FULL, zip64(a, b, c)),
    );
    expect(encodeCentral({ ...file, size: a }, 3)).toEqual(
      central(45, 0x800, [crc32, compressedSize, FULL], 3, zip64(a)),
    );
    expect(encodeCentral({ ...file, compressedSize: FULL }, 3)).toEqual(
      central(45, 0x800, [crc32, FULL, size], 3, zip64(FULL)),
    );
    expect(encodeCentral(file, FULL)).toEqual(
      central(45, 0x800, [crc32, compressedSize, size], FULL, zip64(FULL)),
    );
    expect(encodeCentral(file, FULL - 1)).toEqual(
      central(20, 0x800, [crc32, compressedSize, size], FULL - 1),
    );
  });
});

describe('the end', () => {
  const end = (count: number, size: number, offset: number) =>
    join(u(4, 0x06054b50), u(2, 0, 0, count, count), u(4, size, offset), u(2, 0));
  /** APPNOTE 4.3.14: made by what writes the files, and not by version 45 alone as in the support's. */
  const end64 = (count: number, size: number, offset: number) => {
    const bytes = zip64End({ at: offset + size, count, size, offset });
    bytes.set(u(2, 0x32d), 12);
    return bytes;
  };

  it('has 22 bytes where all values fit', () => {
    expect(encodeEnd({ count: 65_534, offset: FULL - 1, size: FULL - 1 })).toEqual(
      end(65_534, FULL - 1, FULL - 1),
    );
  });

  it('has a Zip64 record and its locator where one does not', () => {
    for (const { count, offset, size } of [
      { count: 65_535, offset: 1, size: 2 },
      { count: 1, offset: FULL, size: 2 },
      { count: 1, offset: 2, size: FULL },
      { count: 2 ** 33 + 1, offset: 2 ** 40 + 1, size: 2 ** 41 + 1 },
    ]) {
      expect(encodeEnd({ count, offset, size })).toEqual(
        join(
          end64(count, size, offset),
          end(Math.min(count, 0xffff), Math.min(size, FULL), Math.min(offset, FULL)),
        ),
      );
    }
  });
});
