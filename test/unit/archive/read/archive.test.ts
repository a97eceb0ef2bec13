// An archive that is read by ranges: the checks of its directory, and of a file when it is read.

import { describe, expect, it } from 'vitest';
import { openZip, unzipBundle } from '../../../../src/zip.ts';
import { rejection } from '../../../support/errors.ts';
import {
  deflatedAsIs,
  join,
  plainCrc32,
  type RawEntry,
  rawZip,
  u,
  utf8,
} from '../../../support/zip.ts';

const hello = utf8('hello');
const one: RawEntry = { name: 'a.txt', content: hello };
const two: RawEntry = { name: 'b.txt', content: utf8('world') };
const LOCAL = 30 + 5;
const SECOND = LOCAL + hello.length;

const refusalOf = (zip: Uint8Array, limits = {}) =>
  rejection(openZip(zip, limits), 'ERR_ARCHIVE_INVALID');

describe('a directory', () => {
  it('is refused if bytes before the first file belong to no entry', async () => {
    const error = await refusalOf(rawZip([{ ...one, before: utf8('#!/bin/sh\n') }, two]));
    expect(error.message).toBe(
      'the archive begins with 10 bytes that are part of no file: pass the zip without them',
    );
    // Also where the directory names that file last.
    const order = { order: [1, 0] };
    const last = await refusalOf(rawZip([{ ...one, before: utf8('gap') }, two], order));
    expect(last.message).toMatch(/begins with 3 bytes/);
    const empty = await refusalOf(rawZip([], { before: utf8('gap') }));
    expect(empty.message).toBe(
      'the archive begins with 3 bytes that are part of no file: pass the zip without them',
    );
    expect((await openZip(rawZip([]))).entries()).toEqual([]);
  });

  it.each<[string, RawEntry[], string, number]>([
    ['the next file', [{ ...one, central: { size: 6, compressedSize: 6 } }, two], 'a.txt', 0],
    ['itself', [one, { ...two, central: { size: 6, compressedSize: 6 } }], 'b.txt', SECOND],
    ['a file', [one, { ...two, central: { offset: 0 } }], 'a.txt', 0],
    ['the end of a file', [one, { ...two, central: { offset: SECOND - 1 } }], 'a.txt', 0],
    ['a name', [{ ...one, central: { name: 'a.text' } }, two], 'a.text', 0],
  ])('is refused where a file reaches into %s', async (_, entries, path, offset) => {
    const error = await refusalOf(rawZip(entries));
    expect(error.message).toBe(
      `"${path}" shares its bytes with another part of the archive, as bombs do: fetch or make the archive again`,
    );
    expect(error).toMatchObject({ path, offset });
  });

  it('refuses conflicting paths and sizes over the limits before any file is read', async () => {
    const twice = await refusalOf(rawZip([one, one]));
    expect(twice.message).toBe('"a.txt" is there twice: keep one of the two');
    const folder = await refusalOf(rawZip([{ name: 'a/' }, { ...one, name: 'a' }]));
    expect(folder.message).toMatch(/^"a" is a file and a folder at once/);
    const zip = rawZip([one, two]);
    for (const [limits, path] of [
      [{ maxFileSize: 4 }, 'a.txt'],
      [{ maxTotalSize: 9 }, 'b.txt'],
    ] as const) {
      expect((await rejection(openZip(zip, limits), 'ERR_LIMIT_EXCEEDED')).path).toBe(path);
    }
    const blank = { name: 'z', data: deflatedAsIs(hello), size: 2 ** 26 + 1 };
    const ratio = await rejection(openZip(rawZip([blank])), 'ERR_LIMIT_EXCEEDED');
    expect(ratio.message).toMatch(/inflates to more than 200 times/);
    const lie = { name: 'z', data: deflatedAsIs(hello), size: 2 ** 20 };
    const impossible = await rejection(openZip(rawZip([lie])), 'ERR_ARCHIVE_INVALID');
    expect(impossible.message).toMatch(/10 deflated bytes make 1048576, which is impossible/);
    const padded = {
      name: 'z',
      data: deflatedAsIs(hello),
      size: 5,
      compressedSize: 2 ** 21 + 41,
      after: new Uint8Array(2 ** 21 + 31),
    };
    const bomb = await rejection(openZip(rawZip([padded])), 'ERR_ARCHIVE_INVALID');
    expect(bomb.message).toMatch(
      /over 2 MiB of deflated bytes that inflate to nothing, as bombs do/,
    );
  });

  it('gives files in its own order, whatever their order in the archive', async () => {
    const three = { ...one, name: 'c.txt' };
    const zip = rawZip([three, one, two], { order: [2, 0, 1] });
    const files = await unzipBundle(zip);
    expect([...files]).toEqual([
      ['b.txt', utf8('world')],
      ['c.txt', hello],
      ['a.txt', hello],
    ]);
  });

  it('reads the number of the disk from the Zip64 field, where it has to be 0', async () => {
    const field = (disk: number) => join(u(2, 1, 28), u(8, 5, 5, 0), u(4, disk));
    const zip = (extra: Uint8Array) => {
      const full = { size: 2 ** 32 - 1, compressedSize: 2 ** 32 - 1, offset: 2 ** 32 - 1 };
      return rawZip([{ ...one, central: { ...full, disk: 0xffff, extra } }]);
    };
    expect(await unzipBundle(zip(field(0)))).toEqual(new Map([['a.txt', hello]]));
    expect((await refusalOf(zip(field(1)))).message).toMatch(/has a Zip64 field that contradicts/);
    const none = await refusalOf(zip(join(u(2, 1, 24), u(8, 5, 5, 0))));
    expect(none.message).toMatch(/is one of several parts/);
  });

  it('ends with the reason of an abort', async () => {
    const reason = new Error('enough');
    const entries = Array.from({ length: 3 }, (_, i) => ({ ...one, name: `${i}` }));
    const signal = AbortSignal.abort(reason);
    await expect(openZip(rawZip(entries), { signal })).rejects.toBe(reason);
  });
});

