// A store of releases in the origin private file system of a browser.

import { describe } from '../../options.ts';
import type { ReleaseStore } from '../release-store.ts';
import { createLock } from './lock.ts';
import { type FileTree, treeStore } from './tree.ts';

// The part of the File System standard that the store uses. TypeScript's DOM library lacks some of it.
export interface FolderHandle {
  getDirectoryHandle(name: string, options?: { create?: boolean }): Promise<FolderHandle>;
  getFileHandle(name: string, options?: { create?: boolean }): Promise<FileHandle>;
  removeEntry(name: string, options?: { recursive?: boolean }): Promise<void>;
  keys(): AsyncIterable<string>;
}

export interface FileHandle {
  getFile(): Promise<Blob>;
  createWritable?(): Promise<{
    write(bytes: Uint8Array): Promise<void>;
    close(): Promise<void>;
    abort(): Promise<void>;
  }>;
  createSyncAccessHandle?(): Promise<{
    truncate(length: number): void;
    write(bytes: Uint8Array): number;
    flush(): void;
    close(): void;
  }>;
}

/**
 * Keeps releases in the origin private file system. Works in Chrome and Edge 102, Firefox 111, Safari 15.2 and later, in
 * pages, dedicated workers and service workers of a secure context. Safari before 26 can write only in dedicated workers.
 *
 * @param name - A folder in the file system. Default `bundleseal`.
 * @returns The store, for `releases` of `createUpdater`.
 * @throws `TypeError` if `name` is not a name of letters, digits, `_` and `-`.
 * @see docs/updates.md#where-releases-are-kept; https://fs.spec.whatwg.org
 * @example
 * ```ts
 * import { opfsStore } from 'bundleseal/update';
 *
 * const releases = opfsStore('releases');
 * console.log(typeof releases.list);
 * ```
 */
export function opfsStore(name = 'bundleseal'): ReleaseStore {
  if (typeof name !== 'string' || !/^[\w-]+$/.test(name)) {
    throw new TypeError(`name expected letters, digits, "_" and "-", got ${describe(name)}`);
  }
  let root: Promise<FolderHandle> | undefined;
  const open = () => {
    root ??= (async () => {
      const { storage } = (globalThis.navigator ?? {}) as unknown as {
        storage?: { getDirectory?(): Promise<FolderHandle> };
      };
      if (storage?.getDirectory === undefined) {
        throw new Error(
          'this runtime has no origin private file system: use cacheStore, or a secure context',
        );
      }
      return (await storage.getDirectory()).getDirectoryHandle(name, { create: true });
    })();
    root.catch(() => {
      root = undefined;
    });
    return root;
  };
  return treeStore(opfsTree(open), createLock(`bundleseal opfs ${name}`));
}

function opfsTree(root: () => Promise<FolderHandle>): FileTree {
  const folder = async (names: readonly string[], create: boolean): Promise<FolderHandle> => {
    let at = await root();
    for (const name of names) at = await at.getDirectoryHandle(name, { create });
    return at;
  };
  const split = (path: string): [readonly string[], string] => {
    const names = path.split('/');
    return [names.slice(0, -1), names.at(-1) as string];
  };
  return {
    read: (path) =>
      unlessMissing(async () => {
        const [above, name] = split(path);
        const file = await (await folder(above, false)).getFileHandle(name);
        return new Uint8Array(await (await file.getFile()).arrayBuffer());
      }, undefined),
    async write(path, bytes) {
      const [above, name] = split(path);
      const file = await (await folder(above, true)).getFileHandle(name, { create: true });
      await writeAll(file, bytes);
    },
    list: (path) =>
      unlessMissing(async () => {
        const names: string[] = [];
        for await (const name of (await folder(path.split('/'), false)).keys()) names.push(name);
        return names;
      }, []),
    remove: (path) =>
      unlessMissing(async () => {
        const [above, name] = split(path);
        await (await folder(above, false)).removeEntry(name, { recursive: true });
      }, undefined),
  };
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  if (file.createWritable !== undefined) {
    const stream = await file.createWritable();
    try {
      await stream.write(bytes);
    } catch (error) {
      await stream.abort().catch(() => {});
      throw error;
    }
    await stream.close();
    return;
  }
  if (file.createSyncAccessHandle === undefined) {
    throw new Error(
      'this browser can write files only in a dedicated worker: run the updater in one',
    );
  }
  const handle = await file.createSyncAccessHandle();
  try {
    handle.truncate(0);
    if (handle.write(bytes) !== bytes.length) {
      throw new DOMException('the file was not written whole', 'QuotaExceededError');
    }
    handle.flush();
  } finally {
    handle.close();
  }
}

async function unlessMissing<T>(call: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const { name } = (error ?? {}) as { readonly name?: string };
    // `TypeMismatchError`: a file has the name of the folder, so there is no such folder.
    if (name === 'NotFoundError' || name === 'TypeMismatchError') return otherwise;
    throw error;
  }
}
