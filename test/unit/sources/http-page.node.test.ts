// httpSource in a real page: redirects that no script sees, and requests that cost no CORS preflight.

import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encryptBundle } from '../../../src/index.ts';
import { zipBundle } from '../../../src/zip.ts';
import { closePages, openBrowser } from '../../support/browser.ts';
import { bytesOf } from '../../support/bytes.ts';
import { pageScript } from '../../support/page-script.ts';
import { type Answer, partOf, serve } from '../../support/server.ts';
import { keyB } from '../../support/vectors.ts';

const PAGE = `
import { httpSource, openBundle } from './src/index.ts';
import { openZip } from './src/zip.ts';
// The cache of the browser would send If-Range of its own, and answer for the server.
const INIT = { retries: 0, cache: 'no-store' };
const outcome = async (work) => {
  try {
    return await work();
  } catch (error) {
    return error.code + ' ' + error.message;
  }
};
globalThis.sealed = (url, init) => outcome(async () => {
  const source = await httpSource(url, { ...INIT, ...init });
  const reader = await openBundle(source, { publicKey: PUBLIC_KEY });
  return [...(await reader.read(200_000, 5))];
});
globalThis.zipped = (url, init) => outcome(async () => {
  const reader = await openZip(await httpSource(url, { ...INIT, ...init }));
  return (await reader.read('b.bin')).length;
});
`;

const plain = bytesOf(300_000);
const HEADERS = { authorization: 'Bearer s3cret', 'x-api-key': 's3cret' };

/** Allows every origin, and answers a preflight by allowing the given headers. */
const shared =
  (answer: Answer, allowed = 'Range'): Answer =>
  (response, asked) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Expose-Headers', 'Content-Range, ETag');
    if (asked.request.method === 'OPTIONS') {
      response.writeHead(204, { 'Access-Control-Allow-Headers': allowed }).end();
    } else answer(response, asked);
  };

const to =
  (location: string): Answer =>
  (response) =>
    response.writeHead(302, { Location: location }).end();

describe('httpSource in Chromium', () => {
  let browser: Browser;
  let page: Page;
  let script: string;
  let sealed: Uint8Array;
  let zip: Uint8Array;

  beforeAll(async () => {
    const sealing = { privateKey: keyB.pkcs8, chunkSize: 16_384 };
    sealed = (await encryptBundle(plain, sealing)).bytes;
    zip = await zipBundle({ 'a.bin': plain, 'b.bin': bytesOf(100_000) });
    script = await pageScript(PAGE);
    browser = await openBrowser();
  });

  afterAll(closePages);

  /** A server with a page of its own origin; the test sets all other answers. */
  async function openPage(answer: Answer = (response) => response.writeHead(404).end()) {
    const home = await serve((response, asked) => {
      const { url } = asked.request;
      if (url === '/favicon.ico') response.writeHead(404).end();
      else if (url === '/page.js') response.writeHead(200).end(script);
      else if (url === '/') {
        response.writeHead(200, { 'Content-Type': 'text/html' });
        response.end('<!doctype html><script src="/page.js"></script>');
      } else answer(response, asked);
    });
    page = await browser.newPage();
    await page.goto(`${home.origin}/`);
    return home;
  }

  const run = (name: string, url: string, init = {}) =>
    page.evaluate(`${name}(${JSON.stringify(url)}, ${JSON.stringify(init)})`);
  const bytes = [...plain.subarray(200_000, 200_005)];

  it('needs no preflight and no permission for If-Range', async () => {
    await openPage();
    const other = await serve(shared(partOf(sealed)));
    expect(await run('sealed', other.url)).toEqual(bytes);
    const archive = await serve(shared(partOf(zip)));
    expect(await run('zipped', archive.url)).toBe(100_000);
    expect([...other.ranges, ...archive.ranges]).not.toContain(undefined);
    expect([...other.conditions, ...archive.conditions].some(Boolean)).toBe(false);
  });

  it('notices that a zip of another origin was replaced', async () => {
    await openPage();
    const archive = await serve(
      shared(partOf(zip, { ETag: '"v1"' })),
      shared(partOf(zip, { ETag: '"v2"' })),
    );
    expect(await run('zipped', archive.url)).toMatch(/^ERR_SOURCE_FAILED .*was replaced/);
  });

  it('follows a redirect to another origin without headers', async () => {
    const other = await serve(shared(partOf(sealed)));
    await openPage(to(other.url));
    expect(await run('sealed', '/moved')).toEqual(bytes);
  });

  it('lets no header of the caller follow a redirect to another origin', async () => {
    const other = await serve(shared(partOf(sealed), 'authorization, x-api-key, range'));
    const home = await openPage(to(other.url));
    expect(await run('sealed', '/moved', { headers: HEADERS })).toMatch(
      /^ERR_SOURCE_FAILED .*redirect may lead to another origin, where options\.headers are not sent/,
    );
    expect(home.headers.some((all) => all['x-api-key'] === 's3cret')).toBe(true);
    const third = await serve(shared(to(other.url), 'authorization, x-api-key, range'));
    expect(await run('sealed', third.url, { headers: HEADERS })).toMatch(
      /^ERR_SOURCE_FAILED .* redirects, and a page cannot see where to/,
    );
    expect(other.ranges).toEqual([]);
  });

  it('follows a redirect within the origin of the page with headers', async () => {
    const home = await openPage((response, asked) => {
      if (asked.request.url === '/moved') to('/here')(response, asked);
      else partOf(sealed)(response, asked);
    });
    expect(await run('sealed', '/moved', { headers: HEADERS })).toEqual(bytes);
    expect(home.headers.some((all) => all['x-api-key'] === 's3cret')).toBe(true);
  });
});
