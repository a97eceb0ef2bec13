// Reading forward: what the consumer of `unzipStream` can rely on.

import { deflateSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { type Progress, unzipStream, zipBundle } from '../../../../src/zip.ts';
import { bytesOf } from '../../../support/bytes.ts';
import { rejection } from '../../../support/errors.ts';
import { inShortTurns } from '../../../support/turns.ts';
import {
  chunked,
  join,
  type RawEntry,
  rawZip,
  same,
  streamOf,
  utf8,
} from '../../../support/zip.ts';

const contents = {
  a: bytesOf(30_000),
  b: join(bytesOf(10_000), new Uint8Array(70_000)),
  c: utf8('hello '.repeat(1000)),
};

const pieces = (bytes: Uint8Array, length: number) =>
  Array.from({ length: Math.ceil(bytes.length / length) }, (_, i) =>
    bytes.subarray(i * length, (i + 1) * length),
  );

async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    chunks.push(next.value);
  }
  return join(...chunks);
}

async function drain(files: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of files);
}

describe('unzipStream', () => {
  it('yields no file beyond maxEntries', async () => {
    const zip = await zipBundle(contents);
    const given: string[] = [];
    const work = async () => {
      for await (const { path } of unzipStream(streamOf(zip), { maxEntries: 2 })) given.push(path);
    };
    const error = await rejection(work(), 'ERR_LIMIT_EXCEEDED');
    expect(error.path).toBe('c');
    expect(given).toEqual(['a', 'b']);
  });

  it('yields the same files for any pieces of input, down to single bytes', async () => {
    const zip = await zipBundle(contents);
    for (const length of [1, 7, 4096, zip.length]) {
      const files = new Map<string, Uint8Array>();
      for await (const { path, stream } of unzipStream(streamOf(zip, length))) {
        files.set(path, await collect(stream));
      }
      expect([...files.keys()]).toEqual(Object.keys(contents));
      for (const [path, content] of Object.entries(contents)) {
        expect(same(files.get(path), content), `${path}, by ${length}`).toBe(true);
      }
    }
  });

  it('skips unread content, but checks it', async () => {
    const seen: string[] = [];
    for await (const { path, stream } of unzipStream(streamOf(await zipBundle(contents)))) {
      seen.push(path);
      // Begun and left.
      if (path === 'b') await stream.getReader().read();
    }
    expect(seen).toEqual(['a', 'b', 'c']);

    const broken: RawEntry[] = [
      { name: 'a', content: utf8('hello'), crc: 1 },
      { name: 'b', content: utf8('world') },
    ];
    const later: string[] = [];
    const work = (async () => {
      for await (const { path } of unzipStream(streamOf(rawZip(broken)))) later.push(path);
    })();
    expect((await rejection(work, 'ERR_ARCHIVE_INVALID')).path).toBe('a');
    expect(later).toEqual(['a']);
  });

  it('ends with the error of a content, also if the reader of the content has caught it', async () => {
    const zip = rawZip([{ name: 'a', content: utf8('hello'), crc: 1 }]);
    for (const take of ['bytes', 'stream'] as const) {
      const source = chunked([zip]);
      const work = (async () => {
        for await (const file of unzipStream(source.stream)) {
          const read = take === 'bytes' ? file.bytes() : collect(file.stream);
          await rejection(read, 'ERR_ARCHIVE_INVALID');
        }
      })();
      await rejection(work, 'ERR_ARCHIVE_INVALID');
    }
  });

  it('waits for bytes() that was not awaited, and ends an abandoned stream', async () => {
    const zip = await zipBundle(contents);
    const all: Promise<Uint8Array>[] = [];
    for await (const { bytes } of unzipStream(streamOf(zip))) all.push(bytes());
    const files = await Promise.all(all);
    expect(Object.values(contents).every((content, i) => same(files[i], content))).toBe(true);

    const streams: ReadableStream<Uint8Array>[] = [];
    for await (const { stream } of unzipStream(streamOf(zip))) streams.push(stream);
    for (const stream of streams) await expect(collect(stream)).rejects.toThrow(/has gone on/);
  });

  it('gives a content once', async () => {
    for await (const file of unzipStream(streamOf(rawZip([{ name: 'a' }])))) {
      await collect(file.stream);
      await expect(file.bytes()).rejects.toThrow(/taken once/);
    }
    let left: () => Promise<Uint8Array> = async () => new Uint8Array(0);
    for await (const { bytes } of unzipStream(streamOf(rawZip([{ name: 'a' }])))) left = bytes;
    await expect(left()).rejects.toThrow(/has gone on/);
    for await (const file of unzipStream(streamOf(rawZip([{ name: 'a' }])))) {
      const whole = file.bytes();
      await expect(collect(file.stream)).rejects.toThrow(/taken once/);
      await expect(file.bytes()).rejects.toThrow(/taken once/);
      expect((await whole).length).toBe(0);
    }
  });

  it('gives entries that can be destructured, spread and logged', async () => {
    const zip = rawZip([{ name: 'a', content: utf8('hello') }]);
    for await (const entry of unzipStream(streamOf(zip))) {
      const copy = { ...entry };
      const { stream, bytes } = copy;
      expect(stream).toBe(entry.stream);
      expect(Object.keys(copy).sort()).toEqual(['bytes', 'path', 'size', 'stream']);
      expect(await bytes()).toEqual(utf8('hello'));
    }
    for await (const { bytes, ...rest } of unzipStream(streamOf(zip))) {
      expect(await collect(rest.stream)).toEqual(utf8('hello'));
      await expect(bytes()).rejects.toThrow(/taken once/);
    }
  });

  it('yields no bytes of an empty file, and reports no progress for it', async () => {
    const seen: Progress[] = [];
    const data = deflateSync(new Uint8Array(0));
    const zip = rawZip([{ name: 'a', data }, { name: 'b' }]);
    const onProgress = (progress: Progress) => seen.push(progress);
    for await (const { stream } of unzipStream(streamOf(zip), { onProgress })) {
      expect((await stream.getReader().read()).done).toBe(true);
    }
    expect(seen).toEqual([{ done: 0, total: 0 }]);
  });

  it('has the size of a file if the archive has it', async () => {
    const sizes: unknown[] = [];
    const zip = await zipBundle({ a: new Uint8Array(0), b: bytesOf(9 * 2 ** 20) }, { level: 0 });
    for await (const { path, size } of unzipStream(streamOf(zip, 65_536))) sizes.push([path, size]);
    expect(sizes).toEqual([
      ['a', 0],
      ['b', undefined],
    ]);
  });

  it('holds the source back', async () => {
    const zip = await zipBundle({ a: bytesOf(2_000_000) }, { level: 0 });
    const source = chunked(pieces(zip, 16_384));
    const files = unzipStream(source.stream);
    expect(source.pulled()).toBe(0);
    const { value } = await files.next();
    expect(source.pulled()).toBeLessThan(3);
    const reader = value.stream.getReader();
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(source.pulled()).toBeLessThan(8);
    await reader.cancel();
    expect((await files.next()).done).toBe(true);
    expect(source.cancelled()).toBeUndefined();
  });

  it('cancels the source if the iteration ends early, at any point', async () => {
    const zip = await zipBundle(contents);
    const left = chunked(pieces(zip, 1000));
    for await (const _ of unzipStream(left.stream)) break;
    expect(left.cancelled()).toMatchObject({
      name: 'AbortError',
      message: 'the iteration was ended by its reader',
    });

    const unread = chunked(pieces(zip, 1000));
    await unzipStream(unread.stream).return?.();
    expect(unread.cancelled()).toMatchObject({ name: 'AbortError' });
    expect(unread.pulled()).toBe(0);

    let reason: unknown;
    const silent = new ReadableStream<Uint8Array>({
      pull: () => new Promise(() => {}),
      cancel(why) {
        reason = why;
      },
    });
    const files = unzipStream(silent);
    const waiting = files.next().catch((error: unknown) => error);
    await files.return?.();
    expect(reason).toMatchObject({ name: 'AbortError' });
    await waiting;

    const mine = new Error('mine');
    const thrown = chunked(pieces(zip, 1000));
    const work = (async () => {
      for await (const _ of unzipStream(thrown.stream)) throw mine;
    })();
    await expect(work).rejects.toBe(mine);
    expect(thrown.cancelled()).toBeDefined();
  });

  it('cancels the source with the error of a content that made the caller end the iteration', async () => {
    const zip = join(rawZip([{ name: 'a', content: utf8('hello'), crc: 1 }]), bytesOf(100_000));
    const source = chunked(pieces(zip, 1000));
    let error: unknown;
    for await (const { bytes } of unzipStream(source.stream)) {
      error = await rejection(bytes(), 'ERR_ARCHIVE_INVALID');
      break;
    }
    expect(source.cancelled()).toBe(error);
  });

  it('ends a kept stream when the iteration has ended early', async () => {
    const kept: ReadableStream<Uint8Array>[] = [];
    for await (const { stream } of unzipStream(streamOf(await zipBundle(contents)))) {
      kept.push(stream);
      break;
    }
    for (const stream of kept) await expect(collect(stream)).rejects.toThrow(/has gone on/);
  });

  it('cancels the source with the error if the archive is refused', async () => {
    const zip = join(rawZip([{ name: '../a' }]), bytesOf(100_000));
    const source = chunked(pieces(zip, 1000));
    const error = await rejection(drain(unzipStream(source.stream)), 'ERR_ARCHIVE_INVALID');
    expect(source.cancelled()).toBe(error);
    expect(source.pulled()).toBeLessThan(20);
  });

  it('stops on an abort, also if the source never answers', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    const source = chunked([await zipBundle(contents)]);
    await expect(drain(unzipStream(source.stream, { signal }))).rejects.toBe(reason);
    expect(source.cancelled()).toBe(reason);
    const controller = new AbortController();
    const silent = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
    setTimeout(() => controller.abort(reason), 10);
    const work = drain(unzipStream(silent, { signal: controller.signal }));
    await expect(work).rejects.toBe(reason);
  });

  it('reports that the source failed, with its error as the cause', async () => {
    const cause = new Error('offline');
    const zip = await zipBundle(contents);
    let given = false;
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (given) throw cause;
        given = true;
        controller.enqueue(zip.slice(0, 20_000));
      },
    });
    const error = await rejection(drain(unzipStream(source)), 'ERR_SOURCE_FAILED');
    expect(error.cause).toBe(cause);
  });

  it('reports its progress in plain bytes, to the end', async () => {
    const seen: Progress[] = [];
    const zip = await zipBundle(contents);
    await drain(unzipStream(streamOf(zip), { onProgress: (progress) => seen.push(progress) }));
    const total = Object.values(contents).reduce((sum, { length }) => sum + length, 0);
    expect(seen[0]?.total).toBe(Number.POSITIVE_INFINITY);
    expect(seen.at(-1)).toEqual({ done: total, total });
    expect(seen.every(({ done }, i) => i === 0 || done >= (seen[i - 1]?.done ?? 0))).toBe(true);
  });

  it('yields to the event loop of the caller', async () => {
    const blank = new Uint8Array(2 ** 21);
    const zip = await zipBundle(Array.from({ length: 6 }, (_, i) => [`${i}`, blank] as const));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await inShortTurns(() => drain(unzipStream(streamOf(zip), { maxRatio: 2000 })));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
  });
});
