// httpSource on real servers: ranges, temporary failures and messages. Answers from memory: http-source.test.ts.

import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { httpSource } from '../../../src/sources/http.ts';
import { rejection } from '../../support/errors.ts';
import {
  cutAfter,
  expectSame,
  file,
  KEPT,
  part,
  QUICK,
  right,
  silent,
  watchedSignal,
} from '../../support/http-file.ts';
import { type Answer, serve, status, until, whole } from '../../support/server.ts';

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
    await rejection(httpSource(url, { ...QUICK, retries: 0, timeout: 1000 }), 'ERR_SOURCE_FAILED');
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
    // Long enough for a busy machine to receive both requests.
    const work = httpSource(url, { ...QUICK, timeout: 1000, retries: 1 });
    const error = await rejection(work, 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/sent no byte for 1000 ms \(attempt 2 of 2\): check the network/);
    expect(error.cause).toMatchObject({ name: 'TimeoutError' });
    await until(() => closed[0] === true && closed[1] === true);
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
