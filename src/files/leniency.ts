// Tolerates three kinds of failures: calls that a file system does not support, renames that succeed a moment later, and
// paths that lead to nothing.

import type { FileHandle } from 'node:fs/promises';
import { open, rename, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  codes.includes((error as NodeJS.ErrnoException).code ?? '');

/** Returns whether the path leads to a file or folder. Returns false if a folder above it cannot be searched. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

// SMB, FUSE, FAT, Windows drives in WSL and Node's permission model return these codes for calls that they do not
// support.
const NOT_OFFERED = [
  ...['EPERM', 'EACCES', 'EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'],
  'ERR_ACCESS_DENIED',
];

/** Whether a call failed because the file system does not support it. */
export const isNotOffered = (error: unknown): boolean => hasCode(error, ...NOT_OFFERED);

/** Waits for `work`, and ignores its failure if the file system does not support the call. */
export async function whereOffered(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isNotOffered(error)) throw error;
  }
}

// Number of attempts. On Windows, virus scanners and indexers keep a new file open for some tenths of a second. On
// other systems, repeating seldom helps.
const WAITS = process.platform === 'win32' ? 9 : 6;
const FIRST_WAIT = 10;

/**
 * Renames. Repeats it for half a second (on Windows for five seconds) if another program has one of the two files
 * open.
 *
 * @throws the error of the last attempt, or the reason of the signal.
 */
export async function renamePatiently(
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<void> {
  for (let i = 0; ; i++) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      if (i === WAITS || !hasCode(error, 'EPERM', 'EACCES', 'EBUSY')) throw error;
    }
    await sleep(FIRST_WAIT * 2 ** i);
    signal?.throwIfAborted();
  }
}

/**
 * Flushes a folder, so that a new name survives a power cut. Not every file system supports this, and Windows does
 * not need it.
 */
export async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle: FileHandle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
