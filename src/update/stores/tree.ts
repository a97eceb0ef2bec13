// A store over files and folders that can be written and removed, and neither renamed nor replaced whole.

import { selectBackend } from '../../backend/select.ts';
import { concat, equalBytes, toHex } from '../../bytes.ts';
import type { ReleaseStore, StoredFile } from '../release-store.ts';
import type { Lock } from './lock.ts';

/** A tree of files. Paths have "/" between names; the root is the empty path. */
export interface FileTree {
  /** The bytes of a file, or `undefined` if there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Writes a file and the folders above it. A crash may leave a part. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** The names in a folder; none if it is not there. */
  list(path: string): Promise<string[]>;
  /** Removes a file or a folder with all that is in it. Does nothing if it is not there. */
  remove(path: string): Promise<void>;
}

const RELEASES = 'releases';
const STATES = 'state';
const DIGEST_LENGTH = 32;

// In the folder of a release: its files, the list of them, and the mark of a whole release, which is written last.
const FILES = 'files';
const LIST = 'list.json';
const COMPLETE = 'complete';
const YES = new TextEncoder().encode('yes');

/**
 * Keeps releases in a tree of files.
 *
 * The state is written to a new file each time, behind its SHA-256, and the file before is removed after that. The highest
 * number with a right digest counts, so a crash leaves the old state or the new one. A release is written to a folder with a
 * new name, and counts when the mark of completion is in it.
 */
export function treeStore(tree: FileTree, lock: Lock): ReleaseStore {
  /** Folders that are being written here. */
  const writing = new Set<string>();

  const stateNumbers = async () =>
    (await tree.list(STATES))
      .map(Number)
      .filter(Number.isSafeInteger)
      .sort((a, b) => b - a);

  const isWhole = async (folder: string) => {
    const mark = await tree.read(`${RELEASES}/${folder}/${COMPLETE}`);
    return mark !== undefined && equalBytes(mark, YES);
  };

  const foldersOf = async (id?: string) =>
    (await tree.list(RELEASES)).filter((name) => id === undefined || name.startsWith(`${id}.`));

  const wholeFolder = async (id: string): Promise<string | undefined> => {
    for (const folder of (await foldersOf(id)).sort().reverse()) {
      if (await isWhole(folder)) return folder;
    }
    return undefined;
  };

  return {
    lock,
    async readState() {
      for (const number of await stateNumbers()) {
        const file = await tree.read(`${STATES}/${number}`);
        if (file === undefined || file.length < DIGEST_LENGTH) continue;
        const state = file.slice(DIGEST_LENGTH);
        if (equalBytes(await digest(state), file.subarray(0, DIGEST_LENGTH))) return state;
      }
      return undefined;
    },
    async writeState(bytes) {
      const numbers = await stateNumbers();
      const next = (numbers[0] ?? 0) + 1;
      await tree.write(`${STATES}/${next}`, concat(await digest(bytes), bytes));
      // The one before is kept too: where a file is lost after a power cut, it is the last one written.
      for (const number of numbers.slice(1)) await tree.remove(`${STATES}/${number}`);
    },
    async list() {
      const ids = new Set<string>();
      for (const folder of await foldersOf()) {
        const [id = ''] = folder.split('.');
        if (!ids.has(id) && (await isWhole(folder))) ids.add(id);
      }
      return [...ids];
    },
    async open(id) {
      const folder = await wholeFolder(id);
      if (folder === undefined) throw new Error(`there is no release ${id}`);
      const root = `${RELEASES}/${folder}`;
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
      // In the order of time, so that of two whole ones the newer one counts.
      const time = Date.now().toString(36).padStart(9, '0');
      const random = toHex(crypto.getRandomValues(new Uint8Array(6)));
      const folder = `${id}.${time}${random}`;
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
        // It leaves the list first, and not file by file.
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

/** Where the files of a release lie, as `folder` names it. */
export const filesIn = (folder: string): string => `${RELEASES}/${folder}/${FILES}`;

async function digest(bytes: Uint8Array): Promise<Uint8Array> {
  return (await selectBackend('auto')).sha256(bytes);
}
