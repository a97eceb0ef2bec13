// Holds a folder open, so that calls reach the same folder even if another program renames it or puts a link in its
// place.
//
// Node has no openat(2). On Linux, a path that begins with /proc/self/fd and a descriptor leads to the open folder
// itself. On other systems, this module uses the folder's path, and compares the folder's identity before and after
// each use.

import { type BigIntStats, constants } from 'node:fs';
import { lstat, readdir, rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { closeFile, onceClosed, openFile, statFile, statLink, statPath } from './calls.ts';
import { fileError, onFile, UNREADABLE } from './error.ts';
import { hasCode, isNotOffered } from './leniency.ts';

export interface HeldFolder {
  /** A path to the folder for calls of the file system. Do not show it in messages. */
  readonly path: string;
  /** Whether `path` still leads to the folder after a rename. */
  readonly isHeld: boolean;
  readonly stats: BigIntStats;
  /** Returns the path of the entry `name`. */
  at(name: string): string;
  /** Throws if the folder's path leads to another folder or to nothing. */
  check(): Promise<void>;
  close(): Promise<void>;
}

const EXCHANGED = 'was moved or exchanged meanwhile: try again when nothing else changes it';

/**
 * Opens the folder that has this path now. The path itself must not be a link.
 *
 * @param shown - The path for messages.
 */
export async function holdFolder(path: string, shown: string): Promise<HeldFolder> {
  const fd = await openFolder(path, shown);
  const close = onceClosed(async () => (fd === undefined ? undefined : closeFile(fd)));
  try {
    const asked = fd === undefined ? statLink(path) : statFile(fd);
    const stats = await onFile(shown, UNREADABLE, asked);
    if (!stats.isDirectory()) throw fileError(shown, EXCHANGED);
    const held = fd === undefined ? undefined : await wayBack(fd, stats);
    const way = held ?? path;
    return {
      path: way,
      isHeld: held !== undefined,
      stats,
      at: (name) => join(way, name),
      async check() {
        const now = await onFile(shown, EXCHANGED, statLink(path));
        if (!isSameFile(now, stats)) throw fileError(shown, EXCHANGED);
      },
      // Ignores an error of closing, because nothing was written through the descriptor.
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The numbers that identify a file or folder while it exists. */
export type FileIdentity = Pick<BigIntStats, 'dev' | 'ino'>;

/** Whether both belong to the same file or folder. */
export function isSameFile(one: FileIdentity, other: FileIdentity): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

/**
 * Opens a folder that is not a link. Returns `undefined` if the system cannot open folders; the caller then has to
 * use the path.
 */
async function openFolder(path: string, shown: string): Promise<number | undefined> {
  // Node's permission model lists allowed paths, and /proc is usually not among them.
  if (process.platform !== 'linux' || 'permission' in process) return undefined;
  try {
    return await openFile(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    // The user may write to the folder but not read it.
    if (isNotOffered(error)) return undefined;
    throw fileError(shown, hasCode(error, 'ELOOP', 'ENOTDIR') ? EXCHANGED : UNREADABLE, error);
  }
}

/** Returns a path to an open folder, or `undefined` if the system or the runtime hides /proc. */
async function wayBack(fd: number, stats: BigIntStats): Promise<string | undefined> {
  const path = `/proc/self/fd/${fd}`;
  const there = await statPath(path).catch(() => undefined);
  return there !== undefined && isSameFile(there, stats) ? path : undefined;
}

/** Opens a temporary folder. Refuses one that another user has made or may change. */
export async function holdOwn(path: string, shown: string): Promise<HeldFolder> {
  const box = await holdFolder(path, shown);
  const user = process.geteuid?.();
  if (user === undefined || box.stats.uid === BigInt(user)) return box;
  await box.close();
  throw fileError(shown, "can't be written: its temporary folder is another user's");
}

/**
 * Removes `name` from a folder, with everything in it. It removes links and never follows them. If folders can be
 * held open, this includes links that another program puts in the place of a folder meanwhile.
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
