// httpSource against answers from memory: its options, its requests and the versions of a file. Real servers:
// http-source.node.test.ts. False answers: http-answer.test.ts.

import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fetchRange, httpSource } from '../../../src/sources/http.ts';
import { type HttpSourceInit, readConnection } from '../../../src/sources/http-options.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import {
  type Answer,
  type Asked,
  expectSame,
  file,
  KEPT,
  open,
  server,
  URL_,
  whole,
} from '../../support/http-memory.ts';
import { runs } from '../../support/scope.ts';

describe('httpSource', () => {
  it('sends one request on opening, and none for reads within the first 65,536 bytes', async () => {
    const { requests, ...fetching } = server(file);
    const source = await open(fetching);
    expect(source.size).toBe(file.length);
    expectSame(await source.read(0, KEPT), file.subarray(0, KEPT));
    expectSame(await source.read(KEPT - 1, 1), file.subarray(KEPT - 1, KEPT));
    expect(requests.map(({ from, last }) => [from, last])).toEqual([[0, KEPT - 1]]);
    expect(requests[0]?.headers.has('if-range')).toBe(false);
  });

  it('sends one request for any other read, for exactly its bytes', async () => {
    const { requests, ...fetching } = server(file);
    const source = await open(fetching);
    for (const [offset, length] of [
      [KEPT - 1, 2],
      [KEPT, 1],
      [199_999, 1],
      [0, 200_000],
      [70_000, 100_000],
    ] as const) {
      expectSame(await source.read(offset, length), file.slice(offset, offset + length));
      expect(requests.at(-1)).toMatchObject({ from: offset, last: offset + length - 1 });
    }
    expect(requests).toHaveLength(6);
  });

  it('reads any part of a file of any size', async () => {
    const sizes = fc.oneof(
      fc.nat(3),
      fc.integer({ min: KEPT - 2, max: KEPT + 2 }),
      fc.nat(200_000),
    );
    const reads = fc.array(fc.tuple(fc.nat(200_000), fc.nat(200_000)), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(sizes, reads, fc.boolean(), async (size, places, ignores) => {
        const bytes = file.subarray(0, size);
        const fetching = server(bytes, (answer) => {
          if (ignores || size === 0) whole(answer, bytes);
        });
        const source = await open(fetching, ignores ? { ignoredRange: 'read-through' } : {});
        expect(source.size).toBe(size);
        for (const [a, b] of places) {
          const offset = a % (size + 1);
          const length = b % (size - offset + 1);
          const read = await source.read(offset, length);
          expect(read.length).toBe(length);
          expect(read.every((byte, i) => byte === bytes[offset + i])).toBe(true);
        }
      }),
      { numRuns: runs(60) },
    );
  });

  it('returns separate memory, so that writing to it changes no later read', async () => {
    const source = await open(server(file));
    for (const [offset, length] of [
      [0, 100],
      [100_000, 100],
      [5, 0],
    ] as const) {
      const first = await source.read(offset, length);
      expect(first.byteLength).toBe(first.buffer.byteLength);
      first.fill(1);
      expectSame(await source.read(offset, length), file.slice(offset, offset + length));
    }
  });

  it('reads nothing without a request, at the end too', async () => {
    const { requests, ...fetching } = server(file);
    const source = await open(fetching);
    expectSame(await source.read(150_000, 0), new Uint8Array(0));
    expectSame(await source.read(200_000, 0), new Uint8Array(0));
    expect(requests).toHaveLength(1);
  });

  it.each<[unknown, unknown]>([
    [-1, 1],
    [0, -1],
    [0, 200_001],
    [200_001, 0],
    [199_999, 2],
    [1.5, 1],
    [0, 1.5],
    [Number.NaN, 1],
    [0, Number.POSITIVE_INFINITY],
    [2 ** 53, 1],
    ['0', 1],
    [0, '1'],
    [undefined, undefined],
  ])('refuses to read at %o the length %o', async (offset, length) => {
    const { requests, ...fetching } = server(file);
    const source = await open(fetching);
    await expect(source.read(offset as number, length as number)).rejects.toThrow(RangeError);
    await expect(source.read(offset as number, length as number)).rejects.toThrow(
      /^(offset|length) expected an integer from 0 to \d+, got /,
    );
    expect(requests).toHaveLength(1);
  });

  it('opens an empty file for every form of the response', async () => {
    const ways: ((answer: Answer) => void)[] = [
      (answer) => {
        answer.status = 416;
        answer.headers = { 'content-range': 'bytes */0' };
        answer.body = bytesOf(300);
      },
      (answer) => whole(answer, new Uint8Array(0)),
    ];
    for (const way of ways) {
      const { requests, ...fetching } = server(new Uint8Array(0), way);
      const source = await open(fetching);
      expect(source.size).toBe(0);
      expectSame(await source.read(0, 0), new Uint8Array(0));
      await expect(source.read(0, 1)).rejects.toThrow(RangeError);
      expect(requests).toHaveLength(1);
    }
  });
});

