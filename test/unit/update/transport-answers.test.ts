// What the transport makes of each answer of a mirror, and what its errors say.

import { describe, expect, it } from 'vitest';
import { selectBackend } from '../../../src/backend/select.ts';
import { readSettings } from '../../../src/update/options.ts';
import { createTransport } from '../../../src/update/transport.ts';
import { memoryBuiltIn, memoryStore } from '../../../src/update.ts';
import { bytesOf } from '../../support/bytes.ts';
import { keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

const MIRROR = 'https://one.example.com/';
const content = bytesOf(1000);
const body = content as Uint8Array<ArrayBuffer>;

async function transportOf(fetch: typeof globalThis.fetch) {
  const backend = await selectBackend('auto');
  const settings = readSettings({
    store: MIRROR,
    channel: 'production',
    appId: 'com.example.app',
    publicKey: keyB.spki,
    releases: memoryStore(),
    builtIn: await memoryBuiltIn({ a: utf8('a') }, { createdAt: '2026-11-26T08:55:00Z' }),
    retries: 1,
    retryDelay: 1,
    fetch,
  });
  return createTransport(settings, backend, () => {});
}

const { signal } = new AbortController();

describe('an object that cannot be fetched', () => {
  const cause = new TypeError('fetch failed');
  const mistake = 'upload the published file again, or purge the cache in front of the store';
  it.each<[string, () => Response, number, string]>([
    ...[403, 404, 410].map(
      (status) =>
        [
          `${status}`,
          () => new Response('', { status }),
          1,
          `answered ${status}, so the store does not have it: upload it, or try again after the upload`,
        ] as [string, () => Response, number, string],
    ),
    ...[400, 204, 500, 503].map(
      (status) =>
        [
          `${status}`,
          () => new Response(status === 204 ? null : '', { status }),
          2,
          `answered ${status}: try again later`,
        ] as [string, () => Response, number, string],
    ),
    [
      'a failure of the network',
      () => {
        throw cause;
      },
      2,
      'failed: try again later',
    ],
    [
      'other bytes',
      () => new Response(body.map((byte) => byte ^ 1)),
      1,
      `is not the object that the index names: ${mistake}`,
    ],
    [
      'more bytes',
      () => new Response(bytesOf(1001) as typeof body),
      1,
      `has more than 1000 bytes: ${mistake}`,
    ],
  ])('because the mirror answers with %s names its address', async (_, answer, count, message) => {
    let requests = 0;
    const transport = await transportOf(async () => {
      requests += 1;
      return answer();
    });
    const sha256 = await digestOf(content);
    const error = await outcome(transport.fetchObject({ sha256, size: 1000 }, signal, () => {}));
    expect(error).toMatchObject({
      code: 'ERR_SOURCE_FAILED',
      message: `${MIRROR}objects/${sha256}.sealed ${message}`,
    });
    expect(requests).toBe(count);
  });

  it('because the answer ends early names the mirror', async () => {
    const transport = await transportOf(async (_, init) => {
      const from = Number(/\d+/.exec(new Headers(init?.headers).get('range') ?? '0')?.[0]);
      const headers = { 'content-range': `bytes ${from}-999/1000` };
      return new Response(body.slice(from, 500), { status: from === 0 ? 200 : 206, headers });
    });
    const object = { sha256: await digestOf(content), size: 1000 };
    const error = await outcome(transport.fetchObject(object, signal, () => {}));
    expect(error).toMatchObject({
      message: `${MIRROR} ended before the whole object had come: try again later`,
    });
  });
});

describe('a small file', () => {
  const fetchWith = async (answer: () => Response, limit = 1000, known?: { etag: string }) => {
    const headers: (string | null)[] = [];
    const transport = await transportOf(async (_, init) => {
      headers.push(new Headers(init?.headers).get('if-none-match'));
      return answer();
    });
    const work = transport.fetchSmall(MIRROR, 'keys.sealed', limit, signal, known);
    return { headers, file: await work.catch((error: unknown) => error) };
  };

  it('is taken up to its limit and not beyond', async () => {
    const whole = await fetchWith(() => new Response(body));
    expect(whole.file).toEqual({ status: 'found', bytes: content });
    const tooLong = await fetchWith(() => new Response(body), 999);
    expect(tooLong.file).toMatchObject({
      code: 'ERR_SOURCE_FAILED',
      message: `${MIRROR}keys.sealed sent more than 999 bytes: try again later`,
    });
  });

  it.each([403, 404, 410])('is missing if the mirror answers %i', async (status) => {
    const { file } = await fetchWith(() => new Response('', { status }));
    expect(file).toEqual({ status: 'missing' });
  });

  it.each([
    ['of the type text/html', 'The app', 'text/html; charset=utf-8'],
    ['that begins as HTML, without its type', '\n<!DOCTYPE html>\n<title>The app</title>', ''],
    ['without a doctype', '<html lang="en"><title>The app</title></html>', 'text/plain'],
    ['that begins as HTML within 256 bytes', `${' '.repeat(241)}<!doctype html>`, 'text/plain'],
    ['whose text begins almost as a sealed file', 'BNDLSEAM', 'TEXT/HTML'],
  ])('is missing if the mirror answers with a page %s', async (_, text, type) => {
    const { file } = await fetchWith(
      () => new Response(text, { headers: { 'content-type': type } }),
    );
    expect(file).toEqual({ status: 'missing', isPage: true });
  });

  it.each([
    ['a type that only contains text/html', 'The app', 'multipart/mixed; of=text/html'],
    ['a type that only begins as text/html', 'The app', 'text/htmlx'],
    ['an element that only begins as html', '<html5>', 'text/plain'],
    ['HTML behind other text', 'See <html>', 'text/plain'],
    ['HTML after 256 bytes', `${' '.repeat(256)}<!doctype html>`, 'text/plain'],
  ])('is taken if the mirror answers with %s', async (_, text, type) => {
    const { file } = await fetchWith(
      () => new Response(text, { headers: { 'content-type': type } }),
    );
    expect(file).toEqual({ status: 'found', bytes: utf8(text) });
  });

  it('is taken if the mirror names the type of a page for a sealed file', async () => {
    const sealed = utf8('BNDLSEAL and more');
    const { file } = await fetchWith(
      () => new Response(sealed, { headers: { 'content-type': 'text/html' } }),
    );
    expect(file).toEqual({ status: 'found', bytes: sealed });
  });
});

async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The error with which a generator ends. */
async function outcome(pieces: AsyncGenerator<Uint8Array, void>): Promise<unknown> {
  try {
    for await (const piece of pieces) expect(piece.length).toBeGreaterThan(0);
    return undefined;
  } catch (error) {
    return error;
  }
}
