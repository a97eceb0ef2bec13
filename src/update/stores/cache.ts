// Releases in the Cache Storage of a browser.

import { toHex } from '../../bytes.ts';
import { describe } from '../../options.ts';
import type { ReleaseFileInfo, ReleaseStore, StoredFile } from '../release-store.ts';
import { createLock } from './lock.ts';

// Keys of a cache are URLs. No server can have these, because RFC 2606 reserves the top-level name `invalid`.
const BASE = 'https://bundleseal.invalid/';
const STATE = `${BASE}state`;

const keyOf = (path: string): string => `${BASE}files/${encodeURIComponent(path)}`;

/**
 * Keeps releases in Cache Storage. Works in every browser with service workers, in pages, workers and service workers of a
 * secure context.
 *
 * Each release has a cache of its own. The release is complete when the main cache names it.
 *
 * @param name - The name of the main cache, and the prefix of the other names. Default `bundleseal`.
 * @throws `TypeError`: `name` is no text.
 * @see docs/updates.md#where-releases-are-kept; https://w3c.github.io/ServiceWorker/#cache-interface
 * @example
 * ```ts
 * import { cacheStore } from 'bundleseal/update';
 *
 * const releases = cacheStore('releases');
 * console.log(typeof releases.list);
 * ```
 */
export function cacheStore(name = 'bundleseal'): ReleaseStore {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`name expected a text, got ${describe(name)}`);
  }
  const writing = new Set<string>();
  const markOf = (id: string) => `${BASE}releases/${id}`;
  const ofReleases = async () => (await caches.keys()).filter((key) => key.startsWith(`${name} `));

  const textAt = async (key: string): Promise<string | undefined> =>
    (await (await caches.open(name)).match(key))?.text();

  /** The cache that holds the release. */
  const cacheOf = async (id: string): Promise<string | undefined> => {
    const cache = await textAt(markOf(id));
    return cache !== undefined && (await caches.has(cache)) ? cache : undefined;
  };

  const inUse = async (): Promise<ReadonlySet<string>> => {
    const main = await caches.open(name);
    const marks = (await main.keys()).filter(({ url }) => url.startsWith(markOf('')));
    const named = await Promise.all(marks.map(async ({ url }) => (await textAt(url)) ?? ''));
    return new Set(named);
  };

  return {
    lock: createLock(`bundleseal cache ${name}`),
    async readState() {
      const state = await (await caches.open(name)).match(STATE);
      return state === undefined ? undefined : new Uint8Array(await state.arrayBuffer());
    },
    // `put` replaces an entry in one step, after the whole body was read (Service Workers, Cache.put).
    writeState: async (bytes) => (await caches.open(name)).put(STATE, answer(bytes)),
    async list() {
      const main = await caches.open(name);
      const marks = (await main.keys()).filter(({ url }) => url.startsWith(markOf('')));
      const ids = marks.map(({ url }) => url.slice(markOf('').length));
      const there = await Promise.all(ids.map(async (id) => (await cacheOf(id)) !== undefined));
      return ids.filter((_, i) => there[i]);
    },
    async open(id) {
      const found = await cacheOf(id);
      if (found === undefined) throw new Error(`there is no release ${id}`);
      return {
        async list() {
          const list = await (await caches.open(found)).match(`${BASE}list`);
          return ((await list?.json()) ?? []) as ReleaseFileInfo[];
        },
        async read(path) {
          const file = await (await caches.open(found)).match(keyOf(path));
          if (file === undefined) throw new Error(`the release has no file "${path}"`);
          return new Uint8Array(await file.arrayBuffer());
        },
      };
    },
    async write(id, files: AsyncIterable<StoredFile>) {
      const used = await inUse();
      for (const left of await ofReleases()) {
        if (!used.has(left) && !writing.has(left)) await caches.delete(left);
      }
      const cacheName = `${name} ${id} ${toHex(crypto.getRandomValues(new Uint8Array(8)))}`;
      writing.add(cacheName);
      try {
        const cache = await caches.open(cacheName);
        const list: ReleaseFileInfo[] = [];
        for await (const { path, bytes } of files) {
          await cache.put(keyOf(path), answer(bytes));
          list.push({ path, size: bytes.length });
        }
        await cache.put(`${BASE}list`, answer(JSON.stringify(list)));
        const before = await cacheOf(id);
        await (await caches.open(name)).put(markOf(id), answer(cacheName));
        if (before !== undefined) await caches.delete(before);
      } catch (error) {
        await caches.delete(cacheName).catch(() => {});
        throw error;
      } finally {
        writing.delete(cacheName);
      }
    },
    async remove(id) {
      const found = await cacheOf(id);
      await (await caches.open(name)).delete(markOf(id));
      if (found !== undefined) await caches.delete(found);
    },
  };
}

function answer(body: Uint8Array | string): Response {
  // The copy keeps later changes out, and does not hold a large buffer of which the bytes are a view.
  return new Response(typeof body === 'string' ? body : new Blob([body.slice()]));
}
