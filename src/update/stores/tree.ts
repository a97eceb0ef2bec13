// A store in a tree of files that can be written and removed, but not renamed or replaced atomically.

import { equalBytes } from '../../bytes.ts';
import type { ReleaseStore, StoredFile } from '../release-store.ts';
import type { Lock } from './lock.ts';
import { numberedState, timedName } from './numbered-state.ts';

/** A tree of files. Paths have "/" between names; the root is the empty path. */
export interface FileTree {
  /** The bytes of a file, or `undefined` if there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Writes a file and the folders above it. A crash may leave a part of the file. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** The names in a folder. Empty if there is no such folder. */
  list(path: string): Promise<string[]>;
  /** Removes a file, or a folder and its contents. Does nothing if there is none. */
  remove(path: string): Promise<void>;
}

interface TreeStore extends ReleaseStore {
  /** The name of the folder of a complete release. Rejects if there is none with this id. */
  folderOf(id: string): Promise<string>;
}

const RELEASES = 'releases';
const STATES = 'state';

// The names in the folder of a release: its files, their list, and the mark of completion, which is written last.
const FILES = 'files';
const LIST = 'list.json';
const COMPLETE = 'complete';
const YES = new TextEncoder().encode('yes');

/**
 * Keeps releases in a tree of files. A release goes into a folder with a new name, and is complete when the mark of completion is
 * in the folder. {@link numberedState} keeps the state.
 */
export function treeStore(tree: FileTree, lock: Lock): TreeStore {
  /** The folders that this store is writing. */
  const writing = new Set<string>();

  const isWhole = async (folder: string) => {
    const mark = await tree.read(`${RELEASES}/${folder}/${COMPLETE}`);
    return mark !== undefined && equalBytes(mark, YES);
  };

  const foldersOf = async (id?: string) =>
    (await tree.list(RELEASES)).filter((name) => id === undefined || name.startsWith(`${id}.`));

  const folderOf = async (id: string): Promise<string> => {
    for (const folder of (await foldersOf(id)).sort().reverse()) {
      if (await isWhole(folder)) return folder;
    }
    throw new Error(`there is no release ${id}`);
  };

  return {
    lock,
    folderOf,
    ...numberedState({
      names: () => tree.list(STATES),
      read: (number) => tree.read(`${STATES}/${number}`),
      write: (number, bytes) => tree.write(`${STATES}/${number}`, bytes),
      remove: (number) => tree.remove(`${STATES}/${number}`),
    }),
    async list() {
      const ids = new Set<string>();
      for (const folder of await foldersOf()) {
        const [id = ''] = folder.split('.');
        if (!ids.has(id) && (await isWhole(folder))) ids.add(id);
      }
      return [...ids];
    },
    async open(id) {
      const root = `${RELEASES}/${await folderOf(id)}`;
      return {
        async list() {
          const list = await tree.read(`${root}/${LIST}`);
          return JSON.parse(new TextDecoder().decode(list ?? new Uint8Array(0)));
        },
        async read(path) {
          const bytes = isInside(path) ? await tree.read(`${root}/${FILES}/${path}`) : undefined;
          if (bytes === undefined) throw new Error(`the release has no file "${path}"`);
          return bytes;
        },
      };
    },
    async write(id, files: AsyncIterable<StoredFile>) {
      for (const left of await foldersOf()) {
        if (!writing.has(left) && !(await isWhole(left))) await tree.remove(`${RELEASES}/${left}`);
      }
      // The names sort by time, so that the newer of two complete folders wins.
      const folder = `${id}.${timedName()}`;
      writing.add(folder);
      try {
        const list: { readonly path: string; readonly size: number }[] = [];
        for await (const { path, bytes } of files) {
          if (!isInside(path)) throw new TypeError(`"${path}" leads out of the release`);
          await tree.write(`${RELEASES}/${folder}/${FILES}/${path}`, bytes);
          list.push({ path, size: bytes.length });
        }
        const listed = new TextEncoder().encode(JSON.stringify(list));
        await tree.write(`${RELEASES}/${folder}/${LIST}`, listed);
        await tree.write(`${RELEASES}/${folder}/${COMPLETE}`, YES);
      } catch (error) {
        await tree.remove(`${RELEASES}/${folder}`).catch(() => {});
        throw error;
      } finally {
        writing.delete(folder);
      }
      for (const older of await foldersOf(id)) {
        if (older !== folder && !writing.has(older)) await tree.remove(`${RELEASES}/${older}`);
      }
    },
    async remove(id) {
      for (const folder of await foldersOf(id)) {
        // Removes the mark first, so that the release disappears from the list in one step.
        await tree.remove(`${RELEASES}/${folder}/${COMPLETE}`);
        await tree.remove(`${RELEASES}/${folder}`);
      }
    },
  };
}

/** Whether a path leads to a file of the release: no name in it is empty, `.` or `..`. */
function isInside(path: string): boolean {
  return path.split('/').every((name) => name !== '' && name !== '.' && name !== '..');
}

/** Returns the path of the files of a release in the tree. */
export const filesIn = (folder: string): string => `${RELEASES}/${folder}/${FILES}`;
