// httpSource against real servers: failures, retries, and connections that stay open.

import type { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { equalBytes } from '../../../src/bytes.ts';
import { httpSource } from '../../../src/sources/http.ts';
import type { HttpSourceInit } from '../../../src/sources/http-options.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { type Answer, partOf, serve, status, until, whole } from '../../support/server.ts';

const KEPT = 65_536;
const file = bytesOf(300_000);
const QUICK = { retryDelay: 1 } as const;

const right = partOf(file);

/** The right headers, `count` bytes, and then the connection is cut. */
const cutAfter =
  (count: number): Answer =>
  (response, { first, last }) => {
    response.writeHead(206, {
      'Content-Range': `bytes ${first}-${last}/${file.length}`,
      'Content-Length': last - first + 1,
      ETag: '"v1"',
    });
    response.write(file.subarray(first, first + count), () => response.destroy());
  };

const silent: Answer = () => {};

const part = (offset: number, length: number) => file.slice(offset, offset + length);
/** Quicker than toEqual on many bytes. */
function expectSame(read: Uint8Array, expected: Uint8Array): void {
  expect(read).toBeInstanceOf(Uint8Array);
  expect(read.length).toBe(expected.length);
  expect(equalBytes(read, expected)).toBe(true);
}

describe('httpSource on a server', () => {
  it('reads ranges of one version', async () => {
    const { url, ranges, conditions } = await serve(right);
    const source = await httpSource(url);
    expect(source.size).toBe(file.length);
    expectSame(await source.read(0, KEPT), part(0, KEPT));
    expectSame(await source.read(70_000, 1000), part(70_000, 1000));
    expectSame(await source.read(299_999, 1), part(299_999, 1));
    expect(ranges).toEqual(['bytes=0-65535', 'bytes=70000-70999', 'bytes=299999-299999']);
    expect(conditions).toEqual([undefined, '"v1"', '"v1"']);
  });

  it('reads 64 parts at once', async () => {
    const { url, ranges } = await serve((response, asked) => {
      setTimeout(() => right(response, asked), asked.index % 7);
    });
    const warnings: unknown[] = [];
    const warn = (warning: unknown) => warnings.push(warning);
    process.on('warning', warn);
    const { signal, listeners } = watchedSignal();
    const source = await httpSource(url, { signal });
    const places = Array.from({ length: 64 }, (_, i) => KEPT + 3000 * i);
    const read = await Promise.all(places.map((place) => source.read(place, 2999, signal)));
    places.forEach((place, i) => {
      expectSame(read[i] as Uint8Array, part(place, 2999));
    });
    expect(listeners.size).toBe(0);
    expect(ranges).toHaveLength(65);
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });

  it('follows a redirect, and keeps the range and the condition', async () => {
    const target = await serve(right);
    const { url } = await serve((response) => {
      response.writeHead(302, { Location: target.url }).end();
    });
    const source = await httpSource(url);
    expectSame(await source.read(100_000, 10), part(100_000, 10));
    expect(target.ranges).toEqual(['bytes=0-65535', 'bytes=100000-100009']);
    expect(target.conditions).toEqual([undefined, '"v1"']);
  });

  it('refuses a file that a deploy replaced, if the server supports If-Range', async () => {
    let version = 1;
    const { url, ranges } = await serve((response, asked) => {
      const condition = asked.request.headers['if-range'];
      if (condition !== undefined && condition !== `"v${version}"`) {
        response.writeHead(200, { ETag: `"v${version}"` }).end(file);
      } else right(response, asked);
    });
    const source = await httpSource(url, QUICK);
    expectSame(await source.read(100_000, 10), part(100_000, 10));
    version = 2;
    const error = await rejection(source.read(100_000, 10), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/replaced while it was being read: open it again/);
    expect(ranges).toHaveLength(3);
  });

  it('refuses a file that was replaced between two attempts of one read', async () => {
    const { url, ranges } = await serve(right, cutAfter(1000), (response, asked) => {
      response.setHeader('Last-Modified', 'x');
      response.writeHead(206, {
        'Content-Range': `bytes ${asked.first}-${asked.last}/${file.length}`,
        ETag: '"v2"',
      });
      response.end(file.subarray(asked.first, asked.last + 1));
    });
    const source = await httpSource(url, QUICK);
    const error = await rejection(source.read(100_000, 5000), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/replaced/);
    expect(error.offset).toBe(101_000);
    expect(ranges).toHaveLength(3);
  });
});

describe('a temporary failure', () => {
  it('in the middle of a body makes the next attempt continue at the byte that was reached', async () => {
    const { url, ranges, conditions } = await serve(right, cutAfter(1000), cutAfter(2500), right);
    const source = await httpSource(url, QUICK);
    expectSame(await source.read(100_000, 50_000), part(100_000, 50_000));
    expect(ranges.slice(1)).toEqual([
      'bytes=100000-149999',
      'bytes=101000-149999',
      'bytes=103500-149999',
    ]);
    expect(conditions.slice(1)).toEqual(['"v1"', '"v1"', '"v1"']);
  });

  it('during the opening is continued too, with the validator of the first response', async () => {
    const { url, ranges, conditions } = await serve(cutAfter(10_000), right);
    const source = await httpSource(url, QUICK);
    expect(source.size).toBe(file.length);
    expectSame(await source.read(0, KEPT), part(0, KEPT));
    expect(ranges).toEqual(['bytes=0-65535', 'bytes=10000-65535']);
    expect(conditions).toEqual([undefined, '"v1"']);
  });

  it('during the opening of a file that is shorter than the first range is continued', async () => {
    const short: Answer = (response, { first, index }) => {
      response.writeHead(206, {
        'Content-Range': `bytes ${first}-999/1000`,
        'Content-Length': 1000 - first,
      });
      if (index === 0) response.write(file.subarray(0, 400), () => response.destroy());
      else response.end(file.subarray(first, 1000));
    };
    const { url, ranges } = await serve(short);
    const source = await httpSource(url, QUICK);
    expect(source.size).toBe(1000);
    expectSame(await source.read(0, 1000), part(0, 1000));
    expect(ranges).toEqual(['bytes=0-65535', 'bytes=400-65535']);
  });

  it.each([0, 1, 3])(
    'that stays ends after %i further attempts with the offset',
    async (retries) => {
      const { url, ranges } = await serve(right, cutAfter(100));
      const source = await httpSource(url, { ...QUICK, retries });
      const error = await rejection(source.read(100_000, 5000), 'ERR_SOURCE_FAILED');
      const reached = 100_000 + 100 * (retries + 1);
      expect(error.message).toContain(
        `broke off at byte ${reached} (attempt ${retries + 1} of ${retries + 1}): check the network`,
      );
      expect(error.offset).toBe(reached);
      expect(error.cause).toBeInstanceOf(Error);
      expect(ranges).toHaveLength(retries + 2);
    },
  );

  it('includes a body that ends early without an error', async () => {
    const { url, ranges } = await serve(right, (response, { first, last }) => {
      response.writeHead(206, {
        'Content-Range': `bytes ${first}-${last}/${file.length}`,
        ETag: '"v1"',
      });
      response.end(file.subarray(first, first + 10));
    });
    const source = await httpSource(url, { ...QUICK, retries: 2 });
    const error = await rejection(source.read(100_000, 50), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/broke off at byte 100030 \(attempt 3 of 3\)/);
    expect(ranges.slice(1)).toEqual([
      'bytes=100000-100049',
      'bytes=100010-100049',
      'bytes=100020-100049',
    ]);
  });

  it('after the last byte is ignored', async () => {
    const { url, ranges } = await serve(right, (response, { first, last }) => {
      response.writeHead(206, {
        'Content-Range': `bytes ${first}-${last}/${file.length}`,
        ETag: '"v1"',
      });
      // Chunked, and cut before the chunk that ends it.
      response.write(file.subarray(first, last + 1), () => response.destroy());
    });
    const source = await httpSource(url, QUICK);
    expectSame(await source.read(100_000, 50), part(100_000, 50));
    expect(ranges).toHaveLength(2);
  });

  it.each([408, 425, 429, 500, 502, 503, 504])('with status %i is repeated', async (code) => {
    const { url, ranges } = await serve(status(code), right, status(code), right);
    const source = await httpSource(url, QUICK);
    expectSame(await source.read(100_000, 10), part(100_000, 10));
    expect(ranges).toHaveLength(4);
  });

  it('that stays is reported with its status in the message', async () => {
    const { url, ranges } = await serve(right, status(503));
    const source = await httpSource(url, QUICK);
    const error = await rejection(source.read(100_000, 10), 'ERR_SOURCE_FAILED');
    expect(error.message).toBe(`${url} answered 503 (attempt 4 of 4): try again later`);
    expect(error.offset).toBe(100_000);
    expect(ranges).toHaveLength(5);
  });

  it.each([400, 401, 403, 404, 410, 501])('does not include status %i', async (code) => {
    const { url, ranges } = await serve(status(code));
    const error = await rejection(httpSource(url), 'ERR_SOURCE_FAILED');
    expect(error.message).toContain(`answered ${code}: `);
    expect(ranges).toHaveLength(1);
  });

  it.each([200, 206, 404, 503])('leaves no body of status %i unread', async (code) => {
    const endless: Answer = (response) => response.writeHead(code).write('x');
    const { url, closed } = await serve(endless);
    await rejection(httpSource(url, { ...QUICK, retries: 0, timeout: 300 }), 'ERR_SOURCE_FAILED');
    await until(() => closed[0] === true);
  });

  it('includes a server that cannot be reached', async () => {
    const { url, server } = await serve(right);
    const source = await httpSource(url, { ...QUICK, retries: 1 });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const error = await rejection(source.read(100_000, 10), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/could not be reached \(attempt 2 of 2\): check the network/);
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(error.offset).toBe(100_000);
  });

  it('includes a server that is silent before its headers', async () => {
    const { url, closed } = await serve(silent);
    const work = httpSource(url, { ...QUICK, timeout: 150, retries: 1 });
    const error = await rejection(work, 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/sent no byte for 150 ms \(attempt 2 of 2\): check the network/);
    expect(error.cause).toMatchObject({ name: 'TimeoutError' });
    await until(() => closed[0] === true && closed[1] === true);
  });
});

describe('a server that ignores ranges', () => {
  it('is refused with a remedy', async () => {
    const { url, ranges, closed } = await serve(whole(file));
    const error = await rejection(httpSource(url, QUICK), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/sent the whole file.*set ignoredRange to 'read-through'$/);
    expect(ranges).toHaveLength(4);
    await until(() => closed.filter(Boolean).length === 4);
  });

  it('and sends "Accept-Ranges: none" is refused at the first attempt', async () => {
    const { url, ranges } = await serve(whole(file, true, { 'Accept-Ranges': 'none' }));
    const error = await rejection(httpSource(url, QUICK), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/sent the whole file.*set ignoredRange to 'read-through'$/);
    expect(ranges).toHaveLength(1);
  });

  it('only in some responses is asked again, also during the opening', async () => {
    const large = bytesOf(2_000_000);
    const unannounced: Answer = (response) => response.writeHead(200, { ETag: '"v1"' }).end(large);
    for (const ignoring of [whole(large, true, { ETag: '"v1"' }), unannounced]) {
      const { url, ranges, closed } = await serve(ignoring, partOf(large), ignoring, partOf(large));
      const source = await httpSource(url, QUICK);
      expectSame(await source.read(1_500_000, 10), large.slice(1_500_000, 1_500_010));
      expect(ranges).toHaveLength(4);
      await until(() => closed[0] === true && closed[2] === true);
    }
  });

  it('is accepted for a file of up to 1 MiB', async () => {
    const { url, ranges } = await serve(right, whole(file, true, { ETag: '"v1"' }));
    const source = await httpSource(url, { ...QUICK, retries: 0 });
    expectSame(await source.read(100_000, 10), part(100_000, 10));
    expectSame(await source.read(299_990, 10), part(299_990, 10));
    expect(ranges).toHaveLength(3);
  });

  it.each([true, false])(
    'gives a file that is no larger than the first range (length announced: %s)',
    async (announced) => {
      for (const size of [0, 1, 3000, KEPT - 1, KEPT]) {
        const { url, ranges } = await serve(whole(file.subarray(0, size), announced));
        const source = await httpSource(url, { retries: 0 });
        expect(source.size).toBe(size);
        expectSame(await source.read(0, size), part(0, size));
        expect(ranges).toHaveLength(1);
      }
      const { url } = await serve(whole(file.subarray(0, KEPT + 1), announced));
      const error = await rejection(httpSource(url, { retries: 0 }), 'ERR_SOURCE_FAILED');
      expect(error.message).toMatch(/sent the whole file/);
    },
  );

  it.each([true, false])('is read through on request (length announced: %s)', async (announced) => {
    for (const size of [0, 1, KEPT - 1, KEPT, KEPT + 1, 300_000]) {
      const bytes = file.subarray(0, size);
      const { url, ranges } = await serve(whole(bytes, announced));
      const source = await httpSource(url, { ignoredRange: 'read-through' });
      expect(source.size).toBe(size);
      expectSame(await source.read(0, Math.min(size, KEPT)), bytes.slice(0, KEPT));
      expect(ranges).toHaveLength(1);
      if (size <= KEPT) continue;
      expectSame(await source.read(size - 1, 1), bytes.slice(size - 1));
      expectSame(await source.read(100, size - 100), bytes.slice(100));
      expect(ranges).toHaveLength(3);
    }
  });

  it('sends only the bytes up to the end of the read, for a file far larger than memory', async () => {
    const size = 2 ** 40;
    let sent = 0;
    const endless: Answer = (response) => {
      response.writeHead(200, { 'Content-Length': size });
      const block = Buffer.alloc(KEPT, 7);
      const more = () => {
        while (!response.destroyed && response.write(block)) sent += block.length;
        sent += block.length;
      };
      response.on('drain', more);
      more();
    };
    const { url, closed } = await serve(endless);
    const source = await httpSource(url, { ignoredRange: 'read-through' });
    expect(source.size).toBe(size);
    expectSame(await source.read(3_000_000, 100), new Uint8Array(100).fill(7));
    await until(() => closed[0] === true && closed[1] === true);
    expect(sent).toBeLessThan(100 * 2 ** 20);
  });

  it('may be silent after the last byte that a read needs', async () => {
    const { url } = await serve((response) => {
      response.writeHead(200, { 'Content-Length': file.length });
      response.write(file.subarray(0, 150_000));
    });
    const init = { ignoredRange: 'read-through', retries: 0 } as const;
    const source = await httpSource(url, init);
    expectSame(await source.read(149_990, 10), file.slice(149_990, 150_000));
  });

  it('and breaks off the body is read through again', async () => {
    let index = 0;
    const { url, ranges } = await serve((response) => {
      response.writeHead(200, { 'Content-Length': file.length });
      if (index++ !== 1) response.end(file);
      else response.write(file.subarray(0, 120_000), () => response.destroy());
    });
    const source = await httpSource(url, { ...QUICK, ignoredRange: 'read-through' });
    expectSame(await source.read(100_000, 50_000), part(100_000, 50_000));
    expect(ranges.slice(1)).toEqual(['bytes=100000-149999', 'bytes=120000-149999']);
  });

  it('and breaks off while its bytes are counted makes the count start again', async () => {
    const cut: Answer = (response) => {
      response.writeHead(200);
      response.write(file.subarray(0, 90_000), () => response.destroy());
    };
    const { url, ranges } = await serve(cut, whole(file, false));
    const source = await httpSource(url, { ...QUICK, ignoredRange: 'read-through' });
    expect(source.size).toBe(file.length);
    expectSame(await source.read(0, KEPT), part(0, KEPT));
    expect(ranges).toEqual(['bytes=0-65535', 'bytes=0-65535']);

    // The error names the byte, although the bytes before it are dropped.
    const always = await serve(cut);
    const init = { ...QUICK, retries: 0, ignoredRange: 'read-through' } as const;
    const error = await rejection(httpSource(always.url, init), 'ERR_SOURCE_FAILED');
    expect(error.message).toContain('broke off at byte 90000');

    // Data of the first answer must not be used after it.
    const mixed = await serve(cut, (response, { first }) => {
      response
        .writeHead(206, { 'Content-Range': `bytes ${first}-9/10` })
        .end(bytesOf(20).subarray(10));
    });
    const small = await httpSource(mixed.url, { ...QUICK, ignoredRange: 'read-through' });
    expect(small.size).toBe(10);
    expectSame(await small.read(0, 10), bytesOf(20).slice(10));
  });

  it('only in some responses is read through in those', async () => {
    const tagged: Answer = (response) => response.writeHead(200, { ETag: '"v1"' }).end(file);
    const { url } = await serve(right, tagged, right);
    const source = await httpSource(url, { ignoredRange: 'read-through' });
    for (let i = 0; i < 2; i++) expectSame(await source.read(100_000, 10), part(100_000, 10));
  });
});

/** A signal that knows how many listen to it. */
function watchedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (type: string, listener: never, options?: never) => {
    listeners.add(listener);
    addEventListener.call(signal, type, listener, options);
  };
  signal.removeEventListener = (type: string, listener: never) => {
    listeners.delete(listener);
    removeEventListener.call(signal, type, listener);
  };
  return { signal, listeners, abort: (reason?: unknown) => controller.abort(reason) };
}

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

describe('messages', () => {
  it('name the URL without its possible secrets', async () => {
    const answers: Answer[] = [
      status(404),
      status(503),
      whole(file, true),
      cutAfter(10),
      (response) => (response.socket as Socket).destroy(),
      (response) => response.writeHead(206).end(),
    ];
    for (const answer of answers) {
      const { url } = await serve(answer);
      const work = httpSource(`${url}?token=secret#secret`, { ...QUICK, retries: 1 });
      const error = await rejection(work, 'ERR_SOURCE_FAILED');
      expect(error.message.startsWith(`${url} `)).toBe(true);
      expect(error.message).not.toContain('secret');
    }
  });

  it('lack the query, but the server gets it', async () => {
    let asked: string | undefined;
    const { url } = await serve((response, all) => {
      asked = all.request.url;
      right(response, all);
    });
    await httpSource(`${url}?token=secret#part`);
    expect(asked).toBe('/app.sealed?token=secret');
  });
});
