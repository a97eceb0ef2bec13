// Provides a web server and storage for the examples of the documentation. The server is the folder `public` of the
// example's project, at https://updates.example.com/, with Range requests.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

const HOST = 'https://updates.example.com/';

async function fetchPublic(input, init = {}) {
  const url = String(input);
  if (!url.startsWith(HOST)) throw new TypeError(`an example asks for ${url}`);
  init.signal?.throwIfAborted();
  const bytes = await readFile(`public/${basename(url)}`).catch(() => undefined);
  if (bytes === undefined) return new Response('', { status: 404 });
  const range = /^bytes=(\d+)-(\d*)$/.exec(new Headers(init.headers).get('range') ?? '');
  if (range === null) return new Response(bytes);
  const first = Number(range[1]);
  const last = Math.min(range[2] === '' ? Infinity : Number(range[2]), bytes.length - 1);
  return new Response(bytes.subarray(first, last + 1), {
    status: 206,
    headers: { 'content-range': `bytes ${first}-${last}/${bytes.length}` },
  });
}

/** Replaces `fetch` and the storage of the platform. The storage is empty. */
export function provideWeb() {
  globalThis.fetch = fetchPublic;
  const stored = new Map();
  Object.defineProperty(globalThis, 'localStorage', {
    configurable: true,
    value: {
      getItem: (name) => stored.get(name) ?? null,
      setItem: (name, value) => void stored.set(name, String(value)),
    },
  });
}
