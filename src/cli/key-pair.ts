// A new key pair in its place. A private key that was there is kept under another name, and never replaced.

import type { BigIntStats } from 'node:fs';
import { link, lstat, realpath, rename, rm } from 'node:fs/promises';
import { fileError, onFile } from '../files/error.ts';
import { isSameFile } from '../files/held-folder.ts';
import { isThere } from './read-key.ts';
import { writeWhole } from './write-whole.ts';

/** What was there before, under the names that it has now. */
export interface KeptPair {
  readonly privateKey?: string;
  readonly publicKey?: string;
}

/** A file that has a second name, under which it stays. */
interface Kept {
  readonly from: string;
  readonly to: string;
  readonly stats: BigIntStats;
  /** Whether it still has its first name too: not every file system has links. */
  readonly isLinked: boolean;
}

/** A file that was written here, by which it is known again. */
interface Written {
  readonly file: string;
  readonly stats: BigIntStats;
}

/**
 * Writes both halves; the private one is readable by its owner alone. What has their names is kept as `.old`, then
 * `.old.2` and so on. If the new pair can't be written, the old one gets its names back.
 *
 * Replaces nothing that it has not kept: where another program changes the files meanwhile, it rejects with `ERR_FILE`
 * and leaves what that program wrote. Commands hold the pair by `lockPair` besides.
 *
 * A process that is killed meanwhile leaves a private key under the name at every moment: the old one or the new one.
 *
 * @param use - What else has to be done with the new pair. If it throws, the old pair gets its names back too.
 */
export async function placePair(
  path: string,
  pair: { readonly privateKey: string; readonly publicKey: string },
  use: () => Promise<void> = async () => {},
): Promise<KeptPair> {
  // Through a link the new key would be written over what the link leads to, so that is what is kept.
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
      [privateKey, pair.privateKey, 0o600, keptPrivate],
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
    // Nobody has used the new key yet, and nobody has its other half.
    for (const one of kept) await giveBack(one, written);
    for (const { file, stats } of written) {
      if (isAt(await statsOf(file), stats)) await rm(file, { force: true });
    }
    throw error;
  }
}

/** Where a link leads; any other path itself. */
async function targetOf(path: string): Promise<string> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isSymbolicLink() !== true) return path;
  return onFile(path, "is a link to a file that isn't there", realpath(path));
}

async function freeName(path: string): Promise<string> {
  for (let count = 1; ; count++) {
    const name = count === 1 ? `${path}.old` : `${path}.old.${count}`;
    if (!(await isThere(name)) && !(await isThere(`${name}.pub`))) return name;
  }
}

/** Gives a file a second name that nothing has, where there is a file. */
async function keep(from: string, to: string, kept: Kept[]): Promise<Kept | undefined> {
  if (!(await isThere(from))) return undefined;
  let isLinked = true;
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw fileError(to, 'appeared meanwhile: try again');
    }
    // Not every file system has links.
    await onFile(to, "can't be written", rename(from, to));
    isLinked = false;
  }
  const stats = await onFile(to, "can't be read", lstat(to, { bigint: true }));
  const one = { from, to, stats, isLinked };
  kept.push(one);
  return one;
}

/** Refuses to go on where a file that is about to be replaced is not the one that was kept, or is kept no more. */
async function checkKept({ from, to, stats, isLinked }: Kept): Promise<void> {
  const isKept = isAt(await statsOf(to), stats);
  if (isKept && (!isLinked || isAt(await statsOf(from), stats))) return;
  throw fileError(
    from,
    'was changed by another program meanwhile: look at its present content, then try again',
  );
}

/** Gives a kept file its first name back, unless another program has put a file there. */
async function giveBack({ from, to, stats }: Kept, written: readonly Written[]): Promise<void> {
  if (!isAt(await statsOf(to), stats)) return;
  const there = await statsOf(from);
  const isOurs = written.some((one) => one.file === from && isAt(there, one.stats));
  if (there !== undefined && !isOurs && !isAt(there, stats)) return;
  await rename(to, from);
  // Where both names are still of one file, a rename leaves both.
  await rm(to, { force: true });
}

function statsOf(path: string): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch(() => undefined);
}

function isAt(there: BigIntStats | undefined, stats: BigIntStats): boolean {
  if (there === undefined || !isSameFile(there, stats)) return false;
  // A file system may give the number of a removed file to the next one.
  return there.mtimeNs === stats.mtimeNs && there.size === stats.size;
}
