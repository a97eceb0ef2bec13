// Releases in the Cache Storage of a browser.

import { selectBackend } from '../../backend/select.ts';
import { concat, equalBytes, toHex } from '../../bytes.ts';
import { DIGEST_LENGTH } from '../../format/chunks.ts';
import { describe } from '../../options.ts';
import type { ReleaseFileInfo, ReleaseStore, StoredFile } from '../release-store.ts';
import { createLock } from './lock.ts';

// Keys of a cache are URLs. No server can have these, because RFC 2606 reserves the top-level name `invalid`.
const BASE = 'https://bundleseal.invalid/';
const STATES = `${BASE}state/`;
const RELEASES = `${BASE}releases/`;

// The end of the name of a release's cache. The cache of another store may begin with the same name.
const RELEASE = /^\S+ [0-9a-z]{25}$/;

const keyOf = (path: string): string => `${BASE}files/${encodeURIComponent(path)}`;

/**
 * Keeps releases in Cache Storage. Works in every browser with service workers, in pages, workers and service workers of a
 * secure context.
 *
 * Each release has a cache of its own. The release is complete when the main cache names it. An entry is never replaced, because Chromium
 * removes the old one before it writes the new one, and a kill between leaves none.
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
  const ofReleases = async () =>
    (await caches.keys()).filter(
      (key) => key.startsWith(`${name} `) && RELEASE.test(key.slice(name.length + 1)),
    );

  /** What follows `prefix` in the keys of the main cache. */
  const keysAfter = async (prefix: string): Promise<string[]> => {
    const keys = await (await caches.open(name)).keys();
    return keys
      .filter(({ url }) => url.startsWith(prefix))
      .map(({ url }) => url.slice(prefix.length));
  };

  const stateNumbers = async () =>
    (await keysAfter(STATES))
      .map(Number)
      .filter(Number.isSafeInteger)
      .sort((a, b) => b - a);

  /** The caches of releases that were written whole, as `id/token`: the newest last. */
  const marks = async (id?: string) =>
    (await keysAfter(RELEASES))
      .filter((mark) => id === undefined || mark.startsWith(`${id}/`))
      .sort();

  const cacheNameOf = (mark: string) => `${name} ${mark.replace('/', ' ')}`;

  /** The cache that holds the release. */
  const cacheOf = async (id: string): Promise<string | undefined> => {
    for (const mark of (await marks(id)).reverse()) {
      if (await caches.has(cacheNameOf(mark))) return cacheNameOf(mark);
    }
    return undefined;
  };

  const removeMarked = async (mark: string) => {
    await (await caches.open(name)).delete(RELEASES + mark);
    await caches.delete(cacheNameOf(mark));
  };

  return {
    lock: createLock(`bundleseal cache ${name}`),
    async readState() {
      const main = await caches.open(name);
      for (const number of await stateNumbers()) {
        const answered = await main.match(`${STATES}${number}`);
        if (answered === undefined) continue;
        const file = new Uint8Array(await answered.arrayBuffer());
        const state = file.slice(DIGEST_LENGTH);
        if (equalBytes(await digest(state), file.subarray(0, DIGEST_LENGTH))) return state;
      }
      return undefined;
    },
    async writeState(bytes) {
      const numbers = await stateNumbers();
      const main = await caches.open(name);
      const next = (numbers[0] ?? 0) + 1;
      await main.put(`${STATES}${next}`, answer(concat(await digest(bytes), bytes)));
      for (const number of numbers.slice(1)) await main.delete(`${STATES}${number}`);
    },
    async list() {
      const ids = new Set<string>();
      for (const mark of await marks()) {
        if (await caches.has(cacheNameOf(mark))) ids.add(mark.split('/')[0] as string);
      }
      return [...ids];
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
      const used = new Set((await marks()).map(cacheNameOf));
      for (const left of await ofReleases()) {
        if (!used.has(left) && !writing.has(left)) await caches.delete(left);
      }
      // In the order of time, so that of two whole ones the newer one counts.
      const time = Date.now().toString(36).padStart(9, '0');
      const mark = `${id}/${time}${toHex(crypto.getRandomValues(new Uint8Array(8)))}`;
      const cacheName = cacheNameOf(mark);
      writing.add(cacheName);
      try {
        const cache = await caches.open(cacheName);
        const list: ReleaseFileInfo[] = [];
        for await (const { path, bytes } of files) {
          await cache.put(keyOf(path), answer(bytes));
          list.push({ path, size: bytes.length });
        }
        await cache.put(`${BASE}list`, answer(JSON.stringify(list)));
        await (await caches.open(name)).put(RELEASES + mark, answer('yes'));
      } catch (error) {
        await caches.delete(cacheName).catch(() => {});
        throw error;
      } finally {
        writing.delete(cacheName);
      }
      for (const older of await marks(id)) if (older !== mark) await removeMarked(older);
    },
    async remove(id) {
      for (const mark of await marks(id)) await removeMarked(mark);
    },
  };
}

function answer(body: Uint8Array | string): Response {
  // The copy keeps later changes out, and does not hold a large buffer of which the bytes are a view.
  return new Response(typeof body === 'string' ? body : new Blob([body.slice()]));
}

async function digest(bytes: Uint8Array): Promise<Uint8Array> {
  return (await selectBackend('auto')).sha256(bytes);
}
