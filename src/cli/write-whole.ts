// A file whole or not at all, of what is in memory: keys, seals, bundles of Capgo's wire.

import { link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError, onFile } from '../files/error.ts';
import { nameTemporary } from '../files/temporary.ts';

export interface WriteOptions {
  /** Mode bits; the process's mask takes some of them away. */
  readonly mode: number;
  /** Whether a file of this name may be replaced. */
  readonly force: boolean;
}

export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  { mode, force }: WriteOptions,
): Promise<void> {
  const temporary = join(dirname(path), nameTemporary(basename(path)));
  const handle = await onFile(path, "can't be written", open(temporary, 'wx', mode));
  try {
    await handle.writeFile(content);
    await handle.sync();
    await handle.close();
    if (force) await onFile(path, "can't be replaced", rename(temporary, path));
    // A link fails where the name is taken, at whatever moment it was.
    else await link(temporary, path);
  } catch (error) {
    await handle.close().catch(() => {});
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw fileError(path, 'is there already: pass --force to replace it');
  } finally {
    await rm(temporary, { force: true });
  }
}
