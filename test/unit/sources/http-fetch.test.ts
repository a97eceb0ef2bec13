// httpSource with a fetch of the caller.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { httpSource } from '../../../src/sources/http.ts';
import { rejection } from '../../support/errors.ts';
import { open, URL_ } from '../../support/http-memory.ts';

describe('a fetch of the caller', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('is asked for if the runtime has none', async () => {
    vi.stubGlobal('fetch', undefined);
    await expect(httpSource(URL_)).rejects.toThrow(
      new TypeError('this runtime has no fetch: pass one as options.fetch'),
    );
  });

  it.each<[string, unknown]>([
    ['a string', 'offline'],
    ['undefined', undefined],
    ['an error', new TypeError('fetch failed')],
  ])('that rejects with %s is tried again, and is the cause in the end', async (_, thrown) => {
    let calls = 0;
    const failing: typeof fetch = async () => {
      calls++;
      throw thrown;
    };
    const error = await rejection(open({ fetch: failing }, { retries: 2 }), 'ERR_SOURCE_FAILED');
    expect(error.cause).toBe(thrown);
    expect(error.message).toMatch(/could not be reached \(attempt 3 of 3\): check the network/);
    expect(error.offset).toBe(0);
    expect(calls).toBe(3);
  });

  it('that throws synchronously counts as one that rejects', async () => {
    const cause = new Error('mine');
    const throwing = () => {
      throw cause;
    };
    const error = await rejection(open({ fetch: throwing }, { retries: 0 }), 'ERR_SOURCE_FAILED');
    expect(error.cause).toBe(cause);
    expect(error.message).toMatch(/attempt 1 of 1/);
  });

  it('that does not return a Response is refused', async () => {
    for (const answer of [undefined, 'text', {}]) {
      const strange = (async () => answer) as unknown as typeof fetch;
      await expect(open({ fetch: strange })).rejects.toThrow(
        /^options\.fetch must answer with a Response, not /,
      );
    }
  });

  it('whose body is not made of bytes is refused', async () => {
    for (const value of ['x'.repeat(10), [1, 2], new Uint16Array(5), null]) {
      const strange: typeof fetch = async () => {
        const body = new ReadableStream({
          start(controller) {
            controller.enqueue(value);
            controller.close();
          },
        });
        const headers = new Headers({ 'content-range': 'bytes 0-9/10' });
        return { status: 206, headers, body } as Response;
      };
      const error = await rejection(open({ fetch: strange }), 'ERR_SOURCE_FAILED');
      expect(error.message).toMatch(/options\.fetch must answer with bytes/);
    }
  });

  it('that answers after an abort has its body cancelled', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let cancelled = false;
    let answer: (response: Response) => void = () => {};
    const deaf: typeof fetch = () => new Promise((resolve) => (answer = resolve));
    const work = open({ fetch: deaf }, { signal: controller.signal });
    controller.abort(reason);
    await expect(work).rejects.toBe(reason);
    const body = new ReadableStream({
      cancel() {
        cancelled = true;
      },
    });
    answer(new Response(body));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(cancelled).toBe(true);
  });

  it.each(['an abort', 'a timeout'])('whose body ignores the signal ends on %s', async (what) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let cancelled = 0;
    const deaf: typeof fetch = async () => {
      const body = new ReadableStream({
        cancel() {
          cancelled++;
        },
      });
      return new Response(body, { status: 206, headers: { 'content-range': 'bytes 0-9/10' } });
    };
    const timeout = what === 'an abort' ? 100_000 : 30;
    const work = open({ fetch: deaf }, { signal: controller.signal, timeout, retries: 0 });
    if (what === 'an abort') {
      setTimeout(() => controller.abort(reason), 5);
      await expect(work).rejects.toBe(reason);
    } else {
      const error = await rejection(work, 'ERR_SOURCE_FAILED');
      expect(error.message).toMatch(/sent no byte for 30 ms/);
    }
    expect(cancelled).toBe(1);
  });
});
