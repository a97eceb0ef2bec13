// Writing a file so that there is, at every moment, either what was there before or the new one whole.

import type { BigIntStats } from 'node:fs';
import { lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { fileError, onFile } from './error.ts';
import type { InputFile } from './input-file.ts';
import { type OutputFile, outputFile, UNWRITABLE } from './output-file.ts';
import { cleanTemporaries, forgetTemporary, nameTemporary } from './temporary.ts';

const PRIVATE = 0o600;
const MODE_BITS = 0o777n;

/** What an output is made of, and must not replace or lie in; of a folder, its real path. */
type Input = InputFile | { readonly folder: string };

/**
 * Makes what `fill` writes the content of `output`: beside its place, flushed, renamed. Its mode bits are the
 * input's, and of a file that was there before only those that both had. Where the input is a folder, they are
 * those of the file before, or else of any new file.
 */
export async function replaceFile<T>(
  input: Input,
  output: string,
  signal: AbortSignal | undefined,
  fill: (file: OutputFile) => Promise<T>,
): Promise<T> {
  const { target, mode } = await findPlace(input, output);
  const folder = dirname(target);
  await cleanTemporaries(folder, basename(target));
  const name = nameTemporary(basename(target));
  const temporary = join(folder, name);
  try {
    const handle = await onFile(
      output,
      UNWRITABLE,
      open(temporary, 'wx', mode === undefined ? undefined : PRIVATE),
    );
    const file = outputFile(output, handle, temporary);
    try {
      const result = await fill(file);
      await file.endDirect();
      if (mode !== undefined) await onFile(output, UNWRITABLE, handle.chmod(mode));
      await onFile(output, "can't be flushed to the disk", handle.sync());
      // The last moment at which nothing has happened.
      signal?.throwIfAborted();
      // On a network the last of it may be refused only here.
      await onFile(output, UNWRITABLE, handle.close());
      await onFile(output, UNWRITABLE, rename(temporary, target));
      // It is done: an error now would say that nothing has happened.
      await flushFolder(folder).catch(() => {});
      return result;
    } catch (error) {
      await Promise.allSettled([file.endDirect(), handle.close()]);
      throw error;
    }
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  } finally {
    forgetTemporary(name);
  }
}

/** Where the file really goes, links followed; refuses what can't or must not be replaced. */
async function findPlace(
  input: Input,
  output: string,
): Promise<{ target: string; mode: number | undefined }> {
  const inputMode = 'folder' in input ? undefined : Number(input.stats.mode & MODE_BITS);
  const there = await statsOf(output, lstat);
  if (there === undefined) {
    if (output.endsWith('/') || output.endsWith(sep)) {
      throw fileError(output, "can't be written: it names a folder, pass the path of a file in it");
    }
    const folder = await onFile(
      output,
      "can't be written into its folder",
      realpath(dirname(output)),
    );
    const target = join(folder, basename(output));
    checkOutside(input, target, output);
    return { target, mode: inputMode };
  }
  const target = await onFile(
    output,
    there.isSymbolicLink() ? "is a link to a file that isn't there" : UNWRITABLE,
    realpath(output),
  );
  const before = await onFile(output, UNWRITABLE, stat(target, { bigint: true }));
  if (!before.isFile()) {
    throw fileError(
      output,
      before.isDirectory()
        ? "can't be written: it is a folder, pass the path of a file in it"
        : "can't be replaced: it is no regular file, use the streams for it",
    );
  }
  checkOutside(input, target, output);
  const mode = Number(before.mode & MODE_BITS);
  if ('folder' in input || inputMode === undefined) return { target, mode };
  if (before.dev === input.stats.dev && before.ino === input.stats.ino) {
    throw fileError(output, 'is the input itself: write to another file');
  }
  return { target, mode: inputMode & mode };
}

function checkOutside(input: Input, target: string, output: string): void {
  if ('folder' in input && isWithin(input.folder, target)) {
    throw fileError(output, 'lies in the folder that goes into it: write to a file outside of it');
  }
}

/** Whether a path is a folder's, or lies in it; both are real and absolute. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function statsOf(
  path: string,
  ask: (path: string, options: { bigint: true }) => Promise<BigIntStats>,
): Promise<BigIntStats | undefined> {
  try {
    return await ask(path, { bigint: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(path, UNWRITABLE, error);
  }
}

/** So that the new name survives a power cut too; not every file system can, and Windows needs no such call. */
export async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
