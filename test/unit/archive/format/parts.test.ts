// The parts of the zip layer whose values are too large, or too many, to make in a whole archive.

import { deflateSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { crc32, crc32ByTables } from '../../../../src/archive/format/crc32.ts';
import { createCursor } from '../../../../src/archive/format/cursor.ts';
import {
  encodeCentral,
  encodeDescriptor,
  encodeEnd,
  encodeLocal,
} from '../../../../src/archive/format/encode.ts';
import { createPathSet, pathFault } from '../../../../src/archive/format/paths.ts';
import { printable } from '../../../../src/archive/format/printable.ts';
import {
  parseEnd,
  parseEnd64,
  parseLocator64,
  readCentral,
  readLocal,
} from '../../../../src/archive/format/records.ts';
import { descriptorLengths } from '../../../../src/archive/read/extract.ts';
import { createInflater } from '../../../../src/archive/read/inflate.ts';
import { isNode } from '../../../support/backends.ts';
import { bytesOf } from '../../../support/bytes.ts';
import { join, plainCrc32, same, u, utf8 } from '../../../support/zip.ts';

const GIB = 2 ** 30;

describe.each([
  ['the runtime', crc32],
  ['tables', crc32ByTables],
])('CRC-32 by %s', (_, crc) => {
  it('is that of ISO 3309, for any length and any pieces', () => {
    expect(crc(utf8('123456789'))).toBe(0xcbf43926);
    const bytes = bytesOf(100);
    for (let length = 0; length <= 100; length++) {
      const part = bytes.subarray(length % 9, length);
      expect(crc(part)).toBe(plainCrc32(part));
      expect(crc(bytes.subarray(length), crc(bytes.subarray(0, length)))).toBe(crc(bytes));
    }
  });

  // A page that is not isolated has no shared memory.
  if (typeof SharedArrayBuffer !== 'undefined') {
    it('is the same for bytes in shared memory', () => {
      const shared = new Uint8Array(new SharedArrayBuffer(100), 1, 90);
      shared.set(bytesOf(90));
      expect(crc(shared)).toBe(plainCrc32(bytesOf(90)));
    });
  }
});

describe('the records of a file', () => {
  const file = {
    name: utf8('a'),
    method: 8,
    crc32: 0xfedcba98,
    compressedSize: 5 * GIB,
    size: 6 * GIB,
    isDescribedLater: true,
  };
  const cursorOver = (record: Uint8Array) => {
    let rest: Uint8Array = record;
    return createCursor(async () => {
      const bytes = rest;
      rest = new Uint8Array(0);
      return bytes;
    });
  };
  const parsed = (record: Uint8Array) => readCentral(cursorOver(record));

  it('have in Zip64 only values that do not fit in 32 bits', async () => {
    const cases = [
      [file, 7 * GIB, 28],
      [file, 7, 20],
      [{ ...file, compressedSize: 5 }, 7, 12],
      [{ ...file, compressedSize: 5, size: 2 ** 32 - 2 }, 2 ** 32 - 2, 0],
      [{ ...file, compressedSize: 5, size: 2 ** 32 - 1 }, 2 ** 32 - 2, 12],
      [{ ...file, compressedSize: 5, size: 9 }, 2 ** 32 - 1, 12],
    ] as const;
    for (const [values, offset, extra] of cases) {
      const record = encodeCentral(values, offset);
      expect(record.length).toBe(46 + 1 + extra);
      const { size, compressedSize, crc32: crc } = values;
      expect(await parsed(record)).toMatchObject({ size, compressedSize, crc32: crc, offset });
    }
  });

  it('are read field by field, and no further', async () => {
    const local = join(
      u(4, 0x04034b50),
      u(2, 20, 0x102, 0x304, 1, 2),
      u(4, 0xa1b2c3d4, 0x01020304, 0x05060708),
      u(2, 3, 5),
      utf8('abc'),
      join(u(2, 0x5455, 1), Uint8Array.of(9)),
    );
    const central = join(
      u(4, 0x02014b50),
      u(2, 0x31e, 20, 0x102, 0x304, 1, 2),
      u(4, 0xa1b2c3d4, 0x01020304, 0x05060708),
      u(2, 3, 5, 4, 0x506, 1),
      u(4, 0x0a0b0c0d, 0x090a0b0c),
      local.subarray(30),
      utf8('mine'),
    );
    const said = {
      at: 0,
      flags: 0x102,
      method: 0x304,
      crc32: 0xa1b2c3d4,
      compressedSize: 0x01020304,
      size: 0x05060708,
      name: utf8('abc'),
    };
    const cursor = cursorOver(join(local, utf8('x')));
    expect(await readLocal(cursor)).toEqual(said);
    expect(cursor.offset).toBe(local.length);
    const next = cursorOver(join(central, utf8('x')));
    expect(await readCentral(next)).toEqual({
      ...said,
      offset: 0x090a0b0c,
      disk: 0x506,
      attributes: 0x0a0b0c0d,
      endsInLocator: false,
      host: 3,
    });
    expect(next.offset).toBe(central.length);
  });

  it('leave unknown values to the descriptor, which has 64 bits only beyond 4 GiB', () => {
    expect(encodeLocal(file).subarray(14, 26)).toEqual(new Uint8Array(12));
    const { crc32: crc } = file;
    expect(encodeDescriptor(file)).toEqual(join(u(4, 0x08074b50, crc), u(8, 5 * GIB, 6 * GIB)));
    const edge = { ...file, compressedSize: 7, size: 2 ** 32 - 1 };
    expect(encodeDescriptor(edge)).toEqual(u(4, 0x08074b50, crc, 7, 2 ** 32 - 1));
    for (const values of [file, edge]) {
      const bytes = encodeDescriptor(values);
      expect(descriptorLengths(bytes, values)).toEqual([bytes.length]);
    }
  });
});

describe('the end record', () => {
  it('is read field by field', () => {
    const end = join(u(4, 0x06054b50), u(2, 1, 2, 3, 4), u(4, 5, 6), u(2, 7));
    expect(parseEnd(end)).toEqual({
      disks: [1, 2],
      counts: [3, 4],
      size: 5,
      offset: 6,
      commentLength: 7,
    });
    const end64 = join(u(4, 0x06064b50), u(8, 44), u(2, 45, 45), u(4, 1, 2), u(8, 3, 4, 5, 6));
    expect(parseEnd64(end64)).toEqual({
      length: 56,
      disks: [1, 2],
      counts: [3, 4],
      size: 5,
      offset: 6,
    });
    const locator = join(u(4, 0x07064b50, 1), u(8, 2), u(4, 3));
    expect(parseLocator64(locator)).toEqual({ disk: 1, offset: 2, diskCount: 3 });
  });

  it('is a Zip64 record from 65,535 files or 4 GiB on', () => {
    const small = { count: 65_534, offset: 2 ** 32 - 2, size: 2 ** 32 - 2 };
    expect(encodeEnd(small).length).toBe(22);
    expect(parseEnd(encodeEnd(small))).toMatchObject({
      counts: [65_534, 65_534],
      size: small.size,
      offset: small.offset,
    });
    for (const large of [
      { count: 65_535, offset: 1, size: 2 },
      { count: 1, offset: 2 ** 32 - 1, size: 2 },
      { count: 1, offset: 2, size: 2 ** 32 - 1 },
      { count: 2 ** 33, offset: 2 ** 40, size: 2 ** 41 },
    ]) {
      const bytes = encodeEnd(large);
      expect(bytes.length).toBe(98);
      expect(parseEnd64(bytes)).toEqual({
        length: 56,
        disks: [0, 0],
        counts: [large.count, large.count],
        size: large.size,
        offset: large.offset,
      });
      expect(parseLocator64(bytes.subarray(56))).toEqual({
        disk: 0,
        diskCount: 1,
        offset: large.offset + large.size,
      });
    }
  });
});

describe('inflating', () => {
  it('finds the end of the data, with any bytes after it and any pieces', () => {
    const contents = [
      new Uint8Array(0),
      utf8('a'),
      bytesOf(70_000),
      new Uint8Array(70_000),
      utf8('hello '.repeat(2000)),
    ];
    for (const content of contents) {
      for (const level of [0, 1, 9] as const) {
        const data = deflateSync(content, { level });
        for (const length of [data.length + 20, data.length, 977, 1].filter(
          (piece) => data.length / piece < 3000,
        )) {
          const input = join(data, bytesOf(20));
          const { take } = createInflater('a');
          const parts: Uint8Array[] = [];
          let at = 0;
          let shown = length;
          for (let isEnd = false; !isEnd; ) {
            const taken = take(input.subarray(at, at + shown));
            parts.push(taken.bytes);
            isEnd = taken.isEnd;
            at += taken.used;
            const isStuck = taken.used === 0 && taken.bytes.length === 0;
            expect(isStuck && at + shown >= input.length).toBe(false);
            shown = isStuck ? shown + length : length;
          }
          expect(at).toBe(data.length);
          expect(same(join(...parts), content)).toBe(true);
        }
      }
    }
  });
});

/** Milliseconds of the processor, which other programs do not use up. A page does not tell them: 0 there. */
function computed(): number {
  return isNode ? process.cpuUsage().user / 1000 : 0;
}

describe('paths', () => {
  it('are shown without characters that move the cursor, hide text or change its direction', () => {
    expect(printable('zoë 😀.txt')).toBe('zoë 😀.txt');
    expect(printable('a\u0007\u200b\u202e\u2028\ufeffb')).toBe(
      'a\\u{7}\\u{200b}\\u{202e}\\u{2028}\\u{feff}b',
    );
    expect(printable('\ud800')).toBe('\\u{d800}');
    expect(printable('x'.repeat(500)).length).toBe(201);
  });

  it('with a folder for each file are accepted up to the limit, in less than quadratic time', () => {
    const paths = createPathSet();
    const started = computed();
    for (let i = 0; i < 4000; i++) {
      const path = `${i}/${'d/'.repeat(60)}f`;
      expect(pathFault(path) ?? paths.add(path, false)).toBeUndefined();
    }
    expect(computed() - started).toBeLessThan(5000);
    expect(paths.add('7/d/d', false)).toMatch(/at once/);
  });
});
