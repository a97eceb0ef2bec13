// The files and contents that callers pass to be written, in every form.

import { describe, expect, it } from 'vitest';
import { BundleSealError, type Progress, unzipBundle, zipBundle } from '../../../../src/zip.ts';
import { bytesOf } from '../../../support/bytes.ts';
import { failureOf, rejection } from '../../../support/errors.ts';
import { chunked, utf8 } from '../../../support/zip.ts';

const reason = new Error('enough');

describe('an iterable of files whose iteration ends early', () => {
  it('gets a call of return, which is not awaited', async () => {
    let told = 0;
    const entries: AsyncIterable<readonly [string, Uint8Array]> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: ['../a', new Uint8Array(1)] as const }),
        return() {
          told += 1;
          return new Promise(() => {});
        },
      }),
    };
    await rejection(zipBundle(entries), 'ERR_ARCHIVE_INVALID');
    expect(told).toBe(1);
  });

  it('may reject in return: the error is that of the file', async () => {
    const entries: Iterable<readonly [string, Uint8Array]> = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: ['../a', new Uint8Array(1)] as const }),
        return() {
          throw reason;
        },
      }),
    };
    await rejection(zipBundle(entries), 'ERR_ARCHIVE_INVALID');
  });

  it('gets no call of return when it has ended or failed by itself', async () => {
    let told = 0;
    const entriesOf = (fail: boolean): AsyncIterable<readonly [string, Uint8Array]> => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          if (fail) throw reason;
          return { done: true, value: undefined };
        },
        return: async () => {
          told += 1;
          return { done: true, value: undefined };
        },
      }),
    });
    await zipBundle(entriesOf(false));
    expect(await failureOf(zipBundle(entriesOf(true)))).toBe(reason);
    expect(told).toBe(0);
  });
});

describe('files', () => {
  it('are sorted by bytes, a path before longer ones with the same beginning', async () => {
    const paths = ['abc', 'ab', 'aa', 'b', 'a'];
    for (const order of [paths, [...paths].reverse()]) {
      const zip = await zipBundle(order.map((path) => [path, new Uint8Array(0)] as const));
      expect([...(await unzipBundle(zip)).keys()]).toEqual(['a', 'aa', 'ab', 'abc', 'b']);
    }
  });

  it.each<[unknown, string]>([
    [[null], 'entries expected to give { path, data } or [path, data], got null'],
    [[undefined], 'entries expected to give { path, data } or [path, data], got nothing'],
    [[[]], 'entries expected to give { path, data } or [path, data], got an array'],
    [
      [{ data: new Uint8Array(1) }],
      'entries expected to give { path, data } or [path, data], got an object',
    ],
    [
      { 'a\u202e': 'text' },
      'the data of "a\\u{202e}" expected a Uint8Array, ArrayBuffer, Blob, ReadableStream or a function that gives one, got a string',
    ],
    [{ a: undefined }, 'got nothing'],
    [{ a: {} }, 'got an object'],
    [{ a: new Uint16Array(1) }, 'got a Uint16Array'],
    [{ a: new DataView(new ArrayBuffer(1)) }, 'got a DataView'],
    [{ a: () => () => new Uint8Array(1) }, 'got a function'],
    [{ a: () => null }, 'got null'],
    [
      { a: Object.defineProperty(new Blob(['a']), 'size', { value: -1 }) },
      'data.size expected a number of bytes, got -1',
    ],
  ])('of another kind are refused by name: %#', async (entries, message) => {
    const error = await failureOf(zipBundle(entries as never));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as TypeError).message.endsWith(message)).toBe(true);
  });

  it('of a folder are given by themselves', async () => {
    const error = await rejection(zipBundle({ 'a/': utf8('') }), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toBe('"a/" is a folder: pass its files, folders need no entries');
  });

  it('are not requested any more after an abort', async () => {
    const controller = new AbortController();
    const given: string[] = [];
    const stream = chunked([utf8('a')]);
    async function* entries() {
      for (const path of ['a', 'b', 'c']) {
        given.push(path);
        if (path === 'b') controller.abort(reason);
        yield [path, stream.stream] as const;
      }
    }
    const work = zipBundle(entries(), { signal: controller.signal });
    await expect(work).rejects.toBe(reason);
    expect(given).toEqual(['a', 'b']);
    expect(stream.cancelled()).toBe(reason);
  });

  it('stay empty after an abort too', async () => {
    const signal = AbortSignal.abort(reason);
    await expect(zipBundle({}, { signal })).rejects.toBe(reason);
  });
});