describe('options of httpSource', () => {
  it.each<[string, unknown, RegExp]>([
    ['null', null, /expected an options object, got null/],
    [
      'an unknown one',
      { retry: 1 },
      /httpSource does not know the option "retry": it takes headers/,
    ],
    ['signal', { signal: 5 }, /options\.signal expected an AbortSignal, got a number/],
    ['fetch', { fetch: 'x' }, /options\.fetch expected a function, got a string/],
    ['headers', { headers: 'x' }, /options\.headers expected an object, got a string/],
    ['headers', { headers: null }, /options\.headers expected an object, got null/],
    ['headers', { headers: { 'a b': 'x' } }, /options\.headers expected names and values/],
    ['headers', { headers: { range: 'bytes=0-1' } }, /must not hold Range/],
    ['headers', { headers: { 'IF-RANGE': '"a"' } }, /must not hold If-Range/],
    ['credentials', { credentials: 'all' }, /options\.credentials expected one of 'omit', /],
    ['mode', { mode: 'no-cors' }, /options\.mode expected one of 'cors', 'same-origin'/],
    ['redirect', { redirect: 7 }, /options\.redirect expected one of .*, got a number/],
    ['cache', { cache: null }, /options\.cache expected one of .*, got null/],
    ['ignoredRange', { ignoredRange: true }, /options\.ignoredRange expected one of .*a boolean/],
  ])('are checked: %s', async (_, init, message) => {
    const work = () => httpSource(URL_, init as HttpSourceInit);
    await expect(work()).rejects.toThrow(TypeError);
    await expect(work()).rejects.toThrow(message);
  });

  it.each<[keyof HttpSourceInit, unknown]>([
    ['retries', -1],
    ['retries', 1.5],
    ['retries', '3'],
    ['retries', Number.POSITIVE_INFINITY],
    ['retryDelay', -1],
    ['retryDelay', 30_001],
    ['retryDelay', Number.NaN],
    ['timeout', 0],
    ['timeout', 2 ** 31],
    ['timeout', '1000'],
  ])('are checked: %s of %o', async (name, value) => {
    const work = () => httpSource(URL_, { [name]: value });
    await expect(work()).rejects.toThrow(RangeError);
    await expect(work()).rejects.toThrow(`options.${name} expected an integer from`);
  });

  it.each<[unknown, RegExp]>([
    [5, /url expected a string or URL, got a number/],
    [null, /url expected a string or URL, got null/],
    [{ href: URL_ }, /url expected a string or URL, got an object/],
    ['http://', /url expected an http or https URL/],
    ['file:///secret', /one that begins file:/],
    ['data:,secret', /one that begins data:/],
    ['https://me:secret@example.com/', /options\.headers as Authorization/],
    ['https://secret@example.com/', /options\.headers as Authorization/],
  ])('are checked: a url of %o', async (url, message) => {
    const error: unknown = await httpSource(url as string).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toMatch(message);
    expect(JSON.stringify([String(error), error])).not.toContain('secret');
  });

  it('never print a header that may be a token', async () => {
    const headers = { authorization: 'Bearer secret\u0000' };
    const error: unknown = await httpSource(URL_, { headers }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).not.toContain('secret');
    expect((error as Error).cause).toBeUndefined();
  });

  it('are passed to fetch unchanged with every request', async () => {
    const passed = {
      credentials: 'include',
      mode: 'cors',
      cache: 'no-store',
    } as const;
    for (const headers of [
      { authorization: 'Bearer x' },
      new Headers({ authorization: 'Bearer x' }),
    ]) {
      const { inits, requests, ...fetching } = server(file);
      const source = await open(fetching, { ...passed, headers });
      await source.read(100_000, 10);
      expect(inits).toHaveLength(2);
      for (const init of inits) expect(init).toMatchObject(passed);
      for (const asked of requests) expect(asked.headers.get('authorization')).toBe('Bearer x');
      expect(new Headers(headers).has('range')).toBe(false);
    }
  });

  it('that are missing are not passed to fetch', async () => {
    const { inits, ...fetching } = server(file);
    await open(fetching);
    expect(Object.keys(inits[0] ?? {}).sort()).toEqual(['headers', 'redirect', 'signal']);
  });

  it('take a URL object, and pass the query on', async () => {
    const { fetch: answerTo } = server(file);
    const urls: unknown[] = [];
    const watched: typeof fetch = (url, init) => {
      urls.push(url);
      return answerTo(url, init);
    };
    await httpSource(new URL(`${URL_}?token=1`), { fetch: watched });
    expect(urls).toEqual([`${URL_}?token=1`]);
  });
});