describe('a file', () => {
  const described = (after: Uint8Array): RawEntry => ({
    ...one,
    data: deflatedAsIs(hello),
    flags: 0x808,
    after,
  });
  const descriptor = u(4, 0x08074b50, plainCrc32(hello), 10, 5);

  it('must be at the offset in the directory', async () => {
    const zip = rawZip([one, two]);
    zip[SECOND] = 0;
    const reader = await openZip(zip);
    expect(await reader.read('a.txt')).toEqual(hello);
    const error = await rejection(reader.read('b.txt'), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toBe(
      '"b.txt" is not where the directory says: fetch or make the archive again',
    );
    expect(error.offset).toBe(SECOND);
  });

  it('must have a local header that agrees with the directory', async () => {
    const reader = await openZip(rawZip([{ ...one, local: { name: 'c.txt' } }, two]));
    const error = await rejection(reader.read('a.txt'), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toMatch(/another name/);
  });

  it('must be followed by its descriptor only', async () => {
    const reader = await openZip(rawZip([described(descriptor), two]));
    expect(await reader.read('a.txt')).toEqual(hello);
    for (const [entry, offset] of [
      [{ ...one, after: utf8('gap') }, SECOND],
      [described(new Uint8Array(0)), LOCAL + 10],
      [described(join(descriptor, Uint8Array.of(0))), LOCAL + 10],
      [described(descriptor.slice(0, -1)), LOCAL + 10],
    ] as const) {
      const broken = await openZip(rawZip([entry, two]));
      expect(await broken.read('b.txt')).toEqual(utf8('world'));
      const error = await rejection(broken.read('a.txt'), 'ERR_ARCHIVE_INVALID');
      expect(error.message).toBe(
        '"a.txt" is followed by bytes that are part of no file: fetch or make the archive again',
      );
      expect(error).toMatchObject({ path: 'a.txt', offset });
    }
  });
});

describe('bytes between a file and the next part of the archive', () => {
  it('are refused before they are read', async () => {
    const gap = 2 ** 24;
    const zip = rawZip([{ ...one, after: new Uint8Array(gap) }, two]);
    let read = 0;
    const source = {
      size: zip.length,
      read: async (offset: number, length: number) => {
        read += length;
        return zip.slice(offset, offset + length);
      },
    };
    const reader = await openZip(source);
    const error = await rejection(reader.read('a.txt'), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toMatch(/^"a.txt" is followed by bytes that are part of no file/);
    expect(read).toBeLessThan(gap / 2);
  });
});
