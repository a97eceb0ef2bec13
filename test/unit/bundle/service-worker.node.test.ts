// A sealed download in a real page: straight from fetch, and through a service worker that opens it on the way.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encryptBundle } from '../../../src/index.ts';
import { closePages, openBrowser } from '../../support/browser.ts';
import { bytesOf } from '../../support/bytes.ts';
import { pageScript } from '../../support/page-script.ts';
import { keyB } from '../../support/vectors.ts';

const WORKER = `
import { decryptStream } from './src/index.ts';
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  const name = new URL(event.request.url).pathname;
  if (!name.startsWith('/opened/')) return;
  event.respondWith((async () => {
    const { body } = await fetch(name.replace('/opened/', '/sealed/'));
    return new Response(decryptStream(body, { publicKey: PUBLIC_KEY }));
  })());
});
`;

const PAGE = `
import { decryptStream, httpSource, openBundle } from './src/index.ts';
const digest = async (bytes) =>
  [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((b) => b.toString(16).padStart(2, '0')).join('');
const outcome = async (work) => {
  try {
    return { checksum: await digest(await work()) };
  } catch (error) {
    return { code: error.code, name: error.name };
  }
};
globalThis.straight = (name) => outcome(async () => {
  const { body } = await fetch('/sealed/' + name);
  const parts = [];
  // Not through a Response, which has a TypeError of its own for every failure.
  await decryptStream(body, { publicKey: PUBLIC_KEY }).pipeTo(new WritableStream({ write: (part) => void parts.push(part) }));
  return new Blob(parts).arrayBuffer();
});
globalThis.ranged = (name) => outcome(async () => {
  const reader = await openBundle(await httpSource('/sealed/' + name), { publicKey: PUBLIC_KEY });
  return reader.read(0, reader.info.size);
});
globalThis.throughWorker = (name) => outcome(async () => (await fetch('/opened/' + name)).arrayBuffer());
globalThis.register = async () => {
  await navigator.serviceWorker.register('/worker.js');
  await navigator.serviceWorker.ready;
  if (navigator.serviceWorker.controller === null)
    await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
};
`;

describe('a page in Chromium', () => {
  const files = new Map<string, { type: string; body: Uint8Array | string }>();
  let server: Server;
  let browser: Browser;
  let page: Page;
  let checksum: string;
  let size: number;

  beforeAll(async () => {
    const sealed = await encryptBundle(bytesOf(3_000_000), { privateKey: keyB.pkcs8 });
    ({ checksum, size } = sealed);
    const altered = sealed.bytes.slice();
    altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
    const type = 'application/octet-stream';
    files.set('/sealed/good', { type, body: sealed.bytes });
    files.set('/sealed/altered', { type, body: altered });
    files.set('/sealed/cut', { type, body: sealed.bytes.subarray(0, -1000) });
    files.set('/worker.js', { type: 'text/javascript', body: await pageScript(WORKER) });
    files.set('/page.js', { type: 'text/javascript', body: await pageScript(PAGE) });
    files.set('/', { type: 'text/html', body: '<!doctype html><script src="/page.js"></script>' });
    server = createServer(({ url = '', headers }, response) => {
      const file = files.get(url);
      if (file === undefined) {
        response.writeHead(404).end();
        return;
      }
      const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
      const body = Buffer.from(file.body as string);
      if (range === null) {
        response.writeHead(200, { 'content-type': file.type }).end(body);
        return;
      }
      const first = Number(range[1]);
      const last = Math.min(Number(range[2]), body.length - 1);
      response
        .writeHead(206, { 'content-range': `bytes ${first}-${last}/${body.length}` })
        .end(body.subarray(first, last + 1));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    browser = await openBrowser();
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  });

  afterAll(async () => {
    await closePages();
    server?.close();
  });

  const ask = (name: string, file: string) => page.evaluate(`${name}(${JSON.stringify(file)})`);

  it('opens a bundle during the download', async () => {
    expect(size).toBe(3_000_000);
    expect(await ask('straight', 'good')).toEqual({ checksum });
    expect(await ask('straight', 'altered')).toMatchObject({ code: 'ERR_CHUNK_INVALID' });
    expect(await ask('straight', 'cut')).toMatchObject({ code: 'ERR_LENGTH_INVALID' });
  });

  it('reads a bundle on the server by ranges', async () => {
    expect(await ask('ranged', 'good')).toEqual({ checksum });
    expect(await ask('ranged', 'altered')).toMatchObject({ code: 'ERR_CHUNK_INVALID' });
    expect(await ask('ranged', 'cut')).toMatchObject({ code: 'ERR_LENGTH_INVALID' });
  });

  it('gets bundles that a service worker opens, and never an incomplete one', async () => {
    await page.evaluate('register()');
    expect(await ask('throughWorker', 'good')).toEqual({ checksum });
    for (const file of ['altered', 'cut']) {
      const outcome = (await ask('throughWorker', file)) as { checksum?: string; name?: string };
      expect(outcome.checksum).toBeUndefined();
      expect(outcome.name).toBe('TypeError');
    }
  });
});
