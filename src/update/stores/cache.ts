// Releases in the Cache Storage of a browser.

import { describe } from '../../options.ts';
import type { ReleaseFileInfo, ReleaseStore, StoredFile } from '../release-store.ts';
import { createLock } from './lock.ts';
import { numberedState, timedName } from './numbered-state.ts';

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
 * Each release has a cache of its own. The release is complete when the main cache names it. The store never replaces an entry:
 * Chromium removes the old entry before it writes the new one, so a process that is killed in between would leave none.
 *
 * @param name - The name of the main cache, and the prefix of the other names. Default `bundleseal`.
 * @returns The store, for `releases` of `createUpdater`.
 * @throws `TypeError` if `name` is not a text.
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

  /** Returns the part of each key of the main cache that follows `prefix`. */
  const keysAfter = async (prefix: string): Promise<string[]> => {
    const keys = await (await caches.open(name)).keys();
    return keys
      .filter(({ url }) => url.startsWith(prefix))
      .map(({ url }) => url.slice(prefix.length));
  };

  /** Lists the complete releases, each as `id/name`, the newest last. */
  const marks = async (id?: string) =>
    (await keysAfter(RELEASES))
      .filter((mark) => id === undefined || mark.startsWith(`${id}/`))
      .sort();

  const cacheNameOf = (mark: string) => `${name} ${mark.replace('/', ' ')}`;

  /** Returns the name of the cache that has the release. */
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
    ...numberedState({
      names: () => keysAfter(STATES),
      async read(number) {
        const found = await (await caches.open(name)).match(`${STATES}${number}`);
        return found && new Uint8Array(await found.arrayBuffer());
      },
      async write(number, bytes) {
        await (await caches.open(name)).put(`${STATES}${number}`, responseOf(bytes));
      },
      async remove(number) {
        await (await caches.open(name)).delete(`${STATES}${number}`);
      },
    }),
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
      // Opening a cache would make it again if it was removed meanwhile.
      const match = (key: string) => caches.match(key, { cacheName: found });
      return {
        async list() {
          return ((await (await match(`${BASE}list`))?.json()) ?? []) as ReleaseFileInfo[];
        },
        async read(path) {
          const file = await match(keyOf(path));
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
      // The names sort by time, so that the newer of two complete caches wins.
      const mark = `${id}/${timedName()}`;
      const cacheName = cacheNameOf(mark);
      writing.add(cacheName);
      try {
        const cache = await caches.open(cacheName);
        const list: ReleaseFileInfo[] = [];
        for await (const { path, bytes } of files) {
          await cache.put(keyOf(path), responseOf(bytes));
          list.push({ path, size: bytes.length });
        }
        await cache.put(`${BASE}list`, responseOf(JSON.stringify(list)));
        await (await caches.open(name)).put(RELEASES + mark, responseOf('yes'));
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

function responseOf(body: Uint8Array | string): Response {
  // Copies the bytes, because they may change later, and because they may be a view that keeps a large buffer in memory.
  return new Response(typeof body === 'string' ? body : new Blob([body.slice()]));
}