describe('the version of the file', () => {
  const date = 'Tue, 15 Nov 1994 12:45:26 GMT';
  const other = 'Tue, 15 Nov 1994 12:45:27 GMT';
  const today = 'Tue, 15 Nov 1994 13:00:00 GMT';

  it.each<[string, Record<string, string>, string | null]>([
    ['a strong ETag', { etag: '"v1"' }, '"v1"'],
    ['a strong Last-Modified', { 'last-modified': date, date: today }, date],
    ['no weak ETag', { etag: 'W/"v1"' }, null],
    ['no Last-Modified of this very second', { 'last-modified': date, date }, null],
  ])('is asked for by %s', async (_, headers, expected) => {
    const { requests, ...fetching } = server(file, (answer) =>
      Object.assign(answer.headers, headers),
    );
    const source = await open(fetching);
    expectSame(await source.read(100_000, 5), file.slice(100_000, 100_005));
    expect(requests.map((asked) => asked.headers.get('if-range'))).toEqual([null, expected]);
  });

  /** What the first answer and the ones after it say. */
  const changes: [string, Record<string, string>, (answer: Answer) => void][] = [
    ['another ETag', { etag: '"v1"' }, (a) => Object.assign(a.headers, { etag: '"v2"' })],
    ['another weak ETag', { etag: 'W/"v1"' }, (a) => Object.assign(a.headers, { etag: 'W/"v2"' })],
    [
      'a weak ETag where it was strong',
      { etag: '"v1"' },
      (a) => Object.assign(a.headers, { etag: 'W/"v1"' }),
    ],
    ['no ETag any more', { etag: '"v1"' }, (a) => Reflect.deleteProperty(a.headers, 'etag')],
    [
      'another Last-Modified and nothing else',
      { 'last-modified': date },
      (a) => Object.assign(a.headers, { 'last-modified': other }),
    ],
    [
      'another size under the same ETag',
      { etag: '"v1"' },
      (a) => Object.assign(a.headers, { 'content-range': 'bytes 100000-100004/200001' }),
    ],
    [
      'another size and nothing else',
      {},
      (a) => Object.assign(a.headers, { 'content-range': 'bytes 100000-100004/199999' }),
    ],
    [
      '200 with another ETag',
      { etag: '"v1"' },
      (a) => {
        whole(a);
        a.headers['etag'] = '"v2"';
      },
    ],
    ['200 with another size', {}, (a) => whole(a, file.subarray(1))],
    ['412', { etag: '"v1"' }, (a) => Object.assign(a, { status: 412 })],
    [
      '416',
      {},
      (a) => Object.assign(a, { status: 416, headers: { 'content-range': 'bytes */7' } }),
    ],
  ];
  it.each(
    changes.flatMap(([name, headers, change]) =>
      (['refuse', 'read-through'] as const).map((mode) => [name, mode, headers, change] as const),
    ),
  )('that changed is refused at once: %s (%s)', async (_, ignoredRange, headers, change) => {
    const { requests, ...fetching } = server(file, (answer, { index }) => {
      Object.assign(answer.headers, headers);
      if (index > 0) change(answer);
    });
    const source = await open(fetching, { ignoredRange });
    const error = await rejection(source.read(100_000, 5), 'ERR_SOURCE_FAILED');
    expect(error.message).toBe(`${URL_} was replaced while it was being read: open it again`);
    expect(error.offset).toBe(100_000);
    expect(requests).toHaveLength(2);
  });

  it.each<[string, Record<string, string>, (headers: Record<string, string>) => void]>([
    ['an ETag found to be strong', { etag: 'W/"v1"' }, (h) => Object.assign(h, { etag: '"v1"' })],
    [
      'no Last-Modified any more',
      { etag: '"v1"', 'last-modified': date },
      (h) => {
        Reflect.deleteProperty(h, 'last-modified');
      },
    ],
    [
      'no Last-Modified any more beside a weak ETag',
      { etag: 'W/"v1"', 'last-modified': date },
      (h) => {
        Reflect.deleteProperty(h, 'last-modified');
      },
    ],
    ['an ETag where none was', {}, (h) => Object.assign(h, { etag: '"v1"' })],
    ['a Last-Modified where none was', {}, (h) => Object.assign(h, { 'last-modified': date })],
  ])('is not changed by %s', async (_, headers, change) => {
    const fetching = server(file, (answer, { index }) => {
      Object.assign(answer.headers, headers);
      if (index > 0) change(answer.headers);
    });
    const source = await open(fetching);
    expectSame(await source.read(100_000, 5), file.slice(100_000, 100_005));
  });
});

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

