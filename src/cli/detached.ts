// Body and seal in two files that belong together.

import { copyFile, link, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { EncryptedFile } from '../files/encrypt-file.ts';
import { forgetTemporary, nameTemporary } from '../files/temporary.ts';
import type { Context } from './context.ts';
import { replaceText } from './write-whole.ts';

/**
 * Writes a body and its seal, or neither. The place of the seal is prepared first. The body gets its name when it is
 * whole, and then the seal. If the seal cannot be written, the previous body is put back.
 *
 * A process that is killed between the two leaves a new body beside an old seal, which no app opens.
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
    // If the body itself failed, the previous files are untouched.
    if (sealed !== undefined) await before.restore();
    throw error;
  } finally {
    await before.forget();
  }
  return sealed as unknown as EncryptedFile;
}

/** A second name for the previous file, from which it can be restored. */
async function keepFile(path: string): Promise<{
  readonly restore: () => Promise<void>;
  readonly forget: () => Promise<void>;
}> {
  const place = await realpath(path).catch(() => undefined);
  if (place === undefined) {
    return { restore: () => rm(path, { force: true }), forget: async () => {} };
  }
  // A pipe or a folder is refused where it is opened.
  if (!(await stat(place)).isFile()) return { restore: async () => {}, forget: async () => {} };
  const name = await nameTemporary(basename(place));
  const kept = join(dirname(place), name);
  // Not every file system has links.
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
