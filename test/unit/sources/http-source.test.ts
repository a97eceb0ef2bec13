// httpSource against answers from memory: its requests and its options. Real servers: http-source.node.test.ts. False
// answers: http-answer.test.ts.

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
    ['headers', { headers: { range: 'bytes=0-1' } }, /must not contain Range/],
    ['headers', { headers: { 'IF-RANGE': '"a"' } }, /must not contain If-Range/],
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
    ['https://:secret@example.com/', /options\.headers as Authorization/],
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
