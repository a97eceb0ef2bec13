// httpSource in a page, with a stand-in for its location. The same in Chromium: http-page.node.test.ts.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { httpSource } from '../../../src/sources/http.ts';
import type { HttpSourceInit } from '../../../src/sources/http-options.ts';
import { rejection } from '../../support/errors.ts';
import { expectSame, file, server } from '../../support/http-memory.ts';

const ORIGIN = 'https://app.example.com';
const OWN = `${ORIGIN}/files/app.sealed`;
const OTHER = 'https://cdn.example.org/app.sealed';
const HEADERS = { authorization: 'Bearer s3cret' };

beforeEach(() => {
  vi.stubGlobal('location', { origin: ORIGIN, href: `${ORIGIN}/files/index.html` });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const tagged = (etag: string) => (answer: { headers: Record<string, string> }) => {
  answer.headers['etag'] = etag;
};

describe('a page', () => {
  it('takes a relative URL from its own address', async () => {
    const urls: unknown[] = [];
    const { fetch: answers } = server(file);
    const watched: typeof fetch = (url, init) => {
      urls.push(url);
      return answers(url, init);
    };
    await httpSource('app.sealed', { fetch: watched });
    expect(urls).toEqual([OWN]);
  });

  it.each<[string, HttpSourceInit, (string | null)[]]>([
    [OWN, {}, [null, '"v1"']],
    [OTHER, {}, [null, null]],
    [OTHER, { validators: 'if-range' }, [null, '"v1"']],
  ])('reads %s with %o and sends If-Range %o', async (url, init, conditions) => {
    const { requests, fetch: answers } = server(file, tagged('"v1"'));
    const source = await httpSource(url, { ...init, fetch: answers });
    expectSame(await source.read(100_000, 10), file.slice(100_000, 100_010));
    expect(requests.map(({ headers }) => headers.get('if-range'))).toEqual(conditions);
  });

  it('refuses a file of another origin that was replaced', async () => {
    const { fetch: answers } = server(file, (answer, { index }) => tagged(`"v${index}"`)(answer));
    const source = await httpSource(OTHER, { fetch: answers });
    const error = await rejection(source.read(100_000, 10), 'ERR_SOURCE_FAILED');
    expect(error.message).toContain('was replaced while it was being read');
  });

  it.each<[string, HttpSourceInit, string]>([
    [OWN, {}, 'check the network and the URL'],
    [
      OTHER,
      {},
      'check the network and the URL, and that the server allows this origin, the headers Range, and those in options.headers (CORS)',
    ],
    [
      OTHER,
      { validators: 'if-range' },
      'check the network and the URL, and that the server allows this origin, the headers Range and If-Range, and those in options.headers (CORS)',
    ],
  ])('that cannot reach %s with %o says what to check', async (url, init, advice) => {
    const unreachable = () => Promise.reject(new TypeError('Failed to fetch'));
    const work = httpSource(url, { ...init, retries: 0, fetch: unreachable });
    const error = await rejection(work, 'ERR_SOURCE_FAILED');
    expect(error.message).toBe(`${url} could not be reached (attempt 1 of 1): ${advice}`);
  });

  it('that sees no redirects lets the browser follow them within its own origin if there are headers', async () => {
    const inits: RequestInit[] = [];
    const { fetch: answers } = server(file);
    const opaque = { status: 0, type: 'opaqueredirect', headers: new Headers(), body: null };
    const browser: typeof fetch = async (url, init = {}) => {
      inits.push(init);
      return init.redirect === 'manual' ? (opaque as Response) : answers(url, init);
    };
    await httpSource(OWN, { headers: HEADERS, fetch: browser });
    expect(inits).toMatchObject([
      { redirect: 'manual' },
      { redirect: 'follow', mode: 'same-origin' },
    ]);
    const work = httpSource(OTHER, { headers: HEADERS, fetch: browser });
    const error = await rejection(work, 'ERR_SOURCE_FAILED');
    expect(error.message).toContain('redirects, and a page cannot see where to');
    expect(inits).toHaveLength(3);
  });

  it('says that such a redirect may have led to another origin', async () => {
    const opaque = { status: 0, type: 'opaqueredirect', headers: new Headers(), body: null };
    const browser: typeof fetch = async (_, init = {}) => {
      if (init.redirect === 'manual') return opaque as Response;
      throw new TypeError('Failed to fetch');
    };
    const work = httpSource(OWN, { headers: HEADERS, retries: 0, fetch: browser });
    const error = await rejection(work, 'ERR_SOURCE_FAILED');
    expect(error.message).toContain('whose redirect may lead to another origin');
  });
});
