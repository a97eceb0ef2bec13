// Writes body and seal into two files that belong together.

import { copyFile, link, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { EncryptedFile } from '../files/encrypt-file.ts';
import { forgetTemporary, nameTemporary } from '../files/temporary.ts';
import type { Context } from './terminal.ts';
import { replaceText } from './write-whole.ts';

/**
 * Writes a body and its seal, or neither. It prepares the place of the seal first. Then the complete body gets its
 * name, and after it the seal. If the seal cannot be written, the previous body is restored.
 *
 * If the process is killed between the two, a new body is beside an old seal. Apps refuse this combination.
 */
export async function writeDetached(
  { signal }: Context,
  out: string,
  encrypt: (path: string) => Promise<EncryptedFile>,
): Promise<EncryptedFile> {
  let sealed: EncryptedFile | undefined;
  const before = await keepFile(out);
  try {
    await replaceText(`${out}.seal`, signal, async () => {
      sealed = await encrypt(out);
      return `${sealed.seal}\n`;
    });
  } catch (error) {
    // If the body itself failed, the previous files are unchanged.
    if (sealed !== undefined) await before.restore();
    throw error;
  } finally {
    await before.forget();
  }
  return sealed as unknown as EncryptedFile;
}

/** Keeps the previous file under a second name, from which it can be restored. */
async function keepFile(path: string): Promise<{
  readonly restore: () => Promise<void>;
  readonly forget: () => Promise<void>;
}> {
  const place = await realpath(path).catch(() => undefined);
  if (place === undefined) {
    return { restore: () => rm(path, { force: true }), forget: async () => {} };
  }
  // Opening the output later refuses a pipe or a folder.
  if (!(await stat(place)).isFile()) return { restore: async () => {}, forget: async () => {} };
  const name = await nameTemporary(basename(place));
  const kept = join(dirname(place), name);
  // Not every file system has hard links.
  const isKept = await link(place, kept)
    .catch(() => copyFile(place, kept))
    .then(
      () => true,
      () => false,
    );
  return {
    async restore() {
      if (isKept) await rename(kept, place);
    },
    async forget() {
      await rm(kept, { force: true });
      forgetTemporary(name);
    },
  };
}
