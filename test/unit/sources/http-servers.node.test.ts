// httpSource against servers that are slow, small, compressed or of two minds.

import { gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { encryptBundle, openBundle } from '../../../src/index.ts';
import { httpSource } from '../../../src/sources/http.ts';
import { openZip, zipBundle } from '../../../src/zip.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { type Answer, partOf, serve, status, until, whole } from '../../support/server.ts';
import { keyA } from '../../support/vectors.ts';

const KEPT = 65_536;
const file = bytesOf(300_000);
const right = partOf(file);
const QUICK = { retryDelay: 1, retries: 0 } as const;

/** Right headers, and then one byte every 20 ms for ever. */
const dripping =
  (code: number, headers: Record<string, string | number> = {}): Answer =>
  (response) => {
    response.writeHead(code, headers);
    const timer = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(timer));
  };

/** An endless body that is sent as fast as it is read. */
const endless =
  (code: number, headers: Record<string, string | number> = {}, sent = { bytes: 0 }): Answer =>
  (response) => {
    response.writeHead(code, headers);
    const block = Buffer.alloc(KEPT, 7);
    const more = () => {
      do sent.bytes += block.length;
      while (!response.destroyed && response.write(block));
    };
    response.on('drain', more);
    more();
  };

describe('a server that sends single bytes slowly', () => {
  const range = { 'Content-Range': `bytes 0-${KEPT - 1}/${file.length}` };

  it.each<[string, Answer]>([
    ['of a range', dripping(206, range)],
    ['of a file without a length', dripping(200)],
    ['of an error, which nobody reads', dripping(503)],
  ])('%s holds no opening for ever', async (_, answer) => {
    const { url, closed } = await serve(answer);
    const work = httpSource(url, { ...QUICK, timeout: 1000, retries: 0 });
    const error = await rejection(work, 'ERR_SOURCE_FAILED');
    // On a busy machine no byte may arrive in this time.
    expect(error.message).toMatch(
      /sent (\d+ bytes in|no byte for) 1000 ms|and at least 16384 or|answered 503/,
    );
    await until(() => closed[0] === true);
  });

  it('cannot delay a read forever, with any number of retries', async () => {
    const drip = dripping(206, {
      'Content-Range': `bytes 100000-149999/${file.length}`,
      ETag: '"v1"',
    });
    let isOpen = false;
    const { url, ranges, closed } = await serve((response, asked) =>
      (isOpen ? drip : right)(response, asked),
    );
    const source = await httpSource(url, { ...QUICK, timeout: 3000 });
    isOpen = true;
    const opened = ranges.length;
    const error = await rejection(source.read(100_000, 50_000), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/sent \d+ bytes in 3000 ms/);
    expect(error.cause).toMatchObject({ name: 'TimeoutError' });
    expect(ranges.length - opened).toBe(1);
    await until(() => closed.length === ranges.length && closed.every(Boolean));
  });

  it('cannot delay the counting forever', async () => {
    const { url } = await serve(dripping(200));
    const init = { ...QUICK, timeout: 1000, ignoredRange: 'read-through' } as const;
    const error = await rejection(httpSource(url, init), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/sent (\d+ bytes in|no byte for) 1000 ms/);
  });
});

describe('the deadline', () => {
  it('does not keep the process alive', async () => {
    const { url, ranges } = await serve(() => {});
    const started = vi.spyOn(globalThis, 'setTimeout');
    const controller = new AbortController();
    const work = httpSource(url, { timeout: 100_000, signal: controller.signal });
    await until(() => ranges.length === 1);
    const deadlines = started.mock.results.filter((_, i) => started.mock.calls[i]?.[1] === 100_000);
    started.mockRestore();
    expect(deadlines.map(({ value }) => value.hasRef())).toEqual([false]);
    controller.abort();
    await expect(work).rejects.toBe(controller.signal.reason);
  });
});

