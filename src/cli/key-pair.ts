// Writes a new key pair. Keeps a previous private key under another name and never overwrites it.

import type { BigIntStats } from 'node:fs';
import { link, lstat, realpath, rename, rm } from 'node:fs/promises';
import { PRIVATE_FILE } from '../files/calls.ts';
import { fileError, onFile, UNREADABLE, UNWRITABLE } from '../files/error.ts';
import { isSameFile } from '../files/held-folder.ts';
import { exists } from '../files/leniency.ts';
import { writeWhole } from './write-whole.ts';

/** The previous pair and its new names. */
export interface KeptPair {
  readonly privateKey?: string;
  readonly publicKey?: string;
}

/** A file that is kept under a second name. */
interface Kept {
  readonly from: string;
  readonly to: string;
  readonly stats: BigIntStats;
  /** Whether the file still has its first name too. Not every file system has hard links. */
  readonly isLinked: boolean;
}

/** A file that this process wrote, with the facts that identify it. */
interface Written {
  readonly file: string;
  readonly stats: BigIntStats;
}

/**
 * Writes both halves. Only the owner can read the private key. A previous pair is kept as `.old`, then `.old.2` and
 * so on. If the new pair cannot be written, the old one gets its names back.
 *
 * It replaces only files that it has kept. If another program changes the files meanwhile, it rejects with `ERR_FILE`
 * and does not change the files of that program. Commands also lock the pair with `lockPair`.
 *
 * If the process is killed at any moment, a complete private key has the name: the old one or the new one.
 *
 * @param use - Further work with the new pair. If it throws, the old pair gets its names back.
 */
export async function placePair(
  path: string,
  pair: { readonly privateKey: string; readonly publicKey: string },
  use: () => Promise<void> = async () => {},
): Promise<KeptPair> {
  // Follows links, because the new key replaces the target of a link, so the target has to be kept.
  const privateKey = await targetOf(path);
  const publicKey = await targetOf(`${path}.pub`);
  const name = await freeName(privateKey);
  const written: Written[] = [];
  const kept: Kept[] = [];
  try {
    const isPair = publicKey === `${privateKey}.pub`;
    const keptPrivate = await keep(privateKey, name, kept);
    const keptPublic = await keep(
      publicKey,
      isPair ? `${name}.pub` : await freeName(publicKey),
      kept,
    );
    for (const [file, content, mode, before] of [
      [privateKey, pair.privateKey, PRIVATE_FILE, keptPrivate],
      [publicKey, pair.publicKey, 0o644, keptPublic],
    ] as const) {
      for (const one of kept.slice(written.length)) await checkKept(one);
      await writeWhole(file, content, { mode, force: before?.isLinked === true });
      const stats = await statsOf(file);
      if (stats !== undefined) written.push({ file, stats });
    }
    await use();
    return {
      ...(keptPrivate && { privateKey: keptPrivate.to }),
      ...(keptPublic && { publicKey: keptPublic.to }),
    };
  } catch (error) {
    // The new key has not been used yet, so it can be dropped.
    for (const one of kept) await giveBack(one, written);
    for (const { file, stats } of written) {
      if (isAt(await statsOf(file), stats)) await rm(file, { force: true });
    }
    throw error;
  }
}

/** Returns the target of a link, or the path itself. */
async function targetOf(path: string): Promise<string> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isSymbolicLink() !== true) return path;
  return onFile(path, "is a link to a file that isn't there", realpath(path));
}

async function freeName(path: string): Promise<string> {
  for (let count = 1; ; count++) {
    const name = count === 1 ? `${path}.old` : `${path}.old.${count}`;
    if (!(await exists(name)) && !(await exists(`${name}.pub`))) return name;
  }
}

/** Gives an existing file a second name that is free. */
async function keep(from: string, to: string, kept: Kept[]): Promise<Kept | undefined> {
  if (!(await exists(from))) return undefined;
  let isLinked = true;
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw fileError(
        to,
        'was made by another program meanwhile: check its content, then try again',
      );
    }
    // Not every file system has hard links.
    await onFile(to, UNWRITABLE, rename(from, to));
    isLinked = false;
  }
  const stats = await onFile(to, UNREADABLE, lstat(to, { bigint: true }));
  const one = { from, to, stats, isLinked };
  kept.push(one);
  return one;
}

/** Throws if the file to be replaced is not the kept one, or the kept one has disappeared. */
async function checkKept({ from, to, stats, isLinked }: Kept): Promise<void> {
  const isKept = isAt(await statsOf(to), stats);
  if (isKept && (!isLinked || isAt(await statsOf(from), stats))) return;
  throw fileError(
    from,
    'was changed by another program meanwhile: check its present content, then try again',
  );
}

/** Gives a kept file its first name back, unless another program has put a file there. */
async function giveBack({ from, to, stats }: Kept, written: readonly Written[]): Promise<void> {
  if (!isAt(await statsOf(to), stats)) return;
  const there = await statsOf(from);
  const isOurs = written.some((one) => one.file === from && isAt(there, one.stats));
  if (there !== undefined && !isOurs && !isAt(there, stats)) return;
  await rename(to, from);
  // If both names belong to the same file, rename does nothing, so the second name has to be removed.
  await rm(to, { force: true });
}

function statsOf(path: string): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch(() => undefined);
}

function isAt(there: BigIntStats | undefined, stats: BigIntStats): boolean {
  if (there === undefined || !isSameFile(there, stats)) return false;
  // Compares time and size too, because a file system may reuse the inode number of a removed file.
  return there.mtimeNs === stats.mtimeNs && there.size === stats.size;
}
