// The headers that the transport sends and reads: ranges, tags, and pauses that a server asks for.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { selectBackend } from '../../../src/backend/select.ts';
import { readSettings } from '../../../src/update/options.ts';
import { createTransport } from '../../../src/update/transport.ts';
import { memoryBuiltIn, memoryStore, type UpdateEvent } from '../../../src/update.ts';
import { bytesOf } from '../../support/bytes.ts';
import { keyB } from '../../support/vectors.ts';
import { recordWaits } from '../../support/waits.ts';
import { utf8 } from '../../support/zip.ts';

const [ONE, TWO] = ['https://one.example.com/', 'https://two.example.com/'] as const;
const content = bytesOf(200_000);
const body = content as Uint8Array<ArrayBuffer>;
const { signal } = new AbortController();
// A page has a cache of its own, so the transport keeps no tags there.
const hasHttpCache = 'document' in globalThis;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

interface Asked {
  readonly url: string;
  readonly range: string | null;
}

/** A transport whose server answers each request by `answer`, and what it is asked. */
async function transportWith(
  answer: (asked: Asked, count: number) => Response,
  options: {
    store?: string | readonly string[];
    retries?: number;
    retryDelay?: number;
    now?: () => number;
  } = {},
) {
  const asked: Asked[] = [];
  const events: UpdateEvent[] = [];
  const backend = await selectBackend('auto');
  const settings = readSettings({
    ...{ store: ONE, channel: 'production', appId: 'com.example.app', publicKey: keyB.spki },
    releases: memoryStore(),
    builtIn: await memoryBuiltIn({ a: utf8('a') }, { createdAt: '2026-11-26T08:55:00Z' }),
    ...{ retries: 1, retryDelay: 1, ...options },
    fetch: (async (url: string, init?: RequestInit) => {
      const one = { url, range: new Headers(init?.headers).get('range') };
      asked.push(one);
      return answer(one, asked.length);
    }) as typeof fetch,
  });
  const transport = createTransport(settings, backend, (event) => events.push(event));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const object = { sha256, size: content.length };
  /** Fetches the object, and says how that ended. */
  const fetchObject = async () => {
    let length = 0;
    try {
      for await (const piece of transport.fetchObject(object, signal, () => {})) {
        length += piece.length;
      }
    } catch (error) {
      return (error as Error).message;
    }
    return length;
  };
  return { transport, asked, events, object, fetchObject };
}

const fromOf = ({ range }: Asked) => Number(/^bytes=(\d+)-$/.exec(range ?? 'bytes=0-')?.[1]);
const partFrom = (from: number, contentRange: string | undefined, end = content.length) =>
  new Response(body.slice(from, end), {
    status: 206,
    ...(contentRange !== undefined && { headers: { 'content-range': contentRange } }),
  });

