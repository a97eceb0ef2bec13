// Aborts of httpSource on real servers, at every moment of a request.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { httpSource } from '../../../src/sources/http.ts';
import type { HttpSourceInit } from '../../../src/sources/http-options.ts';
import {
  cutAfter,
  expectSame,
  file,
  part,
  QUICK,
  right,
  silent,
  watchedSignal,
} from '../../support/http-file.ts';
import { type Answer, serve, status, until } from '../../support/server.ts';

/** The timers that the library starts after this call and that have neither ended nor been cleared. */
function watchedTimers(): ReadonlySet<unknown> {
  const running = new Set<unknown>();
  const { setTimeout: start, clearTimeout: clear } = globalThis;
  type Work = (...given: unknown[]) => void;
  // The timers of fetch outlive this test and take arguments.
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((
    work: Work,
    delay?: number,
    ...given: unknown[]
  ) => {
    const timer = start(() => {
      running.delete(timer);
      work(...given);
    }, delay);
    // Not those of fetch.
    if (new Error().stack?.includes('/src/sources/')) running.add(timer);
    return timer;
  }) as typeof setTimeout);
  vi.spyOn(globalThis, 'clearTimeout').mockImplementation((timer) => {
    running.delete(timer);
    clear(timer);
  });
  return running;
}

afterEach(() => void vi.restoreAllMocks());

describe('an abort', () => {
  const halfway: Answer = (response, { first, last }) => {
    response.writeHead(206, {
      'Content-Range': `bytes ${first}-${last}/${file.length}`,
      ETag: '"v1"',
    });
    response.write(file.subarray(first, first + 5));
  };
  const moments: [string, Answer, HttpSourceInit][] = [
    ['before the headers', silent, {}],
    ['in the body', halfway, {}],
    ['before another attempt', status(503), { retryDelay: 20_000 }],
    ['under Retry-After', status(503, { 'Retry-After': '20' }), {}],
    [
      'while bytes are skipped',
      (response) => {
        response.writeHead(200, { ETag: '"v1"' }).write(file.subarray(0, 90_000));
      },
      { ignoredRange: 'read-through' },
    ],
  ];

  it.each(moments)(
    'of a read %s rejects at once, and no connection remains',
    async (_, answer, init) => {
      const { url, closed, ranges } = await serve(right, answer);
      const all = watchedSignal();
      const one = watchedSignal();
      const source = await httpSource(url, { ...init, signal: all.signal });
      const timers = watchedTimers();
      const reason = new Error('enough');
      const work = source.read(100_000, 50_000, one.signal);
      await until(() => ranges.length === 2);
      await new Promise((resolve) => setTimeout(resolve, 15));
      expect(all.listeners.size).toBe(1);
      expect(one.listeners.size).toBe(1);
      const begun = performance.now();
      one.abort(reason);
      await expect(work).rejects.toBe(reason);
      // The next event that would end it comes after 20 seconds.
      expect(performance.now() - begun).toBeLessThan(15_000);
      expect(all.listeners.size + one.listeners.size).toBe(0);
      expect(timers.size).toBe(0);
      await until(() => closed[1] === true);
      // The source is as good as before.
      expectSame(await source.read(0, 10), part(0, 10));
      expect(ranges).toHaveLength(2);
    },
  );

  it.each(moments)('of the whole source %s ends every read', async (_, answer, init) => {
    const { url, closed, ranges } = await serve(right, answer);
    const { signal, abort, listeners } = watchedSignal();
    const source = await httpSource(url, { ...init, signal });
    const reason = { no: 'error' };
    const works = [1, 2, 3].map((i) => source.read(90_000 + i, 10_000));
    const ends = Promise.allSettled(works);
    await until(() => ranges.length === 4);
    await new Promise((resolve) => setTimeout(resolve, 15));
    abort(reason);
    expect(await ends).toEqual(works.map(() => ({ status: 'rejected', reason })));
    expect(listeners.size).toBe(0);
    await until(() => [1, 2, 3].every((i) => closed[i] === true));
    for (const [offset, length] of [
      [0, 10],
      [5, 0],
      [100_000, 10],
    ] as const) {
      await expect(source.read(offset, length)).rejects.toBe(reason);
    }
  });

  it.each([
    ['before the headers', silent],
    ['in the body', halfway],
    ['before another attempt', status(503, { 'Retry-After': '20' })],
  ] as [string, Answer][])('of the opening %s rejects at once', async (_, answer) => {
    const { url, closed, ranges } = await serve(answer);
    const { signal, abort, listeners } = watchedSignal();
    const timers = watchedTimers();
    const work = httpSource(url, { signal });
    await until(() => ranges.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 15));
    abort();
    await expect(work).rejects.toBe(signal.reason);
    expect(listeners.size).toBe(0);
    expect(timers.size).toBe(0);
    await until(() => closed[0] === true);
  });

  it('before the call prevents every request', async () => {
    const { url, ranges } = await serve(right);
    const reason = new Error('before');
    await expect(httpSource(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(ranges).toHaveLength(0);
    const source = await httpSource(url);
    for (const length of [0, 10, 100_000]) {
      await expect(source.read(0, length, AbortSignal.abort(reason))).rejects.toBe(reason);
    }
    expect(ranges).toHaveLength(1);
    await expect(source.read(0, 1, {} as AbortSignal)).rejects.toThrow(
      /^signal expected an AbortSignal, got an object$/,
    );
  });

  it('in the last attempt rejects with its reason as well', async () => {
    const { url, ranges } = await serve(right, silent);
    const source = await httpSource(url, { retries: 0 });
    const controller = new AbortController();
    const reason = new Error('enough');
    const work = source.read(100_000, 10, controller.signal);
    const end = expect(work).rejects.toBe(reason);
    await until(() => ranges.length === 2);
    controller.abort(reason);
    await end;
    expect(ranges).toHaveLength(2);
  });

  it('reaches pending reads after others with the same signal have ended', async () => {
    const { url } = await serve(right, right, silent);
    const { signal, abort, listeners } = watchedSignal();
    const source = await httpSource(url);
    const done = source.read(100_000, 10, signal);
    expectSame(await done, part(100_000, 10));
    const quick = source.read(0, 10, signal);
    const left = source.read(100_000, 10, signal);
    expectSame(await quick, part(0, 10));
    expect(listeners.size).toBe(1);
    const reason = new Error('enough');
    abort(reason);
    await expect(left).rejects.toBe(reason);
    expect(listeners.size).toBe(0);
  });

  it('that does not happen leaves no listener and no timer', async () => {
    const { url } = await serve(right, cutAfter(100), status(500), right);
    const { signal, listeners } = watchedSignal();
    const timers = watchedTimers();
    const source = await httpSource(url, { ...QUICK, signal });
    expect(listeners.size).toBe(0);
    expectSame(await source.read(100_000, 500, signal), part(100_000, 500));
    await expect(source.read(0, -1, signal)).rejects.toThrow(RangeError);
    expect(listeners.size).toBe(0);
    expect(timers.size).toBe(0);
  });
});
