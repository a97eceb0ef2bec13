// Lists the files of a folder and its subfolders. Never follows links.

import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid } from '../archive/format/refuse.ts';
import { fileError, onFile } from './error.ts';
import { type HeldFolder, isSameFile } from './held-folder.ts';
import { CHANGED, type HeldTree, holdTree } from './held-tree.ts';
import { type InputFile, openRegularFile } from './input-file.ts';
import { isTemporary } from './temporary.ts';

/** A regular file and its state at the time of the listing. */
export interface FoundFile {
  /** Relative to the folder, with "/" between names. */
  readonly path: string;
  readonly place: string;
  readonly stats: BigIntStats;
}

export interface ListRules {
  /** Whether to leave out a path. The path of a folder ends in "/". */
  readonly ignores: (path: string) => boolean;
  readonly skipsLinks: boolean;
}

const UNREADABLE = "can't be read";

// Files that file managers create in folders.
const LITTER: readonly string[] = ['.DS_Store', 'Thumbs.db', '__MACOSX/'];

const MEND = 'leave it out by "ignore"';

/**
 * Lists the files in an order that depends only on their names. Does not read folders that are left out.
 *
 * @param root - The folder's real path.
 * @throws {@link BundleSealError} `ERR_FILE`; `ERR_ARCHIVE_INVALID` for a link, and for anything else that is neither
 * file nor folder.
 */
export async function* listFolder(root: string, rules: ListRules): AsyncGenerator<FoundFile, void> {
  const tree = await holdTree(root);
  try {
    yield* listTree(tree, rules);
  } finally {
    await tree.close();
  }
}

/** Does the same as {@link listFolder} for an open folder. */
export async function* listTree(
  tree: HeldTree,
  { ignores, skipsLinks }: ListRules,
): AsyncGenerator<FoundFile, void> {
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const inside: string[] = [];
    for (const { name, stats } of await listOne(tree, folder)) {
      const place = join(tree.root, folder, name);
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
          `is a link, which is never followed: put its target in its place, or ${MEND}, or all links by links: 'skip'`,
          path,
        );
      }
    }
    folders.push(...inside.reverse());
  }
}

interface Named {
  readonly name: string;
  readonly stats: BigIntStats;
}

/** Lists one folder. */
function listOne(tree: HeldTree, path: string): Promise<Named[]> {
  const shown = join(tree.root, path.slice(0, -1));
  return tree.within(path, async (folder) => {
    const bytes = await onFile(shown, UNREADABLE, readdir(folder.path, { encoding: 'buffer' }));
    const found: Named[] = [];
    for (const name of bytes.map((each) => nameOf(each, path)).sort()) {
      const asked = lstat(folder.at(name), { bigint: true });
      found.push({ name, stats: await onFile(join(shown, name), UNREADABLE, asked) });
    }
    return found;
  });
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

/** Opens a listed file. Throws if it has changed since the listing. */
export function openFound(tree: HeldTree, { path, place, stats }: FoundFile): Promise<InputFile> {
  const end = path.lastIndexOf('/') + 1;
  const open = async (folder: HeldFolder) => {
    const file = await openRegularFile(folder.at(path.slice(end)), place);
    const { size, mtimeNs } = file.stats;
    const isSame = isSameFile(file.stats, stats) && size === stats.size;
    if (isSame && mtimeNs === stats.mtimeNs) return file;
    await file.close();
    throw fileError(place, CHANGED);
  };
  return tree.within(path.slice(0, end), open, (file) => file.close());
}
