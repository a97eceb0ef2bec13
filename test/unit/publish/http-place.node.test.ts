import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { httpPlace } from '../../../src/publish/http-place.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A server that sends a piece of this length every 29 seconds, as many times as it is asked. */
function dripping(length: number, pieces: number) {
  let requests = 0;
  const get = (async (_: unknown, init?: RequestInit) => {
    requests += 1;
    let sent = 0;
    return new Response(
      new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 29_000));
          sent += 1;
          if (init?.signal?.aborted) controller.error(init.signal.reason);
          else if (sent > pieces) controller.close();
          else controller.enqueue(new Uint8Array(length));
        },
      }),
    );
  }) as typeof fetch;
  return { get, requests: () => requests };
}

describe('a store on a slow web server', () => {
  it('is abandoned if 16 KiB take longer than 30 seconds', async () => {
    const { get, requests } = dripping(1, 1_000);
    const place = httpPlace('https://updates.example.com/', 'from', get);
    const read = place.read('channels/production.sealed', { limit: 1_000_000 });
    const outcome = expect(read).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' });
    await vi.advanceTimersByTimeAsync(400_000);
    await outcome;
    expect(requests()).toBe(4);
  });

  it('is read to its end if it is fast enough', async () => {
    const { get } = dripping(16_384, 3);
    const place = httpPlace('https://updates.example.com/', 'from', get);
    const read = place.read('channels/production.sealed', { limit: 1_000_000 });
    await vi.advanceTimersByTimeAsync(200_000);
    expect((await read)?.bytes.length).toBe(3 * 16_384);
  });

  it('is abandoned even if the fetch of the caller ignores its signal', async () => {
    const get = (() => new Promise(() => {})) as typeof fetch;
    const place = httpPlace('https://updates.example.com/', 'from', get);
    const read = place.read('channels/production.sealed', { limit: 1_000_000 });
    const outcome = expect(read).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' });
    await vi.advanceTimersByTimeAsync(400_000);
    await outcome;
  });
});

describe('an address with a user name or a password', () => {
  it.each(['https://user:secret@updates.example.com/', 'https://secret@updates.example.com/app'])(
    'is refused before a request, and not shown: %s',
    (address) => {
      expect(() => httpPlace(address, 'options.from', fetch)).toThrow(
        /^options\.from expected an address without a user name(?!.*secret)/,
      );
    },
  );
});

describe('a store on the host of a single-page app', () => {
  it('lacks each file that the host answers with the page of the app', async () => {
    const page = (type: string) =>
      (async () =>
        new Response('<!doctype html>', { headers: { 'content-type': type } })) as typeof fetch;
    const read = (type: string) =>
      httpPlace('https://updates.example.com/', 'from', page(type)).read('keys.sealed', {
        limit: 1_000_000,
      });
    expect(await read('text/html; charset=utf-8')).toBeUndefined();
    expect(await read('TEXT/HTML')).toBeUndefined();
    expect((await read('application/octet-stream'))?.bytes.length).toBe(15);
  });
});
