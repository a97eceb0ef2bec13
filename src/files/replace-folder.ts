// Replaces a folder atomically: after a crash, the old folder or the complete new one exists.

import type { BigIntStats } from 'node:fs';
import { chmod, lstat, mkdir, readdir, realpath, rename, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomBytes } from '../backend/random.ts';
import { toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { PRIVATE_FOLDER } from './calls.ts';
import { fileError, onFile, UNREADABLE, UNWRITABLE } from './error.ts';
import { type HeldFolder, holdFolder, holdOwn, removeTree } from './held-folder.ts';
import { flushFolder, hasCode, renamePatiently, whereOffered } from './leniency.ts';
import { holds, statsIfThere } from './output-place.ts';
import { cleanTemporaries, cutName, forgetTemporary, nameTemporary } from './temporary.ts';

export interface ReplaceFolder {
  /** Whether the folder may be replaced if it is not empty. */
  readonly overwrite: boolean;
  /** The path of a file that must not be removed with the folder. */
  readonly input: string | undefined;
  readonly signal: AbortSignal | undefined;
}

const NOT_EMPTY = 'is not empty: pass a new or an empty folder, or overwrite: true to replace it';
const MOUNTED = "can't be replaced: a disk is mounted there, pass a folder in it";
// All mode bits, because the new folder keeps a set-group-ID bit, which gives new files the folder's group.
const MODE_BITS = 0o7777n;

// Names in the temporary folder (the box). It contains the new folder until that is renamed to its place, and the old
// folder after that was moved aside.
const NEW = 'new';
const OLD = 'old-';

// The box contains several old folders only if several processes replace the same folder.
const MAX_OLD = 10;

/**
 * The folders of this operation. They are held open, so that a link cannot redirect the operation.
 */
interface Site {
  /** The folder's path for messages. */
  readonly dir: string;
  /** The folder's real path, and its name in `parent`. */
  readonly target: string;
  readonly base: string;
  readonly parent: HeldFolder;
}

/**
 * Replaces `dir` by a new folder, which `fill` fills with files. The new folder is created beside `dir` and then
 * renamed. It gets the mode bits of the previous folder, with all rights for its owner.
 */
export async function replaceFolder<T>(
  dir: string,
  options: ReplaceFolder,
  fill: (folder: string) => Promise<T>,
): Promise<T> {
  const target = await realPlace(dir);
  const parent = await holdFolder(dirname(target), dir);
  const site: Site = { dir, target, base: basename(target), parent };
  const name = await nameTemporary(site.base);
  try {
    await cleanTemporaries(parent, site.base, (left) => mendBox(site, left));
    const mode = await checkPlace(site, options);
    return await throughBox(site, name, mode, options, fill);
  } finally {
    forgetTemporary(name);
    await parent.close();
  }
}

async function throughBox<T>(
  site: Site,
  name: string,
  mode: number | undefined,
  { overwrite, signal }: ReplaceFolder,
  fill: (folder: string) => Promise<T>,
): Promise<T> {
  const { dir, target, parent } = site;
  const beside = `can't be made in its folder ${JSON.stringify(dirname(target))}`;
  await onFile(dir, beside, mkdir(parent.at(name), PRIVATE_FOLDER));
  let box: HeldFolder | undefined;
  try {
    box = await holdOwn(parent.at(name), dir);
    const folder = box.at(NEW);
    await onFile(dir, UNWRITABLE, mkdir(folder));
    const result = await fill(folder);
    if (mode !== undefined) await onFile(dir, UNWRITABLE, whereOffered(chmod(folder, mode)));
    await parent.check();
    // An abort is possible until here, because nothing has been replaced yet.
    signal?.throwIfAborted();
    try {
      await swap(site, box, overwrite);
    } catch (error) {
      throw await undo(site, box, name, error);
    }
    // The folder is replaced. An error now would wrongly tell the caller that it is not.
    await flushFolder(parent.path).catch(() => {});
    return result;
  } finally {
    // Tries a second time, because another program may have had a file in the box open.
    if (!(await removeBox(box, parent, name))) await removeBox(box, parent, name);
    await box?.close();
  }
}

/** Removes a box, except one with an old folder that was not replaced. Returns whether it was removed. */
async function removeBox(
  box: HeldFolder | undefined,
  parent: HeldFolder,
  name: string,
): Promise<boolean> {
  try {
    const names = box === undefined ? [] : await readdir(box.path);
    if (isHalfDone(names)) return true;
    if (box !== undefined) for (const each of names) await removeTree(box, each);
    await rmdir(parent.at(name));
    return true;
  } catch {
    return false;
  }
}

/** Whether the new folder has not taken its place, so that the old one has to be put back. */
const isHalfDone = (names: readonly string[]): boolean => names.includes(NEW) && names.some(isOld);

const isOld = (name: string): boolean => name.startsWith(OLD);
/**
 * Returns the real path of the folder. Follows links above it; the folder itself must not be a link.
 */
async function realPlace(dir: string): Promise<string> {
  const name = basename(dir);
  if (name === '' || name === '.' || name === '..') return onFile(dir, UNWRITABLE, realpath(dir));
  const parent = realpath(dirname(dir));
  return join(await onFile(dir, "can't be written into its folder", parent), name);
}

/** Throws if the folder cannot or must not be replaced. Returns the mode bits of an existing folder. */
async function checkPlace(
  { dir, target, base, parent }: Site,
  { overwrite, input }: ReplaceFolder,
): Promise<number | undefined> {
  // The root is its own parent.
  if (dirname(target) === target) throw fileError(dir, MOUNTED);
  const there = await statsIfThere(dir, lstat(parent.at(base), { bigint: true }));
  if (there === undefined) return undefined;
  checkFolder(dir, there);
  if (parent.stats.dev !== there.dev) throw fileError(dir, MOUNTED);
  const cwd = await realpath('.').catch(() => undefined);
  if (cwd !== undefined && (await holds(target, cwd, dir))) {
    throw fileError(dir, 'is or contains the current folder of this process: pass another one');
  }
  if (
    input !== undefined &&
    (await holds(target, await onFile(input, UNREADABLE, realpath(input)), dir))
  ) {
    throw fileError(
      dir,
      'holds the archive itself, which would be removed with it: move the archive out first',
    );
  }
  const names = await onFile(dir, UNREADABLE, readdir(target));
  if (names.length > 0 && !overwrite) throw fileError(dir, NOT_EMPTY);
  // Without these rights, the owner could not remove the files after an error.
  return Number(there.mode & MODE_BITS) | PRIVATE_FOLDER;
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

/** Puts the new folder in its place. An old one is moved aside first. */
async function swap(site: Site, box: HeldFolder, overwrite: boolean): Promise<void> {
  const { dir, base, parent } = site;
  let emptied: BigIntStats | undefined;
  for (let i = 0; ; i++) {
    const before = await statsIfThere(dir, lstat(parent.at(base), { bigint: true }));
    try {
      // If a folder is in the way, repeating would not help.
      await (before ? rename : renamePatiently)(box.at(NEW), parent.at(base));
      return;
    } catch (error) {
      // Windows returns this code also for an empty folder.
      const isTaken =
        hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR') ||
        (before !== undefined && hasCode(error, 'EPERM', 'EACCES', 'EBUSY'));
      if (!isTaken || i === MAX_OLD) {
        if (emptied !== undefined)
          await mkdir(parent.at(base), Number(emptied.mode)).catch(() => {});
        throw fileError(dir, UNWRITABLE, error);
      }
    }
    const there = await statsIfThere(dir, lstat(parent.at(base), { bigint: true }));
    if (there === undefined) continue;
    checkFolder(dir, there);
    try {
      if (overwrite) await renamePatiently(parent.at(base), box.at(`${OLD}${i}`));
      else await rmdir(parent.at(base));
      emptied = overwrite ? undefined : there;
    } catch (error) {
      if (!overwrite && hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw fileError(dir, NOT_EMPTY);
      // ENOENT: another process has moved the folder aside.
      if (!hasCode(error, 'ENOENT')) throw fileError(dir, "can't be moved aside", error);
    }
  }
}

/**
 * Puts the old folder back after a failed swap. Returns the error, which says where the folder is if it could not be
 * put back.
 */
async function undo(site: Site, box: HeldFolder, name: string, error: unknown): Promise<unknown> {
  const { dir, target } = site;
  let place: string | undefined;
  let { cause } = error as BundleSealError;
  try {
    place = await putBack(site, box);
    if (place === undefined) return error;
  } catch (failure) {
    const names = await readdir(box.path).catch((): string[] => []);
    place = join(dirname(target), name, names.filter(isOld).sort().at(-1) ?? '');
    cause = failure;
  }
  const said = `${(error as Error).message}; the previous folder is in ${JSON.stringify(place)}`;
  return new BundleSealError('ERR_FILE', said, { path: dir, cause });
}

/**
 * Cleans up after a killed process: puts back the folder that it had moved aside, and removes its files.
 */
async function mendBox(site: Site, name: string): Promise<void> {
  const { parent } = site;
  const box = await holdOwn(parent.at(name), site.dir);
  try {
    await putBack(site, box);
    await removeBox(box, parent, name);
  } finally {
    await box.close();
  }
}

/**
 * Undoes the first half of an interrupted swap. If something else has taken the name, the old folder gets another
 * name beside it.
 *
 * @returns The new path of the old folder, if it differs from its previous path.
 */
async function putBack(
  { target, base, parent }: Site,
  box: HeldFolder,
): Promise<string | undefined> {
  const names = await readdir(box.path);
  // No new folder in the box: it is in its place already, so the old one has to be removed.
  if (!isHalfDone(names)) return undefined;
  const old = box.at(names.filter(isOld).sort().at(-1) as string);
  const there = await statsIfThere(target, lstat(parent.at(base), { bigint: true }));
  if (there === undefined) {
    await renamePatiently(old, parent.at(base));
    return undefined;
  }
  const kept = `${cutName(base)}.before-${toHex(randomBytes(4))}`;
  await renamePatiently(old, parent.at(kept));
  return join(dirname(target), kept);
}
