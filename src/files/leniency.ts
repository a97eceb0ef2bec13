// Failures of file systems that are not errors: calls that they do not support, and renames that succeed a moment
// later.

import type { FileHandle } from 'node:fs/promises';
import { open, rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  codes.includes((error as NodeJS.ErrnoException).code ?? '');

// SMB, FUSE, FAT, Windows drives in WSL and Node's permission model give these codes for calls that they do not
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

// Virus scanners and indexers open a new file for some tenths of a second. In other cases the error seldom goes away.
const WAITS = process.platform === 'win32' ? 9 : 6;
const FIRST_WAIT = 10;

/**
 * Renames. Tries again for half a second (on Windows for five) if another program holds one of the two files.
 *
 * @throws what the last attempt said, or the reason of the signal.
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

/** Makes a new name survive a power cut. Not every file system can, and Windows needs no such call. */
export async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle: FileHandle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
