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
    const outcome = expect(read).rejects.toMatchObject({
      code: 'ERR_SOURCE_FAILED',
      message: expect.stringMatching(
        /^https:\/\/updates\.example\.com\/channels\/production\.sealed gave less than 16384 bytes in 30 s/,
      ),
    });
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

describe('a store on a web server that answers otherwise', () => {
  /** Reads a file with one answer for all requests. Says how it ended, and after how many requests. */
  async function read(answer: () => Response, options: object = {}) {
    const asked: string[] = [];
    const get = (async (url: unknown) => {
      asked.push(String(url));
      return answer();
    }) as typeof fetch;
    const place = httpPlace('https://updates.example.com/app?token=s3cret#top', 'from', get);
    const work = place
      .read('keys.sealed', { limit: 100, ...options })
      .then((file) => file ?? 'missing')
      .catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(10_000);
    return { outcome: await work, asked };
  }
  const address = 'https://updates.example.com/app/keys.sealed';
  const status = (code: number) => () => new Response('', { status: code });

  it.each([408, 425, 429, 500, 503, 599])('is asked four times if it answers %i', async (code) => {
    const { outcome, asked } = await read(status(code));
    expect((outcome as Error).message).toContain(`${address} answered with status ${code}`);
    expect(asked).toEqual(Array.from({ length: 4 }, () => `${address}?token=s3cret`));
  });

  it.each([
    ['120', ' (the server asks for a pause of 120 s)'],
    ['Fri, 01 Jan 2100 00:01:00 GMT', ' (the server asks for a pause of 50 s)'],
    ['Fri, 01 Jan 1999 00:00:00 GMT', ''],
    ['0', ''],
    ['9'.repeat(30), ''],
    ['soon', ''],
  ])(
    'is read again later if its last answer is temporary, with Retry-After: %s',
    async (asked, pause) => {
      vi.setSystemTime('2100-01-01T00:00:00Z');
      const headers = { 'retry-after': asked };
      const { outcome } = await read(() => {
        vi.setSystemTime('2100-01-01T00:00:10Z');
        return new Response('', { status: 429, headers });
      });
      expect((outcome as Error).message).toBe(
        `${address} answered with status 429: try again later${pause}`,
      );
    },
  );

  it.each([204, 400, 401, 403, 499])('is asked once if it answers %i', async (code) => {
    const { outcome, asked } = await read(
      code === 204 ? () => new Response(null, { status: 204 }) : status(code),
    );
    expect(outcome).toMatchObject({ code: 'ERR_SOURCE_FAILED' });
    const remedy =
      code === 403
        ? 'check the address, the name of the channel, and that everybody may read it. If the channel is new, publish to it with create: true'
        : 'check the address, and that everybody may read it';
    expect((outcome as Error).message).toBe(`${address} answered with status ${code}: ${remedy}`);
    expect(asked).toHaveLength(1);
  });

  it('lacks a file for which it answers 404 or 410, and 403 if that hides missing files', async () => {
    for (const code of [404, 410]) expect((await read(status(code))).outcome).toBe('missing');
    expect((await read(status(403), { hidesMissing: true })).outcome).toBe('missing');
  });

  it('is asked four times if it cannot be reached, and the error has the cause', async () => {
    const cause = new TypeError('fetch failed');
    const { outcome, asked } = await read(() => {
      throw cause;
    });
    expect(outcome).toMatchObject({ code: 'ERR_SOURCE_FAILED', cause });
    expect((outcome as Error).message).toBe(
      `${address} can't be reached, or closed the connection too soon: check the address, and that everybody may read it`,
    );
    expect(asked).toHaveLength(4);
  });

  it('is refused if it redirects from https to http', async () => {
    const redirected = () =>
      Object.defineProperty(new Response('x'), 'url', { value: 'http://updates.example.com/' });
    const { outcome, asked } = await read(redirected);
    expect((outcome as Error).message).toContain(`${address} redirects from https to http`);
    expect(asked).toHaveLength(1);
  });

  it('gives a file of the limit and none that is longer', async () => {
    expect((await read(() => new Response(new Uint8Array(100)))).outcome).toEqual({
      bytes: new Uint8Array(100),
      cacheControl: '',
    });
    const { outcome } = await read(() => new Response(new Uint8Array(101)));
    expect(outcome).toBeInstanceOf(Error);
    expect((outcome as Error).message).toContain(address);
    expect((outcome as Error).message).not.toContain('s3cret');
  });
});

