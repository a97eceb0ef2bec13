// The files of a folder and of those in it. Links are never followed.

import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid } from '../archive/refuse.ts';
import { fileError, onFile } from './error.ts';
import { type InputFile, openInputFile } from './input-file.ts';
import { isTemporary } from './temporary.ts';

/** A regular file, as it was when the folder was listed. */
export interface FoundFile {
  /** As seen from the folder, with "/" between names. */
  readonly path: string;
  readonly place: string;
  readonly stats: BigIntStats;
}

export interface ListRules {
  /** Whether a path is left out; a folder's has a "/" at its end. */
  readonly ignores: (path: string) => boolean;
  readonly skipsLinks: boolean;
}

const UNREADABLE = "can't be read";
const CHANGED = 'was changed while its folder was read: try again when nothing writes to it';

// What file managers leave in folders.
const LITTER: readonly string[] = ['.DS_Store', 'Thumbs.db', '__MACOSX/'];

const MEND = 'leave it out by "ignore"';

/**
 * Gives the files, in an order that depends on their names alone. What is left out is not looked into.
 *
 * @param root - The folder's real path.
 * @throws {@link BundleSealError} `ERR_FILE`; `ERR_ARCHIVE_INVALID`: a link, or what is neither file nor folder.
 */
export async function* listFolder(
  root: string,
  { ignores, skipsLinks }: ListRules,
): AsyncGenerator<FoundFile, void> {
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const inside: string[] = [];
    for (const name of await namesIn(root, folder)) {
      const place = join(root, folder, name);
      const stats = await onFile(place, UNREADABLE, lstat(place, { bigint: true }));
      const path = `${folder}${name}${stats.isDirectory() ? '/' : ''}`;
      if (isTemporary(name) || LITTER.includes(path.slice(folder.length)) || ignores(path))
        continue;
      if (stats.isDirectory()) {
        inside.push(path);
      } else if (stats.isFile()) {
        yield { path, place, stats };
      } else if (!stats.isSymbolicLink()) {
        throw invalid(`is a pipe, a socket or a device, which no archive can hold: ${MEND}`, path);
      } else if (!skipsLinks) {
        throw invalid(
          `is a link, which is never followed: put what it leads to in its place, or ${MEND}, or all links by links: 'skip'`,
          path,
        );
      }
    }
    folders.push(...inside.reverse());
  }
}

async function namesIn(root: string, folder: string): Promise<string[]> {
  const place = join(root, folder.slice(0, -1));
  const names = await onFile(place, UNREADABLE, readdir(place, { encoding: 'buffer' }));
  return names.map((name) => nameOf(name, folder)).sort();
}

function nameOf(bytes: Uint8Array, folder: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid(
      'has a name that is not UTF-8: rename it',
      folder + new TextDecoder().decode(bytes),
    );
  }
}

/** Opens a file that was found, if it is still what it was. */
export async function openFound({ place, stats }: FoundFile): Promise<InputFile> {
  const now = await onFile(place, UNREADABLE, lstat(place, { bigint: true }));
  // What is no regular file any more can't be waited for.
  if (!now.isFile()) throw fileError(place, CHANGED);
  const file = await openInputFile(place);
  const { dev, ino, size, mtimeNs } = file.stats;
  if (dev === now.dev && ino === now.ino && size === stats.size && mtimeNs === stats.mtimeNs) {
    return file;
  }
  await file.close();
  throw fileError(place, CHANGED);
}
