// Releases in a folder: a store for Electron's main process, Node, Bun and Deno, and the built-in release.

import { readdir, rename, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { pathFault } from '../archive/format/paths.ts';
import { makeFolders, namesIn, PRIVATE_FILE, PRIVATE_FOLDER, realPath } from '../files/calls.ts';
import { checkPath, fileError, onFile, UNREADABLE } from '../files/error.ts';
import { type HeldFolder, holdFolder, removeTree } from '../files/held-folder.ts';
import { openRegularFile } from '../files/input-file.ts';
import { hasCode } from '../files/leniency.ts';
import { replaceFile } from '../files/replace.ts';
import { replaceFolder } from '../files/replace-folder.ts';
import {
  cleanTemporaries,
  forgetTemporary,
  isTemporary,
  nameTemporary,
} from '../files/temporary.ts';
import { writeFiles } from '../files/write-files.ts';
import { isDigest } from '../release/members.ts';
import { STAMP } from '../release/stamp.ts';
import type {
  BuiltIn,
  ReleaseFileInfo,
  ReleaseReader,
  ReleaseStore,
  StoredFile,
} from '../update/release-store.ts';
import { type CheckFolderLock, lockFolder } from './folder-lock.ts';

const STATE = 'state.json';
const RELEASES = 'releases';

/**
 * Keeps releases in a folder, and creates the folder if it is missing. Only the updater may write to it.
 *
 * Releases and the state appear complete or not at all, also after a power cut. Several processes may use the folder at the
 * same time. A killed process leaves nothing to repair by hand.
 *
 * @param dir - A folder on a local disk: `join(app.getPath('userData'), 'updates')` in Electron. Keep it out of backups,
 * because a backup brings back an old state.
 * @returns The store, for `releases` of `createUpdater`.
 * @throws `TypeError` if `dir` is not a path.
 * @see docs/updates.md#where-releases-are-kept
 * @example
 * ```ts
 * import { folderStore } from 'bundleseal/node';
 *
 * const releases = folderStore('updates');
 * console.log(await releases.list()); // []
 * ```
 */
export function folderStore(dir: string): ReleaseStore {
  checkPath('dir', dir);
  const root = resolve(dir);
  const releases = join(root, RELEASES);
  const placeOf = (id: string) => join(releases, checkId(id));
  /** Set while this store holds the lock of the state. */
  let checkState: CheckFolderLock | undefined;

  const prepare = () => onFile(dir, "can't be made", makeFolders(releases, PRIVATE_FOLDER));

  /** Runs the task with the folder of releases, and removes the leftovers of killed processes. */
  const within = async <T>(task: (folder: HeldFolder) => Promise<T>): Promise<T> => {
    await prepare();
    const folder = await holdFolder(await realPath(releases), releases);
    try {
      return await task(folder);
    } finally {
      await folder.close();
    }
  };

  return {
    readState: () => readIfThere(join(root, STATE)),
    async writeState(bytes) {
      await prepare();
      await replaceFile({ mode: PRIVATE_FILE }, join(root, STATE), undefined, async (file) => {
        await file.write(bytes, 0);
        // Checks the lock last, because the process may have been stopped before.
        await checkState?.();
      });
    },
    async list() {
      const names = await namesIn(releases).catch((error: unknown) => {
        if (hasCode(error, 'ENOENT')) return [];
        throw fileError(releases, UNREADABLE, error);
      });
      return names.map(String).filter(isId);
    },
    async open(id) {
      const place = placeOf(id);
      await onFile(place, UNREADABLE, namesIn(place));
      return folderReader(place);
    },
    async write(id, files) {
      const place = placeOf(id);
      await within(removeLeftovers);
      const options = { overwrite: true, input: undefined, signal: undefined };
      await replaceFolder(place, options, (folder) =>
        writeFiles(unpacked(files), folder, place, () => {}),
      );
    },
    async remove(id) {
      placeOf(id);
      await within(async (folder) => {
        // The rename takes the release out of the list in one step.
        const name = await nameTemporary(id);
        try {
          await rename(folder.at(id), folder.at(name));
          await removeTree(folder, name);
        } catch (error) {
          if (!hasCode(error, 'ENOENT')) throw fileError(placeOf(id), "can't be removed", error);
        } finally {
          forgetTemporary(name);
        }
      });
    },
    async lock(name, task) {
      const folder = await realPath(root).catch(async () => {
        await prepare();
        return realPath(root);
      });
      if (name !== 'state') return lockFolder(folder, name, task);
      return lockFolder(folder, name, async (check) => {
        checkState = check;
        try {
          return await task();
        } finally {
          if (checkState === check) checkState = undefined;
        }
      });
    },
  };
}

/** Reads the files of a folder. Refuses paths that lead out of it. */
function folderReader(dir: string): ReleaseReader {
  return {
    async list() {
      const entries = await onFile(
        dir,
        UNREADABLE,
        readdir(dir, { recursive: true, withFileTypes: true }),
      );
      const files: ReleaseFileInfo[] = [];
      for (const entry of entries) {
        if (!entry.isFile()) continue;
        const place = join(entry.parentPath, entry.name);
        const path = relative(dir, place).split(sep).join('/');
        files.push({ path, size: await sizeOf(place) });
      }
      return files;
    },
    async read(path) {
      const fault = pathFault(path);
      if (fault !== undefined) throw fileError(path, fault);
      return readRegular(join(dir, path));
    },
  };
}

/** Reads a file. Refuses a pipe or a device, because reading it may never end. */
async function readRegular(place: string): Promise<Uint8Array> {
  const file = await openRegularFile(place, place, 0);
  try {
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

async function sizeOf(place: string): Promise<number> {
  return (await onFile(place, UNREADABLE, stat(place))).size;
}

async function readIfThere(place: string): Promise<Uint8Array | undefined> {
  try {
    return await readRegular(place);
  } catch (error) {
    if (hasCode((error as Error).cause ?? error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function* unpacked(files: AsyncIterable<StoredFile>) {
  for await (const { path, bytes } of files) {
    const fault = pathFault(path);
    if (fault !== undefined) throw fileError(path, fault);
    yield { path, isFolder: false, content: once(bytes) };
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

async function removeLeftovers(folder: HeldFolder): Promise<void> {
  const names = await readdir(folder.path);
  const ids = new Set(names.filter(isTemporary).map((name) => name.slice(1, 65)));
  for (const id of ids) {
    if (isId(id)) await cleanTemporaries(folder, id, (left) => removeTree(folder, left));
  }
}

function isId(name: string): boolean {
  return isDigest(name);
}

function checkId(id: string): string {
  if (isId(id)) return id;
  throw new TypeError('a release id is 64 lower-case hex characters');
}

/**
 * Reads a built-in release from a folder: the web folder of an Electron app, or the public folder of a server's deployment.
 * Run `npx bundleseal release stamp DIR` on the folder before.
 *
 * @param dir - The path of the folder of the build, with the stamp in its root.
 * @returns The built-in release, for `builtIn` of `createUpdater`.
 * @throws `TypeError` if `dir` is not a path.
 * @see docs/updates.md#the-built-in-release
 * @example
 * ```ts
 * import { folderBuiltIn } from 'bundleseal/node';
 *
 * const builtIn = folderBuiltIn('dist');
 * console.log(typeof builtIn.readStamp);
 * ```
 */
export function folderBuiltIn(dir: string): BuiltIn {
  checkPath('dir', dir);
  const root = resolve(dir);
  return {
    readStamp: () => readRegular(join(root, STAMP)),
    files: folderReader(root),
  };
}