describe('a request for the rest of an object', () => {
  it('has a range, and the first request has none', async () => {
    const { asked, fetchObject } = await transportWith((one, count) =>
      count === 1
        ? new Response(body.slice(0, 50_000))
        : partFrom(fromOf(one), 'bytes 50000-199999/200000'),
    );
    expect(await fetchObject()).toBe(content.length);
    expect(asked.map(({ range }) => range)).toEqual([null, 'bytes=50000-']);
  });

  it.each<[string | undefined, boolean]>([
    ['bytes 50000-199999/200000', true],
    ['bytes 50000-199999/*', true],
    ['bytes 50001-199999/200000', false],
    ['bytes 50000-199999', false],
    ['bytes 50000-/200000', false],
    ['xbytes 50000-199999/200000', false],
    ['bytes 50000-199999/200000x', false],
    ['bytes */200000', false],
    [undefined, false],
  ])('takes the part of the answer by its Content-Range %o: %s', async (range, isTaken) => {
    const { fetchObject } = await transportWith((one, count) =>
      count === 1 ? new Response(body.slice(0, 50_000)) : partFrom(fromOf(one), range),
    );
    expect(await fetchObject()).toEqual(
      isTaken ? content.length : expect.stringMatching(/\.sealed answered 206: try again later$/),
    );
  });

  /** As a page receives it from a server that does not expose the header. */
  const partOfAnotherOrigin = (from: number) =>
    Object.defineProperty(partFrom(from, undefined), 'type', { value: 'cors' });

  it('takes the part of another origin that hides its Content-Range from the page', async () => {
    const { asked, fetchObject } = await transportWith((one, count) =>
      count === 1 ? new Response(body.slice(0, 50_000)) : partOfAnotherOrigin(fromOf(one)),
    );
    expect(await fetchObject()).toBe(content.length);
    expect(asked.map(({ range }) => range)).toEqual([null, 'bytes=50000-']);
  });

  it('refuses another part of another origin that hides its Content-Range, by the digest', async () => {
    const { fetchObject } = await transportWith((_, count) =>
      count === 1 ? new Response(body.slice(0, 50_000)) : partOfAnotherOrigin(50_000 - 1),
    );
    expect(await fetchObject()).toEqual(
      expect.stringMatching(
        /\.sealed (has more than \d+ bytes|is not the object that the index names)/,
      ),
    );
  });

  it.each([
    [16_384, true],
    [16_383, false],
  ])('begins to count failures anew after %i bytes: %s', async (length, isWhole) => {
    const { asked, fetchObject } = await transportWith((one) => {
      const from = fromOf(one);
      const range = `bytes ${from}-199999/200000`;
      const end = from + length;
      return from === 0 ? new Response(body.slice(0, end)) : partFrom(from, range, end);
    });
    expect(await fetchObject()).toEqual(isWhole ? content.length : expect.any(String));
    expect(asked).toHaveLength(isWhole ? Math.ceil(content.length / length) : 2);
  });

  it('is not taken for unchanged, because it names no tag', async () => {
    const { fetchObject } = await transportWith(() => new Response(null, { status: 304 }));
    expect(await fetchObject()).toMatch(/ answered 304: try again later$/);
  });
});

describe('an object that is longer than the index names', () => {
  /** A server that sends the object and more, in pieces of these lengths, and how many pieces it has sent. */
  async function fetchedIn(...lengths: readonly number[]) {
    let sent = 0;
    const { fetchObject } = await transportWith(
      () =>
        new Response(
          new ReadableStream(
            {
              pull(controller) {
                const length = lengths[sent++] ?? 1000;
                controller.enqueue(sent === 1 ? body.slice(0, length) : new Uint8Array(length));
                if (sent === 100) controller.close();
              },
            },
            { highWaterMark: 0 },
          ),
        ),
    );
    return { result: await fetchObject(), sent };
  }

  it('is refused at the first piece that has more', async () => {
    const { result, sent } = await fetchedIn(content.length - 1, 2);
    expect(result).toMatch(/ has more than 200000 bytes: /);
    expect(sent).toBe(2);
  });

  it('is not read any further after its last byte', async () => {
    const { result, sent } = await fetchedIn(content.length);
    expect(result).toBe(content.length);
    expect(sent).toBe(1);
  });
});

describe('mirrors', () => {
  it('that fail are told with the address of the object, and the next one is asked', async () => {
    const { events, object, asked, fetchObject } = await transportWith(
      ({ url }) => (url.startsWith(ONE) ? new Response('', { status: 404 }) : new Response(body)),
      { store: [ONE, TWO] },
    );
    expect(await fetchObject()).toBe(content.length);
    const path = `objects/${object.sha256}.sealed`;
    expect(asked.map(({ url }) => url)).toEqual([`${ONE}${path}`, `${TWO}${path}`]);
    expect(events).toEqual([
      {
        type: 'mirror-failed',
        url: `${ONE}${path}`,
        error: expect.objectContaining({ code: 'ERR_SOURCE_FAILED' }),
      },
    ]);
  });

  it('that sent other bytes are asked last, and all of them again after the last one', async () => {
    const other = () => new Response(body.map((byte) => byte ^ 1));
    const { transport, object, asked, fetchObject } = await transportWith(other, {
      store: [ONE, TWO],
    });
    const hosts = () => asked.map(({ url }) => new URL(url).hostname.split('.')[0]);
    expect(transport.hasAnother(object)).toBe(false);
    await fetchObject();
    expect(transport.hasAnother(object)).toBe(true);
    await fetchObject();
    expect(transport.hasAnother(object)).toBe(false);
    await fetchObject();
    expect(hosts()).toEqual(['one', 'two', 'one']);
  });

  it('that sent the right object are not doubted', async () => {
    const { transport, object, fetchObject } = await transportWith(() => new Response(body), {
      store: [ONE, TWO],
    });
    await fetchObject();
    expect(transport.hasAnother(object)).toBe(false);
  });
});

