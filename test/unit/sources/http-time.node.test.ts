// What httpSource waits for and how long, by a clock that the tests move.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { equalBytes } from '../../../src/bytes.ts';
import { httpSource } from '../../../src/sources/http.ts';
import type { HttpSourceInit } from '../../../src/sources/http-options.ts';
import { bytesOf } from '../../support/bytes.ts';

const file = bytesOf(300_000);
const start = Date.now();

beforeEach(
  () => void vi.useFakeTimers({ now: start, toFake: ['setTimeout', 'clearTimeout', 'Date'] }),
);
afterEach(() => void vi.useRealTimers());

const later = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Moves the clock until `work` has settled. */
async function settled<T>(work: Promise<T>): Promise<T> {
  let isSettled = false;
  const watch = () => {
    isSettled = true;
  };
  work.then(watch, watch);
  for (let i = 0; i < 10_000 && !isSettled; i++) await vi.advanceTimersByTimeAsync(50);
  return await work;
}

type Answer = (first: number, last: number) => Promise<Response>;

/** Gives one answer after another, the last one again and again. `times`: when each was asked for. */
function answering(...answers: Answer[]) {
  const times: number[] = [];
  const ranges: string[] = [];
  const fetching: typeof fetch = (_, init) => {
    const range = new Headers(init?.headers).get('range') ?? '';
    const [first = 0, last = 0] = (range.match(/\d+/g) ?? []).map(Number);
    const answer = answers[Math.min(times.length, answers.length - 1)] as Answer;
    times.push(Date.now() - start);
    ranges.push(range);
    const { signal } = init ?? {};
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
    return Promise.race([answer(first, last), aborted]);
  };
  const open = (init: HttpSourceInit = {}) =>
    settled(httpSource('https://example.com/app.sealed', { ...init, fetch: fetching }));
  return { times, ranges, open };
}

function partial(first: number, last: number, body: BodyInit): Response {
  const headers = { 'content-range': `bytes ${first}-${last}/${file.length}`, etag: '"v1"' };
  return new Response(body, { status: 206, headers });
}

const right: Answer = async (first, last) => partial(first, last, file.slice(first, last + 1));

/** Sends pieces of 16 KiB, each after this time. After `end`, it sends none. */
const pieces =
  (milliseconds: number, end = file.length): Answer =>
  async (first, last) => {
    let at = first;
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (at >= end) return new Promise(() => {});
          await later(milliseconds);
          const next = Math.min(at + 16_384, last + 1, end);
          controller.enqueue(file.slice(at, next));
          at = next;
          if (at > last) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    return partial(first, last, body);
  };

describe('httpSource', () => {
  it('waits for as long as Retry-After says', async () => {
    const headers = { 'Retry-After': '7' };
    const { times, open } = answering(
      async () => new Response('', { status: 503, headers }),
      right,
    );
    await open({ retryDelay: 1 });
    expect(times).toEqual([0, 7000]);
  });

  it('waits longer before each further attempt', async () => {
    const { times, open } = answering(async () => new Response('', { status: 500 }));
    await expect(open({ retryDelay: 4000, retries: 3 })).rejects.toThrow('attempt 4 of 4');
    const waits = times.slice(1).map((time, i) => time - (times[i] as number));
    expect(waits).toHaveLength(3);
    for (const [i, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(2000 * 2 ** i);
      expect(wait).toBeLessThanOrEqual(4000 * 2 ** i);
    }
  });

  it('takes a server that is silent before its headers for one that failed', async () => {
    const { times, open } = answering(right, () => new Promise(() => {}), right);
    const source = await open({ retryDelay: 0, timeout: 5000 });
    const bytes = await settled(source.read(100_000, 10));
    expect(equalBytes(bytes, file.slice(100_000, 100_010))).toBe(true);
    expect((times[2] as number) - (times[1] as number)).toBe(5000);
  });

  it('says how few bytes arrived in which time, and what to do', async () => {
    const { open } = answering(right, () => new Promise(() => {}));
    const init = { retryDelay: 0, retries: 1, timeout: 5000 };
    const source = await open(init);
    const advice = '(attempt 2 of 2): check the network, or allow a longer timeout';
    await expect(settled(source.read(100_000, 10))).rejects.toThrow(
      `https://example.com/app.sealed sent no byte for 5000 ms ${advice}`,
    );
    const slow = answering(right, pieces(0, 100_005));
    const other = await slow.open({ ...init, retries: 0 });
    await expect(settled(other.read(100_000, 10))).rejects.toThrow(
      /sent 5 bytes in 5000 ms, and at least 16384 or the rest are required/,
    );
  });

  it('allows a server to be slow before its headers and again after them', async () => {
    const { ranges, open } = answering(async (first, last) => {
      await later(4000);
      return pieces(4000)(first, last);
    });
    await open({ timeout: 5000 });
    expect(ranges).toHaveLength(1);
  });

  it('takes a server that becomes silent in its body for one that failed, but not a slow one', async () => {
    const { ranges, times, open } = answering(right, pieces(0, 100_005), pieces(4000));
    const source = await open({ retryDelay: 0, timeout: 5000, retries: 1 });
    const bytes = await settled(source.read(100_000, 150_000));
    expect(equalBytes(bytes, file.slice(100_000, 250_000))).toBe(true);
    expect(ranges.slice(1)).toEqual(['bytes=100000-249999', 'bytes=100005-249999']);
    expect((times[2] as number) - (times[1] as number)).toBe(5000);
    // Ten pieces, which together take eight times as long as the timeout.
    expect(Date.now() - start).toBeGreaterThanOrEqual(45_000);
  });
});
