// An open folder, which stays the same even if another program renames it or puts a link in its place.
//
// Node has no openat(2). Linux shows what a process has open under /proc/self/fd, and a path that begins there leads
// to the open folder itself. Elsewhere paths are all that there is: there the folder is compared before and after.

import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, onFile } from './error.ts';
import { hasCode, isNotOffered } from './leniency.ts';

export interface HeldFolder {
  /** A path to the folder for calls of the file system. It is not for messages. */
  readonly path: string;
  /** Whether `path` leads to it whatever happens to its name. */
  readonly isHeld: boolean;
  readonly stats: BigIntStats;
  /** The path of what is called `name` in it. */
  at(name: string): string;
  /** Throws if another folder has taken the name, or the folder has no name any more. */
  check(): Promise<void>;
  close(): Promise<void>;
}

const UNREADABLE = "can't be read";
const EXCHANGED = 'was moved or exchanged meanwhile: try again when nothing else changes it';

/**
 * Opens the folder that has this path now. The path itself must not be a link.
 *
 * @param shown - The path, as errors call it.
 */
export async function holdFolder(path: string, shown: string): Promise<HeldFolder> {
  const handle = await openFolder(path, shown);
  try {
    const asked = handle ? handle.stat({ bigint: true }) : lstat(path, { bigint: true });
    const stats = await onFile(shown, UNREADABLE, asked);
    if (!stats.isDirectory()) throw fileError(shown, EXCHANGED);
    const held = handle && (await wayBack(handle, stats));
    const way = held ?? path;
    return {
      path: way,
      isHeld: held !== undefined,
      stats,
      at: (name) => join(way, name),
      async check() {
        const now = await onFile(shown, EXCHANGED, lstat(path, { bigint: true }));
        if (!isSameFile(now, stats)) throw fileError(shown, EXCHANGED);
      },
      // Nothing was written through it.
      close: async () => handle?.close().catch(() => {}),
    };
  } catch (error) {
    await handle?.close().catch(() => {});
    throw error;
  }
}

/** Whether both are of one file or folder. */
export function isSameFile(one: BigIntStats, other: BigIntStats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

/**
 * Opens a folder that is not a link. Returns `undefined` if the system cannot do so; then only the path can be used.
 */
async function openFolder(path: string, shown: string): Promise<FileHandle | undefined> {
  // Node's permission model allows paths, and paths under /proc are not among them.
  if (process.platform !== 'linux' || 'permission' in process) return undefined;
  try {
    return await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    // A folder that may be written and not read.
    if (isNotOffered(error)) return undefined;
    throw fileError(shown, hasCode(error, 'ELOOP', 'ENOTDIR') ? EXCHANGED : UNREADABLE, error);
  }
}

/** The path to an open folder; `undefined` if the system or the runtime hides /proc. */
async function wayBack(handle: FileHandle, stats: BigIntStats): Promise<string | undefined> {
  const path = `/proc/self/fd/${handle.fd}`;
  const there = await stat(path, { bigint: true }).catch(() => undefined);
  return there !== undefined && isSameFile(there, stats) ? path : undefined;
}

/** Opens a temporary folder that this user has made and only this user may change. */
export async function holdOwn(path: string, shown: string): Promise<HeldFolder> {
  const box = await holdFolder(path, shown);
  const user = process.geteuid?.();
  if (user === undefined || box.stats.uid === BigInt(user)) return box;
  await box.close();
  throw fileError(shown, "can't be written: its temporary folder is another user's");
}

/**
 * Removes `name` from a folder, with everything in it. Links are removed and never followed; if folders can be held
 * open, this also goes for links that another program puts in the place of a folder.
 */
export async function removeTree(folder: HeldFolder, name: string): Promise<void> {
  const path = folder.at(name);
  if (!folder.isHeld) {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
    return;
  }
  const stats = await lstat(path);
  if (!stats.isDirectory()) {
    await unlink(path);
    return;
  }
  const inside = await holdFolder(path, path);
  try {
    for (const each of await readdir(inside.path)) await removeTree(inside, each);
  } finally {
    await inside.close();
  }
  await rmdir(path);
}
