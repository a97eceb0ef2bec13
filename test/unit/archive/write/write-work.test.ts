// The work of writing a zip: how far it reads ahead, its progress, its aborts and its failures.

import { describe, expect, it } from 'vitest';
import { type Progress, zipBundle, zipStream } from '../../../../src/zip.ts';
import { bytesOf } from '../../../support/bytes.ts';
import { rejection } from '../../../support/errors.ts';
import { small } from '../../../support/small-files.ts';
import { inShortTurns } from '../../../support/turns.ts';
import { chunked, collect, textOf } from '../../../support/zip.ts';

const MIB = 2 ** 20;

describe('work', () => {
  it('opens one content after the other, and reads 4 MiB ahead of the output', async () => {
    const opened: string[] = [];
    const content = bytesOf(3 * MIB);
    const entries = ['c', 'a', 'd', 'b'].map((path) => ({
      path,
      data: () => {
        opened.push(path);
        return content;
      },
    }));
    const reader = zipStream(entries, { level: 0 }).getReader();
    expect(opened).toEqual([]);
    await reader.read();
    expect(opened).toEqual(['a', 'b']);
    while (!(await reader.read()).done);
    expect(opened).toEqual(['a', 'b', 'c', 'd']);
  });

  it('reads a large stream no faster than the archive is read', async () => {
    const source = chunked(Array.from({ length: 400 }, () => bytesOf(65_536)));
    const reader = zipStream({ f: source.stream }, { level: 0 }).getReader();
    await reader.read();
    expect(source.pulled()).toBeLessThan(140);
    await reader.cancel();
    expect(source.cancelled()).toMatchObject({
      name: 'AbortError',
      message: 'the archive was given up by its reader',
    });
    expect(source.stream.locked).toBe(false);
  });

  it('gives chunks, not single headers', async () => {
    const entries = Array.from({ length: 2000 }, (_, i) => [`${i}`, bytesOf(50)] as const);
    const sizes: number[] = [];
    const reader = zipStream(entries).getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      sizes.push(next.value.length);
    }
    expect(sizes.slice(0, -1).every((size) => size >= 65_536)).toBe(true);
  });

  it('gives no empty chunk at the end of the archive', async () => {
    // The header of 31 bytes, the directory's record of 47, and the end of 22.
    for (const [length, sizes] of [
      [65_536 - 31 - 47 - 22, [65_536]],
      [65_536 - 31, [65_536, 47 + 22]],
      [65_536 - 31 - 1, [65_536 - 1 + 47, 22]],
    ] as const) {
      const seen: number[] = [];
      const stream = zipStream({ f: bytesOf(length) }, { level: 0 });
      const reader = stream.getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        seen.push(next.value.length);
      }
      expect(seen).toEqual(sizes);
    }
  });

  it('reports its progress in plain bytes, to the end', async () => {
    for (const data of [bytesOf(300_000), () => bytesOf(300_000)]) {
      const seen: Progress[] = [];
      await zipBundle({ a: data, b: bytesOf(10) }, { onProgress: (p) => seen.push(p) });
      const total = typeof data === 'function' ? Number.POSITIVE_INFINITY : 300_010;
      const pieces = [65_536, 131_072, 196_608, 262_144, 300_000];
      expect(seen).toEqual([
        ...pieces.map((done) => ({ done, total })),
        // Reports the end once, if the total was known.
        ...(total === 300_010 ? [] : [{ done: 300_010, total }]),
        { done: 300_010, total: 300_010 },
      ]);
    }
  });

  it('cancels every passed stream if one fails, and names its path', async () => {
    const cause = new Error('disk');
    const failing = new ReadableStream<Uint8Array>({
      pull() {
        throw cause;
      },
    });
    const later = chunked([bytesOf(1)]);
    const work = zipBundle({ b: failing, c: later.stream, a: bytesOf(3) });
    const error = await rejection(work, 'ERR_SOURCE_FAILED');
    expect(error.path).toBe('b');
    expect(error.cause).toBe(cause);
    expect(later.cancelled()).toBe(error);
  });

  it('names the path of a content that could not be opened, for any error', async () => {
    // Offline, fetch rejects with a TypeError.
    for (const cause of [new Error('gone'), new TypeError('fetch failed')]) {
      const data = () => Promise.reject(cause);
      const error = await rejection(zipBundle({ 'a\u202e': data }), 'ERR_SOURCE_FAILED');
      expect(error).toMatchObject({ path: 'a\\u{202e}', cause });
      expect(error.message).toBe('"a\\u{202e}": it could not be opened');
    }
  });

  it('stops at an abort with the reason of the signal', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(zipBundle(small, { signal })).rejects.toBe(reason);
    await expect(collect(zipStream(small, { signal }))).rejects.toBe(reason);

    const silent = chunked([]);
    const never = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
    for (const run of [
      (own: AbortSignal) => zipBundle({ a: never, b: silent.stream }, { signal: own }),
      (own: AbortSignal) =>
        collect(zipStream({ a: () => new Promise<Uint8Array>(() => {}) }, { signal: own })),
    ]) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 10);
      await expect(run(controller.signal)).rejects.toBe(reason);
    }
    expect(silent.cancelled()).toBe(reason);
  });

  it('yields to the event loop of the caller', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await inShortTurns(() => zipBundle({ f: textOf(3 * MIB) }));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
  });
});
