// Locks a key pair, because two commands at the same time could each replace the private key of the other.

import { open, realpath, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PRIVATE_FILE } from '../files/calls.ts';
import { fileError, onFile } from '../files/error.ts';
import { type HeldFolder, holdFolder } from '../files/held-folder.ts';
import { exists } from '../files/leniency.ts';
import {
  cleanTemporaries,
  forgetTemporary,
  nameTemporary,
  temporariesOf,
} from '../files/temporary.ts';

/**
 * Runs `work` while no other command writes this key pair. An empty file beside the private key is the lock. The lock
 * of a killed process does not count.
 *
 * Each command creates its lock before it looks for others, so at most one of two simultaneous commands continues.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if another command has the lock.
 */
export async function lockPair<T>(privateKey: string, work: () => Promise<T>): Promise<T> {
  const target = await realpath(privateKey).catch(() => privateKey);
  const place = dirname(target);
  // If the folder does not exist, nothing can be written, and `work` throws a better error.
  if (!(await exists(place))) return work();
  const folder = await holdFolder(await realpath(place).catch(() => place), privateKey);
  const base = `${basename(target)}.lock`;
  const mark = await nameTemporary(base);
  try {
    const made = `can't be made in its folder ${JSON.stringify(place)}`;
    await (await onFile(privateKey, made, open(folder.at(mark), 'wx', PRIVATE_FILE))).close();
    await refuseOthers(folder, base, mark, { privateKey, place });
    return await work();
  } finally {
    await unlink(folder.at(mark)).catch(() => {});
    forgetTemporary(mark);
    await folder.close();
  }
}

async function refuseOthers(
  folder: HeldFolder,
  base: string,
  mark: string,
  { privateKey, place }: { readonly privateKey: string; readonly place: string },
): Promise<void> {
  await cleanTemporaries(folder, base);
  const other = (await temporariesOf(folder, base)).find((name) => name !== mark);
  if (other === undefined) return;
  throw fileError(
    privateKey,
    `is being written by another command: try again when it has ended. If none is running, remove ${join(place, other)}`,
  );
}
