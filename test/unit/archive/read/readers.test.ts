// Archives that all readers accept, and unzipBundle and unzipStream.

import { deflateSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { type Progress, unzipBundle, unzipStream, zipBundle } from '../../../../src/zip.ts';
import { bytesOf } from '../../../support/bytes.ts';
import { rejection } from '../../../support/errors.ts';
import { READERS } from '../../../support/readers.ts';
import {
  chunked,
  deflatedAsIs,
  join,
  plainCrc32,
  type RawEntry,
  rawZip,
  same,
  streamOf,
  u,
  utf8,
  zip64End,
} from '../../../support/zip.ts';

const hello = utf8('hello');
const one: RawEntry = { name: 'a.txt', content: hello };
const two: RawEntry = { name: 'b.txt', content: utf8('world') };
const helloWorld = new Map([
  ['a.txt', hello],
  ['b.txt', utf8('world')],
]);

describe.each(READERS)('%s reads', (_, read) => {
  const crc = plainCrc32(hello);
  const data = deflateSync(hello);
  const sizes = [data.length, hello.length] as const;

  it.each<[string, Uint8Array, Partial<RawEntry>]>([
    ['32 bits, signed', join(u(4, 0x08074b50, crc, ...sizes)), {}],
    ['32 bits, unsigned', join(u(4, crc, ...sizes)), {}],
    ['64 bits, signed', join(u(4, 0x08074b50, crc), u(8, ...sizes)), {}],
    ['64 bits, unsigned', join(u(4, crc), u(8, ...sizes)), {}],
    [
      '64 bits after a Zip64 field',
      join(u(4, 0x08074b50, crc), u(8, ...sizes)),
      {
        local: {
          size: 2 ** 32 - 1,
          compressedSize: 2 ** 32 - 1,
          extra: join(u(2, 1, 16), u(8, 0, 0)),
        },
      },
    ],
    [
      '32 bits, though the sizes are known',
      join(u(4, 0x08074b50, crc, ...sizes)),
      {
        local: { size: hello.length, compressedSize: data.length, crc },
      },
    ],
    [
      '32 bits, though the size is known',
      join(u(4, 0x08074b50, crc, ...sizes)),
      {
        local: { size: hello.length },
      },
    ],
  ])('a data descriptor of %s', async (__, after, more) => {
    const entry = { ...one, data, after, flags: 0x808, ...more };
    expect(await read(rawZip([entry, two]))).toEqual(helloWorld);
    expect(await read(rawZip([two, entry]))).toEqual(helloWorld);
  });

  it('data descriptors of empty files, in every form', async () => {
    for (const data of [deflateSync(new Uint8Array(0)), deflatedAsIs(new Uint8Array(0))]) {
      const sizes = [data.length, 0];
      for (const after of [
        u(4, 0x08074b50, 0, ...sizes),
        u(4, 0, ...sizes),
        join(u(4, 0x08074b50, 0), u(8, ...sizes)),
        join(u(4, 0), u(8, ...sizes)),
      ]) {
        const empty = { name: 'e', data, after, flags: 0x808 };
        const zip = rawZip([empty, two, { ...empty, name: 'f' }]);
        expect([...(await read(zip)).keys()]).toEqual(['e', 'b.txt', 'f']);
      }
    }
    const stored = { name: 's', flags: 0x808, after: u(4, 0x08074b50, 0, 0, 0) };
    expect((await read(rawZip([stored, two]))).size).toBe(2);
  });

  it('data that looks like a data descriptor and a header', async () => {
    const fake = join(u(4, 0x08074b50, 0, 0, 0), u(4, 0x04034b50), u(4, 0x08074b50, crc, ...sizes));
    const content = join(fake, fake, hello);
    const data = deflatedAsIs(content);
    const after = u(4, 0x08074b50, plainCrc32(content), data.length, content.length);
    const zip = rawZip([{ name: 'a', content, data, after, flags: 0x808 }, two]);
    expect((await read(zip)).get('a')).toEqual(content);
  });

  it('Zip64 fields in the order that APPNOTE 4.5.3 gives them', async () => {
    const full = 2 ** 32 - 1;
    const extra = (...values: number[]) => join(u(2, 1, 8 * values.length), u(8, ...values));
    const zips: RawEntry[] = [
      { ...one, central: { size: full, extra: extra(5) } },
      { ...one, central: { compressedSize: full, extra: extra(5) } },
      { ...one, central: { offset: full, extra: extra(0) } },
      {
        ...one,
        central: { size: full, compressedSize: full, offset: full, extra: extra(5, 5, 0) },
      },
      { ...one, local: { size: full, compressedSize: full, extra: extra(5, 5) } },
    ];
    for (const entry of zips) expect(await read(rawZip([entry, two]))).toEqual(helloWorld);
  });

  it('a Zip64 end record, whether the fields before it are full or not', async () => {
    const start = 2 * (30 + 5 + 5);
    const size = 2 * (46 + 5);
    const between = zip64End({ at: start + size, count: 2, size, offset: start });
    for (const end of [
      {},
      { count: 0xffff },
      { offset: 2 ** 32 - 1 },
      {
        count: 0xffff,
        offset: 2 ** 32 - 1,
        size: 2 ** 32 - 1,
        disk: 0xffff,
        directoryDisk: 0xffff,
      },
    ]) {
      expect(await read(rawZip([one, two], { between, ...end }))).toEqual(helloWorld);
    }
  });

  it('folders, also deflated ones, without returning them, and names without the UTF-8 flag', async () => {
    const folder = { central: { attributes: 0o040755 * 2 ** 16 + 0x10 } };
    const zip = rawZip([
      { name: 'd/', flags: 0, ...folder },
      { ...two, name: 'd/é.txt', flags: 0 },
      { name: 'd/e/', data: deflateSync(new Uint8Array(0)), ...folder },
    ]);
    expect(await read(zip)).toEqual(new Map([['d/é.txt', utf8('world')]]));
  });

  it('archives with extra fields, padding and comments, which it ignores', async () => {
    const time = join(u(2, 0x5455, 5), new Uint8Array(5));
    const zip = rawZip(
      [
        { ...one, extra: join(time, new Uint8Array(3)), central: { comment: utf8('mine') } },
        { ...two, central: { attributes: 0o100777 * 2 ** 16 } },
      ],
      { comment: utf8('a comment with PK in it') },
    );
    expect(await read(zip)).toEqual(helloWorld);
  });

  it('an extra field with nothing in it, and a second name that is the first', async () => {
    const unicode = join(u(2, 0x7075, 10), Uint8Array.of(1), u(4, 0), utf8('a.txt'));
    for (const extra of [u(2, 0x5455, 0), unicode, join(unicode, u(2, 0x5455, 0))]) {
      expect(await read(rawZip([{ ...one, extra }, two]))).toEqual(helloWorld);
    }
  });

  it('a name that begins with a byte order mark as it is', async () => {
    const files = await read(rawZip([{ ...one, name: '\ufeffa.txt' }]));
    expect([...files.keys()]).toEqual(['\ufeffa.txt']);
  });

  it('an empty archive, also with a Zip64 end record', async () => {
    const between = zip64End({ at: 0, count: 0, size: 0, offset: 0 });
    expect((await read(rawZip([]))).size).toBe(0);
    expect((await read(rawZip([], { between }))).size).toBe(0);
  });

  it('a comment that differs from an end record in one byte', async () => {
    for (const text of ['PX\x05\x06', 'PK\x04\x06', 'PK\x05\x07', 'Pxy\x06', 'PKPK\x05']) {
      expect(await read(rawZip([one, two], { comment: utf8(text) }))).toEqual(helloWorld);
    }
  });

  it('a file with an end record in it whose comment would end elsewhere', async () => {
    const record = rawZip([]).slice(0, -2);
    const length = (content: Uint8Array) => rawZip([{ ...one, content }]).length - 35 - 22;
    const content = (reach: number) => join(record, u(2, reach));
    const exact = length(content(0));
    for (const reach of [0, exact - 1, exact + 1, 0xffff]) {
      const files = await read(rawZip([{ ...one, content: content(reach) }]));
      expect(files.get('a.txt')).toEqual(content(reach));
    }
  });

  it('a comment as long as it can be, and a directory in another order than the files', async () => {
    const zip = rawZip([two, one], { comment: new Uint8Array(65_535).fill(0x20), order: [1, 0] });
    const files = await read(zip);
    expect(new Map([...files].sort())).toEqual(helloWorld);
  });

  it('Zip64 end records before a comment as long as it can be', async () => {
    const start = 2 * (30 + 5 + 5);
    const size = 2 * (46 + 5);
    const zip = rawZip([one, two], {
      between: zip64End({ at: start + size, count: 2, size, offset: start }),
      count: 0xffff,
      offset: 2 ** 32 - 1,
      comment: new Uint8Array(65_535).fill(0x20),
    });
    expect(await read(zip)).toEqual(helloWorld);
  });

  it('blocks of every kind, cut anywhere', async () => {
    const content = join(bytesOf(70_000), new Uint8Array(70_000), utf8('text '.repeat(5000)));
    const files = await read(await zipBundle({ a: content, b: hello }));
    expect(files.get('b')).toEqual(hello);
    expect(same(files.get('a'), content)).toBe(true);
  });
});

describe('unzipBundle', () => {
  it('gives files in the order of the directory, in memory of their own', async () => {
    const zip = rawZip([one, two], { order: [1, 0] });
    const files = await unzipBundle(zip);
    expect([...files.keys()]).toEqual(['b.txt', 'a.txt']);
    zip.fill(0);
    expect(new Map([...files].sort())).toEqual(helloWorld);
  });

  it('takes a Blob, a buffer, and a view of one', async () => {
    const zip = rawZip([one, two]);
    const shifted = join(utf8('xx'), zip, utf8('yy')).subarray(2, 2 + zip.length);
    for (const input of [zip.buffer, new Blob([zip]), shifted]) {
      expect(await unzipBundle(input)).toEqual(helloWorld);
    }
  });

  it('reports its progress, to the end', async () => {
    const seen: Progress[] = [];
    await unzipBundle(rawZip([one, two]), { onProgress: (progress) => seen.push(progress) });
    expect(seen).toEqual([
      { done: 5, total: 10 },
      { done: 10, total: 10 },
    ]);
  });

  it('stops at an abort, before and during', async () => {
    const reason = new Error('enough');
    const zip = await zipBundle({ a: bytesOf(500_000), b: bytesOf(500_000) });
    await expect(unzipBundle(zip, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const onProgress = () => controller.abort(reason);
    await expect(unzipBundle(zip, { signal: controller.signal, onProgress })).rejects.toBe(reason);
  });

  it('refuses mistakes of the caller by name', async () => {
    const zip = rawZip([one]);
    await expect(unzipBundle('zip' as never)).rejects.toThrow(/zip expected a Uint8Array/);
    await expect(unzipBundle(zip, { maxFiles: 1 } as never)).rejects.toThrow(
      /^unzipBundle does not know the option "maxFiles": it takes maxEntries, .*, signal, onProgress$/,
    );
    await expect(unzipBundle(zip, { maxRatio: '1' as never })).rejects.toThrow(TypeError);
    await expect(unzipBundle(zip, { maxRatio: -1 })).rejects.toThrow(RangeError);
    await expect(unzipBundle(zip, { maxRatio: Number.NaN })).rejects.toThrow(RangeError);
  });
});

describe('unzipStream', () => {
  it('refuses a stored file whose size follows it, and says what to do', async () => {
    const after = u(4, 0x08074b50, plainCrc32(hello), 5, 5);
    const zip = rawZip([{ ...one, flags: 0x808, after }]);
    expect((await unzipBundle(zip)).get('a.txt')).toEqual(hello);
    const files = unzipStream(streamOf(zip));
    const error = await rejection(
      (async () => {
        for await (const _ of files);
      })(),
      'ERR_ARCHIVE_INVALID',
    );
    expect(error.message).toMatch(/use unzipBundle or openZip/);
    expect(error.path).toBe('a.txt');
  });

  it('refuses mistakes of the caller at once', () => {
    expect(() => unzipStream(rawZip([one]) as never)).toThrow(TypeError);
    expect(() => unzipStream(chunked([]).stream, { max: 1 } as never)).toThrow(
      /^unzipStream does not know the option "max": it takes maxEntries, .*, signal, onProgress$/,
    );
    const locked = chunked([]).stream;
    locked.getReader();
    expect(() => unzipStream(locked)).toThrow(/locked/);
  });
});