describe('a content', () => {
  /** A Blob, and the ranges of it that were read. */
  function watchedBlob(bytes: Uint8Array) {
    const blob = new Blob([bytes as Uint8Array<ArrayBuffer>]);
    const asked: [number, number][] = [];
    const slice = blob.slice.bind(blob);
    Object.defineProperty(blob, 'slice', {
      value: (start: number, end: number) => {
        asked.push([start, end]);
        return slice(start, end);
      },
    });
    return { blob, asked };
  }

  it('that is a Blob is read in pieces, each once', async () => {
    const content = bytesOf(140_000);
    const { blob, asked } = watchedBlob(content);
    const zip = await zipBundle({ a: blob }, { level: 0 });
    expect((await unzipBundle(zip)).get('a')).toEqual(content);
    expect(asked).toEqual([
      [0, 65_536],
      [65_536, 131_072],
      [131_072, 140_000],
    ]);
  });

  it('that is a Blob has a size, that of a stream or a function is not known', async () => {
    const content = bytesOf(70_000);
    const blob = new Blob([content as Uint8Array<ArrayBuffer>]);
    for (const [data, total] of [
      [blob, 70_010],
      [content.slice().buffer, 70_010],
      [blob.stream(), Number.POSITIVE_INFINITY],
      [() => content, Number.POSITIVE_INFINITY],
    ] as const) {
      const seen: Progress[] = [];
      const onProgress = (progress: Progress) => seen.push(progress);
      await zipBundle({ a: data, b: bytesOf(10) }, { onProgress });
      const end = { done: 70_010, total: 70_010 };
      expect(seen).toEqual([
        { done: 65_536, total },
        { done: 70_000, total },
        // Reports the end once, if the total is known.
        ...(total === 70_010 ? [] : [{ done: 70_010, total }]),
        end,
      ]);
    }
  });

  it('that cannot be read rejects with its path, the reason and the cause', async () => {
    const cause = new Error('disk');
    const failing = (after: number) => {
      let left = after;
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          if (left-- === 0) throw cause;
          controller.enqueue(new Uint8Array(10));
        },
      });
    };
    const streamed = await rejection(zipBundle({ 'a/b': failing(1) }), 'ERR_SOURCE_FAILED');
    expect(streamed).toMatchObject({ path: 'a/b', cause });
    expect(streamed.message).toMatch(/^"a\/b": the source stream failed after \d+ bytes: see/);

    const blob = Object.defineProperty(new Blob(['abc']), 'slice', {
      value: () => new Blob(['a']),
    });
    const changed = await rejection(zipBundle({ a: blob }), 'ERR_SOURCE_FAILED');
    expect(changed.message).toMatch(/^"a": the Blob returned 1 bytes instead of 3/);
    expect(changed.path).toBe('a');
    // Nothing was underneath but that.
    expect(changed.cause).toMatchObject({ code: 'ERR_SOURCE_FAILED', offset: 0 });
  });

  it('that fails with an error of the library keeps it', async () => {
    const own = new BundleSealError('ERR_CHUNK_INVALID', 'altered');
    const stream = new ReadableStream<Uint8Array>({
      pull() {
        throw own;
      },
    });
    expect(await failureOf(zipBundle({ a: stream }))).toBe(own);
    expect(await failureOf(zipBundle({ a: () => Promise.reject(own) }))).toBe(own);
    const source = new BundleSealError('ERR_SOURCE_FAILED', 'offline', { cause: reason });
    const error = await failureOf(zipBundle({ a: () => Promise.reject(source) }));
    expect(error).toMatchObject({ message: '"a": offline', path: 'a', cause: reason });
  });

  it('that does not give bytes is refused with a TypeError', async () => {
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue('text');
      },
    });
    const error = await failureOf(zipBundle({ a: stream }));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as TypeError).message).toMatch(/expected to give Uint8Array chunks/);
  });

  it('that fails because of an abort rejects with the abort reason', async () => {
    const controller = new AbortController();
    const data = () => {
      controller.abort(reason);
      throw new Error('stopped');
    };
    const work = zipBundle({ a: data }, { signal: controller.signal });
    await expect(work).rejects.toBe(reason);
  });
});

describe('a content that does not open', () => {
  it('ends with an abort, and is cancelled where it opens after that', async () => {
    const late = chunked([utf8('a')]);
    let open = (_: ReadableStream<Uint8Array>) => {};
    const opening = new Promise<ReadableStream<Uint8Array>>((resolve) => {
      open = resolve;
    });
    const controller = new AbortController();
    const work = zipBundle({ a: () => opening }, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 5);
    await expect(work).rejects.toBe(reason);
    open(late.stream);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(late.cancelled()).toBe(reason);
  });

  it('ends with an abort, and its later error is ignored', async () => {
    let fail = (_: Error) => {};
    const opening = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const controller = new AbortController();
    const work = zipBundle({ a: () => opening }, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 5);
    await expect(work).rejects.toBe(reason);
    // An unhandled rejection would fail the test.
    fail(new Error('too late'));
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