describe('a server that asks for a pause', () => {
  const busy = (value: string) =>
    new Response('', { status: 503, headers: { 'retry-after': value } });
  const NOW = Date.UTC(2026, 10, 27);

  /** Fetches from a server that asks for a pause once, and returns the wait before the second request. */
  async function waited(value: string) {
    const { fetchObject } = await transportWith(
      (_, count) => (count === 1 ? busy(value) : new Response(body)),
      { now: () => NOW },
    );
    const waits = recordWaits();
    expect(await fetchObject()).toBe(content.length);
    expect(waits).toHaveLength(1);
    return waits[0] as number;
  }

  it.each([
    ['1', 1000],
    ['60', 60_000],
    [new Date(NOW + 5000).toUTCString(), 5000],
  ])('of %s is asked again after it', async (value, expected) => {
    expect(await waited(value)).toBe(expected);
  });

  it.each(['0', new Date(NOW - 5000).toUTCString(), 'soon'])(
    'of %s is asked again after the usual wait',
    async (value) => {
      expect(await waited(value)).toBeLessThanOrEqual(1);
    },
  );

  it('of more than a minute is not asked again, and not before the pause is over', async () => {
    let now = NOW;
    const { transport, asked, fetchObject } = await transportWith(
      (_, count) => (count === 1 ? busy('61') : new Response(body)),
      { now: () => now },
    );
    expect(await fetchObject()).toMatch(/ answered 503: try again later$/);
    now = NOW + 60_999;
    const small = () => transport.fetchSmall(ONE, 'keys.sealed', 1_000_000, signal);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const paused = small();
    paused.catch(() => {});
    for (let n = 0; n < 20; n++) await vi.advanceTimersByTimeAsync(0);
    expect(asked).toHaveLength(1);
    vi.useRealTimers();
    now = NOW + 61_000;
    expect((await small()).status).toBe('found');
  });

  it('is asked by a later request when the rest of the pause is over', async () => {
    let now = NOW;
    const { fetchObject } = await transportWith(
      (_, count) => (count === 1 ? busy('61') : new Response(body)),
      { now: () => now },
    );
    expect(await fetchObject()).toMatch(/ answered 503: try again later$/);
    now = NOW + 41_000;
    const waits = recordWaits();
    expect(await fetchObject()).toBe(content.length);
    expect(waits).toEqual([20_000]);
  });

  it('is not asked before it by another request that has failed for another reason', async () => {
    const isSmall = ({ url }: Asked) => url.endsWith('keys.sealed');
    let small: Promise<unknown> | undefined;
    const { transport, asked, fetchObject } = await transportWith(
      (one) => {
        if (isSmall(one)) return busy('61');
        // The other request gets its answer while this one waits for its second attempt.
        small = transport.fetchSmall(ONE, 'keys.sealed', 10, signal).catch(() => {});
        return new Response('', { status: 500 });
      },
      { retries: 2, retryDelay: 100, now: () => NOW },
    );
    expect(await fetchObject()).toMatch(/ asked for a pause: try again later$/);
    await small;
    expect(asked.map(isSmall)).toEqual([false, true]);
  });
});

describe('the tag of a small file', () => {
  const long = (length: number) => `"${'x'.repeat(length - 2)}"`;

  it.each<[string | undefined, boolean]>([
    ['"a1"', true],
    ['W/"a1"', true],
    ['""', true],
    [long(256), true],
    [long(257), false],
    ['a1', false],
    ['w/"a1"', false],
    ['"a1"x', false],
    ['x"a1"', false],
    ['"a"1"', false],
    ['"a 1"', false],
    [undefined, false],
  ])('is kept if it is one of RFC 9110 and this is no page: %s', async (etag, isKept) => {
    const headers = etag === undefined ? {} : { etag };
    const { transport } = await transportWith(() => new Response('x', { headers }));
    const file = await transport.fetchSmall(ONE, 'keys.sealed', 10, signal);
    expect(file).toEqual({
      status: 'found',
      bytes: utf8('x'),
      ...(isKept && !hasHttpCache && { etag }),
    });
  });
});