describe('a body without an end', () => {
  it.each<[string, Record<string, string | number>, RegExp]>([
    ['without a length', {}, /sent the whole file/],
    ['with a length beyond measure', { 'Content-Length': 2 ** 50 }, /sent the whole file/],
  ])('is read no further than the first range: %s', async (_, headers, message) => {
    const sent = { bytes: 0 };
    const { url, closed } = await serve(endless(200, headers, sent));
    const error = await rejection(httpSource(url, QUICK), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(message);
    await until(() => closed[0] === true);
    expect(sent.bytes).toBeLessThan(50 * 2 ** 20);
  });

  it('instead of a range is refused at its first superfluous byte', async () => {
    const { url, closed } = await serve(
      endless(206, { 'Content-Range': `bytes 0-${KEPT - 1}/${file.length}` }),
    );
    const error = await rejection(httpSource(url, QUICK), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/more bytes than it announced/);
    await until(() => closed[0] === true);
  });

  it('is counted up to 256 MiB in read-through', async () => {
    const block = new Uint8Array(2 ** 20);
    let pulls = 0;
    let cancelled = false;
    const fetching: typeof fetch = async () =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            pulls++;
            controller.enqueue(block);
          },
          cancel: () => {
            cancelled = true;
          },
        }),
      );
    const init = { ...QUICK, fetch: fetching, ignoredRange: 'read-through' } as const;
    const error = await rejection(httpSource('https://example.com/a', init), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/sent more than 268435456 bytes without a Content-Length/);
    expect(pulls).toBeLessThan(260);
    expect(cancelled).toBe(true);
  });

  it('does not block timers if its parts are empty', async () => {
    const fetching: typeof fetch = async () => {
      const body = new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(0)),
      });
      return new Response(body, { status: 206, headers: { 'content-range': 'bytes 0-9/10' } });
    };
    const work = httpSource('https://example.com/a', { ...QUICK, fetch: fetching, timeout: 50 });
    const error = await rejection(work, 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/sent no byte for 50 ms/);
  });
});

describe('a file that ends before the first range', () => {
  const small = file.subarray(0, 3000);
  const unsatisfied = status(416, { 'Content-Range': 'bytes */3000' });

  it('is requested by its size after a 416', async () => {
    const { url, ranges } = await serve(unsatisfied, partOf(small));
    const source = await httpSource(url, QUICK);
    expect(await source.read(0, 3000)).toEqual(small.slice());
    expect(ranges).toEqual(['bytes=0-65535', 'bytes=0-2999']);
  });

  it('is requested without a range after two responses with 416', async () => {
    const { url, ranges } = await serve(unsatisfied, unsatisfied, whole(small));
    const source = await httpSource(url, QUICK);
    expect(await source.read(0, 3000)).toEqual(small.slice());
    expect(ranges).toEqual(['bytes=0-65535', 'bytes=0-2999', undefined]);
  });

  it('is refused after a third response with 416', async () => {
    const { url, ranges } = await serve(unsatisfied);
    const error = await rejection(httpSource(url, QUICK), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/answered 416 \(range not satisfiable\) to bytes 0 to 2999/);
    expect(ranges).toHaveLength(3);
  });

  it('may have grown before it is requested by its size', async () => {
    const { url } = await serve(unsatisfied, partOf(file), partOf(file));
    const source = await httpSource(url, QUICK);
    expect(source.size).toBe(file.length);
    expect(await source.read(2990, 20)).toEqual(file.slice(2990, 3010));
  });

  it.each([
    ['no size', {}],
    ['a size beyond the range', { 'Content-Range': 'bytes */300000' }],
    ['no number', { 'Content-Range': 'bytes */x' }],
  ])('is refused if a 416 names %s', async (_, headers) => {
    const { url, ranges } = await serve(status(416, headers as Record<string, string>));
    const error = await rejection(httpSource(url, QUICK), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/answered 416 \(range not satisfiable\)/);
    expect(ranges).toHaveLength(1);
  });
});

describe('compression', () => {
  it('is declined in requests, and refused with a remedy in responses', async () => {
    const { url, headers } = await serve((response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(file));
    });
    const error = await rejection(httpSource(url, QUICK), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/turn compression off for this file on the server or CDN$/);
    // Node adds its own where there is a Range.
    expect(headers[0]?.['accept-encoding']).toMatch(/^identity(, identity)?$/);
  });
});