describe('the kept result of the opening', () => {
  /** The first answer ends early, at a byte that the test sets. */
  function breaking(bytes: Uint8Array, at: number, change: (answer: Answer, asked: Asked) => void) {
    const whole = server(bytes, change);
    let index = 0;
    const cut: typeof fetch = async (url, init) => {
      const answer = await whole.fetch(url, init);
      if (index++ > 0) return answer;
      const parts = [new Uint8Array(await answer.arrayBuffer()).slice(0, at)];
      const body = new ReadableStream({
        pull(controller) {
          const part = parts.pop();
          if (part === undefined) controller.error(new Error('cut'));
          else controller.enqueue(part);
        },
      });
      return new Response(body, answer);
    };
    return { ...whole, fetch: cut };
  }

  it('has the version of the first response after any number of responses', async () => {
    const modified = 'Tue, 15 Nov 1994 12:45:26 GMT';
    const { requests, ...fetching } = breaking(file, 100, (answer, { index }) => {
      if (index === 0) answer.headers['last-modified'] = modified;
      if (index === 2) answer.headers['last-modified'] = 'Tue, 15 Nov 1994 12:45:27 GMT';
    });
    const source = await open(fetching);
    expect(requests.map(({ from, last }) => [from, last])).toEqual([
      [0, KEPT - 1],
      [100, KEPT - 1],
    ]);
    const error = await rejection(source.read(100_000, 5), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/replaced/);
  });

  it('is not longer than the file, also if its size had to be counted', async () => {
    const counted = (answer: Answer) => {
      whole(answer, file.subarray(0, 100));
      answer.headers = {};
    };
    for (const fetching of [
      server(file, counted),
      // Cut while it was counted, then answered with a range.
      breaking(file.subarray(0, 100), 50, (answer, { index }) => {
        if (index === 0) counted(answer);
      }),
    ]) {
      const init = { fetch: fetching.fetch, ignoredRange: 'read-through', retryDelay: 0 } as const;
      const { version, bytes } = await fetchRange(
        readConnection(URL_, init),
        { offset: 0, to: KEPT, validators: 'if-range' },
        new AbortController().signal,
      );
      expect(version.size).toBe(100);
      expectSame(bytes, file.slice(0, 100));
    }
  });
});

describe('the memory for a range', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  /** Lengths of the arrays that are made while it is stubbed. */
  function lengthsTaken(): number[] {
    const lengths: number[] = [];
    const Bytes: Uint8ArrayConstructor = new Proxy(Uint8Array, {
      construct(target, args, made): Uint8Array {
        if (typeof args[0] === 'number') lengths.push(args[0]);
        return Reflect.construct(target, args, made === Bytes ? target : made);
      },
    });
    vi.stubGlobal('Uint8Array', Bytes);
    return lengths;
  }

  it('is not allocated by the claim of a server that sends few bytes', async () => {
    const size = 2 ** 28;
    const opening: typeof fetch = async (_, init) => {
      const [from, last] =
        /(\d+)-(\d+)/.exec(new Headers(init?.headers).get('range') ?? '')?.slice(1) ?? [];
      const body = from === '0' ? file.slice(0, KEPT) : file.slice(0, 1000);
      const headers = { 'content-range': `bytes ${from}-${last}/${size}` };
      return new Response(body, { status: 206, headers });
    };
    const source = await open({ fetch: opening }, { retries: 0 });
    const lengths = lengthsTaken();
    const error = await rejection(source.read(KEPT, 2 ** 27), 'ERR_SOURCE_FAILED');
    expect(error.offset).toBe(KEPT + 1000);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(2 ** 20);
  });

  it('grows with the arriving bytes, also over a response that breaks off', async () => {
    const large = bytesOf(5_000_000);
    const { requests, ...fetching } = server(large, (answer, { index }) => {
      if (index === 1) answer.body = (answer.body as Uint8Array).subarray(0, 2_345_678);
    });
    const source = await open(fetching);
    const lengths = lengthsTaken();
    expectSame(await source.read(3, 4_999_000), large.subarray(3, 4_999_003));
    expect(requests.map(({ from }) => from)).toEqual([0, 3, 2_345_681]);
    expect(Math.max(...lengths)).toBe(4_999_000);
  });
});
