// Finds the real path of an output, and checks that the output may be written there.

import type { BigIntStats } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { PERMISSION_BITS, PRIVATE_FILE } from './calls.ts';
import { fileError, onFile, UNWRITABLE } from './error.ts';
import { isSameFile } from './held-folder.ts';
import type { InputFile } from './input-file.ts';
import { hasCode, isNotOffered } from './leniency.ts';

/**
 * The input of an output: a file, the real path of a folder, or, for an input in memory, the mode bits of the new file,
 * to which the umask of the process applies. The output must not replace its input or lie in it.
 */
export type Input = InputFile | { readonly folder: string } | { readonly mode: number };

/** Where an output goes, and its mode bits. */
export interface OutputPlace {
  /** The output's real path. */
  readonly target: string;
  /** The file that exists at the target, if any. */
  readonly before: BigIntStats | undefined;
  /** Mode bits with which to create the file. `undefined`: the default of a new file. */
  readonly initialMode: number | undefined;
  /** Mode bits to set in the end. `undefined`: keep the initial ones. */
  readonly mode: number | undefined;
}

/** Finds the place of an output and follows links. @throws `ERR_FILE` if it must not or cannot be replaced. */
export async function findPlace(input: Input, output: string): Promise<OutputPlace> {
  const there = await statsIfThere(output, lstat(output, { bigint: true }));
  if (there === undefined) return findNewPlace(input, output);
  const before = await statsIfThere(output, stat(output, { bigint: true }));
  if (before === undefined)
    throw fileError(
      output,
      "is a link to a file that isn't there: remove the link, or pass another path",
    );
  if (!before.isFile()) {
    throw fileError(
      output,
      before.isDirectory()
        ? "can't be written: it is a folder, pass the path of a file in it"
        : `can't be replaced: it is ${describeKind(before)}, pass the path of a file`,
    );
  }
  const target = await onFile(output, UNWRITABLE, realpath(output));
  await checkOutside(input, target, output);
  if ('stats' in input && isSameFile(before, input.stats)) {
    throw fileError(output, 'is the input itself: write to another file');
  }
  const wanted = 'folder' in input ? undefined : input.mode;
  const mode = (wanted ?? PERMISSION_BITS) & Number(before.mode) & PERMISSION_BITS;
  return { target, before, initialMode: PRIVATE_FILE, mode };
}

async function findNewPlace(input: Input, output: string): Promise<OutputPlace> {
  if (output.endsWith('/') || output.endsWith(sep)) {
    throw fileError(output, "can't be written: it names a folder, pass the path of a file in it");
  }
  const parent = realpath(dirname(output));
  const folder = await onFile(output, "can't be written into its folder", parent);
  const target = join(folder, basename(output));
  await checkOutside(input, target, output);
  const mode = 'folder' in input ? undefined : input.mode;
  const isGiven = 'stats' in input && mode !== undefined;
  return {
    ...{ target, before: undefined },
    ...(isGiven ? { initialMode: PRIVATE_FILE, mode } : { initialMode: mode, mode: undefined }),
  };
}

async function checkOutside(input: Input, target: string, output: string): Promise<void> {
  if ('folder' in input && (await holds(input.folder, target, output))) {
    throw fileError(output, 'lies in the folder that is its input: write to a file outside of it');
  }
}

/**
 * Whether a path is the folder's own or lies in the folder. Both paths are real and absolute. Compares folders by
 * identity and not by name, because a folder may be mounted in two places or have several spellings.
 *
 * @param shown - The path for messages.
 */
export async function holds(folder: string, path: string, shown: string): Promise<boolean> {
  const outer = await onFile(shown, "can't be looked up", stat(folder, { bigint: true }));
  for (let at = path; ; at = dirname(at)) {
    if (at === folder) return true;
    try {
      if (isSameFile(await stat(at, { bigint: true }), outer)) return true;
    } catch (error) {
      // The folder does not exist yet, or Node's permission model hides it.
      if (!hasCode(error, 'ENOENT') && !isNotOffered(error)) {
        throw fileError(shown, UNWRITABLE, error);
      }
    }
    if (dirname(at) === at) return false;
  }
}

/** Returns the result of `stat` or `lstat`. Returns `undefined` if there is no such file. @throws `ERR_FILE` */
export async function statsIfThere(
  path: string,
  stats: Promise<BigIntStats>,
): Promise<BigIntStats | undefined> {
  try {
    return await stats;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw fileError(path, UNWRITABLE, error);
  }
}

/** Names the kind of a file that is neither regular nor a folder. */
export function describeKind(stats: BigIntStats): string {
  if (stats.isFIFO()) return 'a pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}