describe('servers of one name that disagree', () => {
  const date = (second: number) => `Mon, 02 Jun 2025 00:00:0${second % 10} GMT`;
  const replicas: [string, (index: number) => Record<string, string>][] = [
    ['about Last-Modified', (i) => ({ 'Last-Modified': date(i) })],
    ['about the ETag', (i) => ({ ETag: `"${i}"` })],
    ['whether the ETag is weak', (i) => ({ ETag: i === 0 ? '"v1"' : 'W/"v1"' })],
    ['whether there is an ETag', (i): Record<string, string> => (i === 0 ? { ETag: '"v1"' } : {})],
  ];
  const disagreeing =
    (bytes: Uint8Array, headersOf: (index: number) => Record<string, string>): Answer =>
    (response, asked) =>
      partOf(bytes, headersOf(asked.index))(response, asked);

  it.each(replicas)('%s do not affect openBundle', async (_, headersOf) => {
    const { bytes } = await encryptBundle(file, { privateKey: keyA.pkcs8, chunkSize: 16_384 });
    const { url, conditions } = await serve(disagreeing(bytes, headersOf));
    const source = await httpSource(url, QUICK);
    const reader = await openBundle(source, { publicKey: keyA.spki });
    expect(await reader.read(200_000, 10)).toEqual(file.slice(200_000, 200_010));
    expect(await reader.read(100_000, 10)).toEqual(file.slice(100_000, 100_010));
    expect(conditions).toEqual([undefined, undefined, undefined]);
    reader.close();
  });

  it.each(replicas)('%s end the reading of a plain zip', async (_, headersOf) => {
    const zip = await zipBundle({ 'a.bin': file, 'b.bin': bytesOf(100_000) });
    const { url } = await serve(disagreeing(zip, headersOf));
    const work = async () => (await openZip(await httpSource(url, QUICK))).read('a.bin');
    const error = await rejection(work(), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/was replaced while it was being read/);
    const lenient = await openZip(await httpSource(url, { ...QUICK, validators: 'ignore' }));
    expect((await lenient.read('b.bin')).length).toBe(100_000);
  });

  it('are accepted if the strong ETag is equal, with any Last-Modified', async () => {
    const headersOf = (i: number) => ({ ETag: '"v1"', 'Last-Modified': date(i) });
    const { url, conditions } = await serve(disagreeing(file, headersOf));
    const source = await httpSource(url, QUICK);
    expect(await source.read(200_000, 10)).toEqual(file.slice(200_000, 200_010));
    expect(conditions).toEqual([undefined, '"v1"']);
  });

  it('make the opening start again if they disagree during it', async () => {
    const cut: Answer = (response, { first, last }) => {
      const range = `bytes ${first}-${last}/${file.length}`;
      response.writeHead(206, { 'Content-Range': range, ETag: '"v1"' });
      response.write(new Uint8Array(1000), () => response.destroy());
    };
    const { url, ranges } = await serve(cut, partOf(file, { ETag: '"v2"' }));
    const source = await httpSource(url, { ...QUICK, retries: 2 });
    expect(await source.read(0, 2000)).toEqual(file.slice(0, 2000));
    expect(ranges).toEqual(['bytes=0-65535', 'bytes=1000-65535', 'bytes=0-65535']);
  });

  it('are compared for openBundle too if init.validators requests it', async () => {
    const { bytes } = await encryptBundle(file, { privateKey: keyA.pkcs8, chunkSize: 16_384 });
    const { url } = await serve(disagreeing(bytes, (i) => ({ ETag: `"${i}"` })));
    const source = await httpSource(url, { ...QUICK, validators: 'compare' });
    const reader = await openBundle(source, { publicKey: keyA.spki });
    await rejection(reader.read(200_000, 10), 'ERR_SOURCE_FAILED');
  });

  it('are refused for openBundle too if they disagree about the size', async () => {
    const { bytes } = await encryptBundle(file, { privateKey: keyA.pkcs8, chunkSize: 16_384 });
    const { url } = await serve(partOf(bytes), partOf(bytes.subarray(1)));
    const reader = await openBundle(await httpSource(url, QUICK), { publicKey: keyA.spki });
    const error = await rejection(reader.read(200_000, 10), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/replaced/);
  });
});

describe('validators', () => {
  it.each([
    ['if-range', '"v1"'],
    ['compare', undefined],
    ['ignore', undefined],
  ] as const)('%s sends If-Range or not', async (validators, condition) => {
    const { url, conditions } = await serve(right);
    const source = await httpSource(url, { validators });
    await source.read(100_000, 10);
    expect(conditions).toEqual([undefined, condition]);
  });

  it('compare notices another ETag', async () => {
    const { url } = await serve(right, partOf(file, { ETag: '"v2"' }));
    const source = await httpSource(url, { ...QUICK, validators: 'compare' });
    const error = await rejection(source.read(100_000, 10), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/replaced/);
  });
});
