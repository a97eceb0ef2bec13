// openZip: its reads of the source, its streams, its aborts and its errors.

import { describe, expect, it } from 'vitest';
import { encryptBundle, openBundle } from '../../../../src/index.ts';
import { openZip, type RandomAccessSource, zipBundle } from '../../../../src/zip.ts';
import { bytesOf } from '../../../support/bytes.ts';
import { rejection } from '../../../support/errors.ts';
import { keyB } from '../../../support/vectors.ts';
import {
  join,
  plainCrc32,
  type RawEntry,
  rawZip,
  same,
  u,
  utf8,
  zip64End,
} from '../../../support/zip.ts';

const hello = utf8('hello');
const one: RawEntry = { name: 'a.txt', content: hello };
const two: RawEntry = { name: 'b.txt', content: utf8('world') };

/** Ranges of these bytes, and which were asked for. */
function ranges(bytes: Uint8Array): RandomAccessSource & { asked: [number, number][] } {
  const asked: [number, number][] = [];
  return {
    asked,
    size: bytes.length,
    async read(offset, length) {
      asked.push([offset, length]);
      return bytes.slice(offset, offset + length);
    },
  };
}

describe('openZip', () => {
  const files = {
    'index.html': utf8('<h1>'),
    'app.js': bytesOf(200_000),
    'big.bin': bytesOf(9 * 2 ** 20),
    'z.txt': utf8('z'.repeat(100_000)),
  };

  it('fetches the directory in one read, and a file in one', async () => {
    const source = ranges(await zipBundle(files, { level: 0 }));
    const reader = await openZip(source);
    expect(source.asked.length).toBe(1);
    expect(reader.entries().map(({ path, size }) => [path, size])).toEqual([
      ['app.js', 200_000],
      ['big.bin', 9 * 2 ** 20],
      ['index.html', 4],
      ['z.txt', 100_000],
    ]);
    source.asked.length = 0;
    expect(same(await reader.read('app.js'), files['app.js'])).toBe(true);
    expect(source.asked).toEqual([[0, 30 + 6 + 200_000]]);
    expect(await reader.read('index.html')).toEqual(files['index.html']);
    expect(source.asked.length).toBe(2);
    expect(await Promise.all([reader.read('z.txt'), reader.read('index.html')])).toEqual([
      files['z.txt'],
      files['index.html'],
    ]);
    source.asked.length = 0;
    expect((await reader.read('big.bin')).length).toBe(9 * 2 ** 20);
    expect(source.asked.length).toBe(3);
  });

  it('lists its files, and refuses a path that does not exist', async () => {
    const reader = await openZip(ranges(rawZip([one, { name: 'd/' }])));
    expect(reader.entries()).toEqual([
      { path: 'a.txt', size: 5, compressedSize: 5, crc32: plainCrc32(hello) },
    ]);
    expect([reader.has('a.txt'), reader.has('d'), reader.has('A.txt')]).toEqual([
      true,
      false,
      false,
    ]);
    const error = await rejection(reader.read('b.txt'), 'ERR_ARCHIVE_INVALID');
    expect(error.path).toBe('b.txt');
    expect(() => reader.stream('d')).toThrow(/"d" is not in the archive/);
    expect(error.message).toBe(
      '"b.txt" is not in the archive: entries() lists the files, case counts',
    );
  });

  it('refuses mistakes of the caller by name', async () => {
    const reader = await openZip(ranges(rawZip([one])));
    const sginal = { sginal: 1 } as never;
    await expect(reader.read(1 as never)).rejects.toThrow(
      new TypeError('path expected a string, got a number'),
    );
    await expect(reader.read('a.txt', sginal)).rejects.toThrow(
      'read does not know the option "sginal": it takes signal',
    );
    expect(() => reader.stream('a.txt', sginal)).toThrow(
      'stream does not know the option "sginal": it takes signal',
    );
    await expect(openZip(rawZip([one]), sginal)).rejects.toThrow(
      /^openZip does not know the option "sginal": it takes maxEntries, .*, signal$/,
    );
    const read = async () => 'text' as never;
    await expect(openZip({ size: undefined, read } as never)).rejects.toThrow(
      new TypeError('source.size expected a number of bytes, got nothing'),
    );
    await expect(openZip({ size: 22, read })).rejects.toThrow(
      /^source\.read must return a Uint8Array/,
    );
  });

  it('fetches a directory larger than the first read in full', async () => {
    const name = 'n'.repeat(200);
    const entries = Array.from({ length: 6000 }, (_, i) => [name + i, new Uint8Array(0)] as const);
    const source = ranges(await zipBundle(entries));
    const reader = await openZip(source);
    expect(reader.entries().length).toBe(6000);
    expect(source.asked.length).toBe(3);
  });

  it('takes bytes and a Blob', async () => {
    const zip = rawZip([one, two]);
    for (const source of [zip, zip.buffer, new Blob([zip])]) {
      expect(await (await openZip(source)).read('b.txt')).toEqual(utf8('world'));
    }
  });

  it('takes the reader of a sealed bundle, and its reads follow the signal', async () => {
    const zip = rawZip([one, two]);
    const { bytes } = await encryptBundle(zip, { privateKey: keyB.pkcs8 });
    const sealed = await openBundle(bytes, { publicKey: keyB.spki });
    expect(sealed.size).toBe(zip.length);
    const signals: (AbortSignal | undefined)[] = [];
    const reader = await openZip({
      size: sealed.size,
      read(offset, length, signal) {
        signals.push(signal);
        return sealed.read(offset, length, signal);
      },
    });
    const { signal } = new AbortController();
    expect(await reader.read('b.txt', { signal })).toEqual(utf8('world'));
    expect(signals.at(-1)).toBe(signal);
    expect(await (await openZip(sealed)).read('b.txt')).toEqual(utf8('world'));
    const aborted = AbortSignal.abort('no');
    await expect(openZip(sealed, { signal: aborted })).rejects.toBe('no');
  });

  it('streams a file in pieces, as they are asked for', async () => {
    const source = ranges(await zipBundle(files, { level: 0 }));
    const reader = await openZip(source);
    source.asked.length = 0;
    const stream = reader.stream('big.bin').getReader();
    expect(source.asked.length).toBe(0);
    await stream.read();
    expect(source.asked.length).toBe(1);
    while (!(await stream.read()).done);
    expect(source.asked.length).toBeGreaterThan(30);
    expect(Math.max(...source.asked.map(([, size]) => size))).toBe(2 ** 18);
  });

  it('stops at an abort: of the opening, of a read, and of a stream', async () => {
    const reason = new Error('enough');
    const source = ranges(await zipBundle(files, { level: 0 }));
    const signal = AbortSignal.abort(reason);
    await expect(openZip(source, { signal })).rejects.toBe(reason);
    const reader = await openZip(source);
    await expect(reader.read('app.js', { signal })).rejects.toBe(reason);
    const controller = new AbortController();
    const stream = reader.stream('big.bin', { signal: controller.signal }).getReader();
    await stream.read();
    controller.abort(reason);
    await expect(stream.read()).rejects.toBe(reason);
  });

  it('stops later reads on an abort of the opening signal, also reads with a signal of their own', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const { signal } = controller;
    const reader = await openZip(ranges(rawZip([one, two])), { signal });
    expect(await reader.read('a.txt')).toEqual(hello);
    controller.abort(reason);
    await expect(reader.read('a.txt')).rejects.toBe(reason);
    await expect(reader.stream('a.txt').getReader().read()).rejects.toBe(reason);
    const own = { signal: new AbortController().signal };
    expect(await reader.read('a.txt', own)).toEqual(hello);
  });

  it('throws the errors of the source unchanged, or as a cause', async () => {
    const cause = new Error('offline');
    const zip = rawZip([one]);
    const offline = { size: zip.length, read: () => Promise.reject(cause) };
    const error = await rejection(openZip(offline), 'ERR_SOURCE_FAILED');
    expect(error.cause).toBe(cause);
    const short = { size: zip.length, read: async () => new Uint8Array(1) };
    await rejection(openZip(short), 'ERR_SOURCE_FAILED');
    await expect(openZip(null as never)).rejects.toThrow(/^source expected/);
    await expect(openZip({ size: 1 } as never)).rejects.toThrow(/^source expected/);
  });

  it('finds faults of a local header when the file is read', async () => {
    const zip = rawZip([{ ...one, local: { name: 'c.txt' } }, two]);
    const reader = await openZip(ranges(zip));
    expect(await reader.read('b.txt')).toEqual(utf8('world'));
    await rejection(reader.read('a.txt'), 'ERR_ARCHIVE_INVALID');
  });

  it('reaches files beyond 4 GiB', async () => {
    // A file of 5 GiB that the test does not read, and a small one after it.
    const gap = 5 * 2 ** 30;
    const full = 2 ** 32 - 1;
    const name = utf8('a');
    const local = rawZip([{ ...one, name: 'b' }]).slice(0, 36);
    const record = (fields: number[], offset: number, extra: Uint8Array, of: string) =>
      join(
        u(4, 0x02014b50),
        u(2, 0x31e, 45, 0x800, 0, 0, 33),
        u(4, ...fields),
        u(2, 1, extra.length, 0, 0, 0),
        u(4, 0, offset),
        utf8(of),
        extra,
      );
    const at = 30 + name.length + gap;
    const directory = join(
      record([0, full, full], 0, join(u(2, 1, 16), u(8, gap, gap)), 'a'),
      record([plainCrc32(hello), 5, 5], full, join(u(2, 1, 8), u(8, at)), 'b'),
    );
    const start = at + local.length;
    const end = zip64End({
      at: start + directory.length,
      count: 2,
      size: directory.length,
      offset: start,
    });
    const tail = join(
      local,
      directory,
      end,
      u(4, 0x06054b50),
      u(2, 0, 0, 2, 2),
      u(4, directory.length, full),
      u(2, 0),
    );
    const source = {
      size: at + tail.length,
      async read(offset: number, length: number) {
        const bytes = new Uint8Array(length);
        const from = Math.max(offset, at);
        bytes.set(tail.subarray(from - at, offset + length - at), from - offset);
        return bytes;
      },
    };
    const limits = { maxFileSize: 2 ** 40, maxTotalSize: 2 ** 40 };
    const reader = await openZip(source, limits);
    expect(reader.entries()[0]).toMatchObject({ path: 'a', size: gap });
    expect(await reader.read('b')).toEqual(hello);
    expect((await rejection(openZip(source), 'ERR_LIMIT_EXCEEDED')).path).toBe('a');
  });
});
