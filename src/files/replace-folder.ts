// Filling a folder so that there is either what was there before or the new one whole, and never a part.

import type { BigIntStats } from 'node:fs';
import { chmod, lstat, mkdir, readdir, realpath, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError, onFile } from './error.ts';
import { flushFolder, isWithin } from './replace.ts';
import { cleanTemporaries, forgetTemporary, nameTemporary } from './temporary.ts';

export interface ReplaceFolder {
  /** Whether what is in the folder may go. */
  readonly overwrite: boolean;
  /** The path of a file that may not go with it. */
  readonly input: string | undefined;
  readonly signal: AbortSignal | undefined;
}

const UNWRITABLE = "can't be written";
const NOT_EMPTY = 'is not empty: pass a new or an empty folder, or overwrite: true to replace it';
const PRIVATE = 0o700;
const MODE_BITS = 0o7777n;

// A temporary folder holds the new one until it is in its place, and what was moved out of its way.
const NEW = 'new';
const OLD = 'old-';

// There is more than one only where several runs replace the same folder.
const MAX_OLD = 10;

/**
 * Makes what `fill` puts into the folder that it is given the content of `dir`: beside its place, renamed. A
 * folder that was there before passes its mode bits on, and its owner may do everything.
 */
export async function replaceFolder<T>(
  dir: string,
  options: ReplaceFolder,
  fill: (folder: string) => Promise<T>,
): Promise<T> {
  const { overwrite, signal } = options;
  const target = await realPlace(dir);
  const parent = dirname(target);
  await cleanTemporaries(parent, basename(target), (path) => removeBox(path, target));
  const mode = await checkPlace(dir, target, options);
  const name = nameTemporary(basename(target));
  const box = join(parent, name);
  let isHalfDone = false;
  try {
    await onFile(dir, UNWRITABLE, mkdir(box, PRIVATE));
    const folder = join(box, NEW);
    await onFile(dir, UNWRITABLE, mkdir(folder));
    const result = await fill(folder);
    if (mode !== undefined) await onFile(dir, UNWRITABLE, chmod(folder, mode));
    // The last moment at which nothing has happened.
    signal?.throwIfAborted();
    isHalfDone = true;
    await swap(dir, target, box, overwrite);
    isHalfDone = false;
    // It is done: an error now would say that nothing has happened.
    await flushFolder(parent).catch(() => {});
    return result;
  } catch (error) {
    if (isHalfDone) {
      const left = `can't be put back, and is in ${JSON.stringify(box)} until the next call`;
      await onFile(dir, left, putBack(box, target));
      isHalfDone = false;
    }
    throw error;
  } finally {
    if (!isHalfDone) await rm(box, { recursive: true, force: true }).catch(() => {});
    forgetTemporary(name);
  }
}

/** Where the folder really goes: links above it are followed, itself it may not be one. */
async function realPlace(dir: string): Promise<string> {
  const name = basename(dir);
  if (name === '' || name === '.' || name === '..') return onFile(dir, UNWRITABLE, realpath(dir));
  const parent = realpath(dirname(dir));
  return join(await onFile(dir, "can't be written into its folder", parent), name);
}

/** Refuses what can't or must not be replaced. Gives the mode bits for the folder, if one is there. */
async function checkPlace(
  dir: string,
  target: string,
  { overwrite, input }: ReplaceFolder,
): Promise<number | undefined> {
  const there = await statsOf(dir, target);
  if (there === undefined) return undefined;
  checkFolder(dir, there);
  const parent = await statsOf(dir, dirname(target));
  if (dirname(target) === target || parent?.dev !== there.dev) {
    throw fileError(dir, "can't be replaced: a disk is mounted there, pass a folder in it");
  }
  const cwd = await realpath('.').catch(() => undefined);
  if (cwd !== undefined && isWithin(target, cwd)) {
    throw fileError(dir, 'is or holds the folder that this process works in: pass another one');
  }
  if (
    input !== undefined &&
    isWithin(target, await onFile(input, "can't be read", realpath(input)))
  ) {
    throw fileError(dir, 'holds the archive itself, which would go with it: move that out first');
  }
  const names = await onFile(dir, "can't be read", readdir(target));
  if (names.length > 0 && !overwrite) throw fileError(dir, NOT_EMPTY);
  // Its owner could not remove what is in it, if this comes to nothing.
  return Number(there.mode & MODE_BITS) | PRIVATE;
}

function checkFolder(dir: string, stats: BigIntStats): void {
  if (stats.isDirectory()) return;
  throw fileError(
    dir,
    stats.isSymbolicLink()
      ? "can't be replaced: it is a link, pass the path of the folder that it leads to"
      : "can't be written: it is a file, pass the path of a folder",
  );
}

async function statsOf(dir: string, path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw fileError(dir, UNWRITABLE, error);
  }
}

const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  codes.includes((error as NodeJS.ErrnoException).code ?? '');

/** Puts the new folder in its place. What is there is moved aside first, where it is in the way. */
async function swap(dir: string, target: string, box: string, overwrite: boolean): Promise<void> {
  for (let i = 0; ; i++) {
    try {
      await rename(join(box, NEW), target);
      return;
    } catch (error) {
      // Windows says so also of a folder that is empty.
      const isTaken =
        hasCode(error, 'ENOTEMPTY', 'EEXIST') ||
        (process.platform === 'win32' && hasCode(error, 'EPERM', 'EACCES'));
      if (!isTaken || i === MAX_OLD) throw fileError(dir, UNWRITABLE, error);
    }
    const there = await statsOf(dir, target);
    if (there === undefined) continue;
    checkFolder(dir, there);
    try {
      await (overwrite ? rename(target, join(box, `${OLD}${i}`)) : rmdir(target));
    } catch (error) {
      if (!overwrite && hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw fileError(dir, NOT_EMPTY);
      // Another run has moved it aside.
      if (!hasCode(error, 'ENOENT')) throw fileError(dir, "can't be moved aside", error);
    }
  }
}

/** Removes what a killed run left, but for what has to be put back and can't. */
async function removeBox(box: string, target: string): Promise<void> {
  await putBack(box, target);
  await rm(box, { recursive: true, force: true });
}

/** Undoes the first half of a swap whose second half did not come, unless something else is there now. */
async function putBack(box: string, target: string): Promise<void> {
  const names = await readdir(box).catch((error: unknown): string[] => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  });
  const old = names
    .filter((name) => name.startsWith(OLD))
    .sort()
    .at(-1);
  // Without the new one, that is in its place, and the old one is on its way out.
  if (old === undefined || !names.includes(NEW)) return;
  if ((await statsOf(target, target)) === undefined) await rename(join(box, old), target);
}
