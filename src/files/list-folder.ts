// Lists the files of a folder and its subfolders. Never follows links.

import type { BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { invalid } from '../archive/format/refuse.ts';
import { namesIn, statLink } from './calls.ts';
import { fileError, onFile, UNREADABLE } from './error.ts';
import { type FileIdentity, type HeldFolder, isSameFile } from './held-folder.ts';
import { CHANGED, type HeldTree } from './held-tree.ts';
import { type InputFile, openRegularFile } from './input-file.ts';
import { createCollector } from './old-garbage.ts';
import { isTemporary } from './temporary.ts';

/**
 * A regular file and its state at the time of the listing. All files of a folder are in memory at once, so it has few
 * members: Node's `BigIntStats` would take 1 KB for each file.
 */
export interface FoundFile extends FileIdentity {
  /** Relative to the folder, with "/" between names. */
  readonly path: string;
  /** The real path of the folder. */
  readonly root: string;
  /** In bytes. */
  readonly size: number;
  readonly mtimeNs: bigint;
}

/** Returns the path of a file for calls of the file system and for messages. */
export function pathOnDisk({ root, path }: FoundFile): string {
  return join(root, path);
}

export interface ListRules {
  /** Whether to leave out a path. The path of a folder ends in "/". */
  readonly ignores: (path: string) => boolean;
  readonly skipsLinks: boolean;
}

// Number of parallel calls of `lstat`.
const ASKED_AT_ONCE = 32;

// Files that file managers create in folders.
const LITTER: readonly string[] = ['.DS_Store', 'Thumbs.db', '__MACOSX/'];

const MEND = 'leave it out by "ignore"';

/**
 * Lists the files of an open folder in an order that depends only on their names. Does not read folders that are left
 * out.
 *
 * @throws {@link BundleSealError} `ERR_FILE`; `ERR_ARCHIVE_INVALID` for a link, and for anything else that is neither
 * file nor folder.
 */
export async function* listTree(
  tree: HeldTree,
  { ignores, skipsLinks }: ListRules,
): AsyncGenerator<FoundFile, void> {
  const collect = createCollector();
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const inside: string[] = [];
    for await (const { name, stats } of listOne(tree, folder)) {
      const path = `${folder}${name}${stats.isDirectory() ? '/' : ''}`;
      if (isTemporary(name) || LITTER.includes(path.slice(folder.length)) || ignores(path))
        continue;
      if (stats.isDirectory()) {
        inside.push(path);
      } else if (stats.isFile()) {
        collect();
        const { dev, ino, size, mtimeNs } = stats;
        yield { path, root: tree.root, dev, ino, size: Number(size), mtimeNs };
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

/**
 * Lists one folder. Asks about some files at a time, because Node's `BigIntStats` of a folder with thousands of files
 * would take tens of megabytes.
 */
async function* listOne(tree: HeldTree, path: string): AsyncGenerator<Named, void> {
  const shown = join(tree.root, path.slice(0, -1));
  const names = await tree.within(path, async (folder) => {
    const bytes = await onFile(shown, UNREADABLE, namesIn(folder.path));
    return bytes.map((each) => nameOf(each, path)).sort();
  });
  for (let at = 0; at < names.length; at += ASKED_AT_ONCE) {
    const some = names.slice(at, at + ASKED_AT_ONCE);
    yield* await tree.within(path, (folder) =>
      Promise.all(
        some.map(async (name) => {
          const stats = statLink(folder.at(name));
          return { name, stats: await onFile(join(shown, name), UNREADABLE, stats) };
        }),
      ),
    );
  }
}

const utf8 = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function nameOf(bytes: Uint8Array, folder: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw invalid(
      'has a name that is not UTF-8: rename it',
      folder + new TextDecoder().decode(bytes),
    );
  }
}

/** Opens a listed file. Throws if it has changed since the listing. */
export function openFound(tree: HeldTree, found: FoundFile): Promise<InputFile> {
  return tree.within(
    folderOf(found.path),
    (folder) => openInFolder(folder, found),
    (file) => file.close(),
  );
}

/** Reads up to `length` bytes from the start of a listed file. */
export async function readStart(
  tree: HeldTree,
  found: FoundFile,
  length: number,
): Promise<Uint8Array> {
  const file = await openFound(tree, found);
  try {
    return await file.read(0, Math.min(file.size, length));
  } finally {
    await file.close();
  }
}

/** Returns the path of a file's folder, in the form of {@link HeldTree}. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** Opens a listed file in its folder, which is held open. Throws if the file has changed since the listing. */
export async function openInFolder(folder: HeldFolder, found: FoundFile): Promise<InputFile> {
  const place = pathOnDisk(found);
  const file = await openRegularFile(
    folder.at(found.path.slice(folderOf(found.path).length)),
    place,
  );
  const { size, mtimeNs } = file.stats;
  const isSame = isSameFile(file.stats, found) && Number(size) === found.size;
  if (isSame && mtimeNs === found.mtimeNs) return file;
  await file.close();
  throw fileError(place, CHANGED);
}