describe('an address with a user name or a password', () => {
  it.each([
    'https://user:secret@updates.example.com/',
    'https://secret@updates.example.com/app',
    'https://:secret@updates.example.com/app',
  ])('is refused before a request, and not shown: %s', (address) => {
    expect(() => httpPlace(address, 'options.from', fetch)).toThrow(
      new TypeError(
        'options.from expected an address without a user name and a password, because fetch refuses them: pass a folder that has a copy of the store',
      ),
    );
  });
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
    for (const other of ['application/octet-stream', 'application/x-text/html', 'text/html5']) {
      expect((await read(other))?.bytes.length, other).toBe(15);
    }
  });
});

describe('a request to a store on a web server', () => {
  const address = 'https://updates.example.com/app';
  const place = (get: typeof fetch) => httpPlace(address, 'from', get);

  it('goes around every cache, and follows redirects', async () => {
    const asked: RequestInit[] = [];
    const get = (async (_: unknown, init: RequestInit) => {
      asked.push(init);
      return new Response('x');
    }) as typeof fetch;
    await place(get).read('keys.sealed', { limit: 1 });
    expect(asked).toEqual([
      {
        ...{ cache: 'no-store', redirect: 'follow', signal: expect.any(AbortSignal) },
        headers: { 'cache-control': 'no-cache', pragma: 'no-cache' },
      },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('may get a response without a body', async () => {
    const file = await place(async () => new Response(null)).read('keys.sealed', { limit: 1 });
    expect(file?.bytes).toEqual(new Uint8Array(0));
  });

  it.each<[string, number, Record<string, string>, string]>([
    ['of a missing file', 404, {}, ''],
    ['of a page', 200, { 'content-type': 'text/html' }, ''],
    ['of a refusal', 400, {}, ''],
    ['of a redirect to http', 200, {}, 'http://updates.example.com/'],
    ['of a file that is too long', 200, {}, ''],
  ])('cancels the body %s', async (_, status, headers, url) => {
    let isCancelled = false;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel() {
        isCancelled = true;
      },
    });
    const answer = Object.defineProperty(new Response(body, { status, headers }), 'url', {
      value: url,
    });
    await place(async () => answer)
      .read('keys.sealed', { limit: 5 })
      .catch(() => {});
    await vi.advanceTimersByTimeAsync(0);
    expect(isCancelled).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is repeated after a quarter of a second, and after twice the time of the wait before', async () => {
    const times: number[] = [];
    const get = (async () => {
      times.push(Date.now());
      return new Response('', { status: 503 });
    }) as typeof fetch;
    const begun = Date.now();
    const failing = expect(place(get).read('keys.sealed', { limit: 1 })).rejects.toThrow();
    await vi.advanceTimersByTimeAsync(10_000);
    await failing;
    expect(times.map((time) => time - begun)).toEqual([0, 250, 750, 1750]);
  });

  it('ends with the reason of an abort: before it, during it, and in a wait', async () => {
    let requests = 0;
    const busy = (async () => {
      requests += 1;
      return new Response('', { status: 503 });
    }) as typeof fetch;
    const aborted = AbortSignal.abort(new Error('enough'));
    const early = place(busy).read('keys.sealed', { limit: 1, signal: aborted });
    await expect(early).rejects.toThrow('enough');
    expect(requests).toBe(0);
    for (const get of [busy, (() => new Promise(() => {})) as typeof fetch]) {
      const stop = new AbortController();
      const read = place(get).read('keys.sealed', { limit: 1, signal: stop.signal });
      const failing = expect(read).rejects.toThrow('enough');
      await vi.advanceTimersByTimeAsync(100);
      stop.abort(new Error('enough'));
      await failing;
      expect(vi.getTimerCount()).toBe(0);
    }
    expect(requests).toBe(1);
  });
});
