// A new key pair in its place. A private key that was there is kept under another name, and never replaced.

import { link, lstat, realpath, rename, rm } from 'node:fs/promises';
import { fileError, onFile } from '../files/error.ts';
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
}

/**
 * Writes both halves; the private one is readable by its owner alone. What has their names is kept as `.old`, then
 * `.old.2` and so on. If the new pair can't be written, the old one gets its names back.
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
  const made: string[] = [];
  const kept: Kept[] = [];
  try {
    const isPair = publicKey === `${privateKey}.pub`;
    const keptPrivate = await keep(privateKey, name, kept);
    const keptPublic = await keep(
      publicKey,
      isPair ? `${name}.pub` : await freeName(publicKey),
      kept,
    );
    for (const [file, content, mode, isKept] of [
      [privateKey, pair.privateKey, 0o600, keptPrivate !== undefined],
      [publicKey, pair.publicKey, 0o644, keptPublic !== undefined],
    ] as const) {
      await writeWhole(file, content, { mode, force: isKept });
      if (!isKept) made.push(file);
    }
    await use();
    return {
      ...(keptPrivate && { privateKey: keptPrivate }),
      ...(keptPublic && { publicKey: keptPublic }),
    };
  } catch (error) {
    // Nobody has used the new key yet, and nobody has its other half.
    for (const file of made) await rm(file, { force: true });
    for (const { from, to } of kept) {
      await rename(to, from);
      // Where both names are still of one file, a rename leaves both.
      await rm(to, { force: true });
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
async function keep(from: string, to: string, kept: Kept[]): Promise<string | undefined> {
  if (!(await isThere(from))) return undefined;
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw fileError(to, 'appeared meanwhile: try again');
    }
    // Not every file system has links.
    await onFile(to, "can't be written", rename(from, to));
  }
  kept.push({ from, to });
  return to;
}
