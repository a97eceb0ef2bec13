// A store of releases in memory: for tests, and for processes that install their release again at each launch.

import type { ReleaseStore, StoredFile } from '../release-store.ts';
import { createQueue } from './lock.ts';

/**
 * Keeps releases in the memory of this process. They are lost when it ends.
 *
 * @returns The store, for `releases` of `createUpdater`.
 * @see docs/updates.md#where-releases-are-kept
 * @example
 * ```ts
 * import { memoryStore } from 'bundleseal/update';
 *
 * console.log(await memoryStore().list()); // []
 * ```
 */
export function memoryStore(): ReleaseStore {
  let state: Uint8Array | undefined;
  const releases = new Map<string, ReadonlyMap<string, Uint8Array>>();
  return {
    readState: async () => state?.slice(),
    writeState: async (bytes) => {
      state = bytes.slice();
    },
    list: async () => [...releases.keys()],
    async open(id) {
      const files = releases.get(id);
      if (files === undefined) throw new Error(`there is no release ${id}`);
      return {
        list: async () => [...files].map(([path, { length }]) => ({ path, size: length })),
        async read(path) {
          const bytes = files.get(path);
          if (bytes === undefined) throw new Error(`the release has no file "${path}"`);
          return bytes.slice();
        },
      };
    },
    async write(id, files: AsyncIterable<StoredFile>) {
      const written = new Map<string, Uint8Array>();
      for await (const { path, bytes } of files) written.set(path, bytes.slice());
      releases.set(id, written);
    },
    remove: async (id) => {
      releases.delete(id);
    },
    lock: createQueue(),
  };
}
