// Zips a folder.

import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid } from '../archive/format/refuse.ts';
import { readLimits } from '../archive/format/zip-limits.ts';
import { LEFT_OUT, type OwnPieces, ownContent, type ZipInput } from '../archive/write/content.ts';
import { prepareDeflate, threadsByDefault } from '../archive/write/deflate-queue.ts';
import { type Memory, reusedMemory } from '../archive/write/memory.ts';
import { ZIP_OPTIONS, type ZipOptions, zipChunks } from '../archive/write/zip.ts';
import { release } from '../backend/node-slices.ts';
import { selectBackend } from '../backend/select.ts';
import { toHex } from '../bytes.ts';
import { checkOptions, describe, type OptionRules, type Progress } from '../options.ts';
import { checkPath, fileError, onFile, UNREADABLE } from './error.ts';
import { createPublishedSearch } from './find-leaked-key.ts';
import { type HeldTree, holdTree } from './held-tree.ts';
import { type FoundFile, type ListRules, listTree, readStart } from './list-folder.ts';
import { collectAfter } from './old-garbage.ts';
import { type Ignore, ignoreRule } from './pattern.ts';
import { type FoundContents, readFound } from './read-found.ts';
import { replaceFile } from './replace.ts';

/** Rules for the files of a folder: which are left out, and which are errors. */
export interface FolderRules {
  /**
   * Files to leave out: patterns, or a function that gets each path relative to the folder. The path of a folder ends
   * in "/". Default: none.
   */
  readonly ignore?: Ignore;
  /** Whether to include files that end in `.map`. Default true. */
  readonly sourceMaps?: boolean;
  /** Whether a symbolic link is an error (`'refuse'`, the default) or left out (`'skip'`). */
  readonly links?: 'refuse' | 'skip';
  /**
   * Whether a file with a private key is an error (`'refuse'`, the default) or included (`'allow'`). Everyone who
   * gets the archive can read the key.
   */
  readonly privateKeys?: 'refuse' | 'allow';
}

export const FOLDER_RULES: OptionRules<FolderRules> = {
  ignore: 'any',
  sourceMaps: 'any',
  links: 'any',
  privateKeys: 'any',
};

/** Options of {@link zipDirectory}. */
export interface ZipDirectoryOptions extends ZipOptions, FolderRules {}

/** The result of zipping a folder. */
export interface ZippedDirectory {
  /** Bytes of the archive. */
  readonly size: number;
  /** SHA-256 of the archive: 64 hex characters. */
  readonly checksum: string;
  /** Number of files. */
  readonly entries: number;
}

/**
 * Zips a folder reproducibly: the same files give the same bytes on every machine at any time, the same as those of
 * `zipBundle`. The archive does not depend on dates, modes, owners or the order of the folder. Folders without files
 * are left out. Constant memory: 80 MB, and about 1 KB for each file.
 *
 * The output gets its name only when it is complete: the call writes a temporary file in the same folder, flushes it
 * to the disk and renames it. After an error or an abort, the previous file is unchanged and no temporary file
 * remains. The next call for the same output removes the temporary files of killed processes
 * (`.name.….bundleseal-tmp`). The output gets the mode bits of the file that it replaces.
 *
 * Files whose names begin with a dot are included. The call leaves out `.DS_Store`, `Thumbs.db` and `__MACOSX/` of
 * file managers, `.*.bundleseal-tmp` (temporary files of this library), and matches of `ignore`. It does not read
 * folders that are left out. These are errors: a link, a pipe, a socket, a device, a name that `unzipBundle` would
 * refuse, a file that changes before the call has read it, and a file with a private key. The call searches each file for keys in
 * text: PEM, base64 of PEM or DER, and JWK, also within a script into which a bundler has inlined a key. In files of up to 64 KiB it
 * also finds DER, PKCS#12, PuTTY and age, and looks into `.gz` and `.br` files whose content has at most that size.
 *
 * A pattern of `ignore` is a name in any folder (`*.txt`). With a "/" before its end it is a path relative to the
 * folder (`/robots.txt`, `assets/*.psd`). With a "/" at its end it matches folders only (`drafts/`). `?` matches one
 * character and `*` any number of characters, except "/"; `**` as a whole name matches any number of folders.
 * Matching respects case. No other characters have a special meaning.
 *
 * The call never follows links in the folder, also if another program puts a link in the place of a folder meanwhile:
 * on Linux it holds each folder open and opens the next one through it. On other systems it compares each folder
 * before and after it opens a file of it, so it can miss a link that appears and disappears between two such calls.
 *
 * @param dir - A folder. The call follows a link to a folder.
 * @param output - A file outside of the folder. The call follows a link to a file.
 * @param options.level - From 0 to 9. Different levels give different bytes. Default 6.
 * @param options.threads - Threads that compress, from 0 to 64. Default: as many as there are further cores, up to 8.
 * @param options.maxEntries - Files. Default 65,535.
 * @param options.maxFileSize - Bytes of one file. Default 268,435,456.
 * @param options.maxTotalSize - Bytes of all files. Default 1,073,741,824.
 * @param options.maxRatio - Bytes of a file for each deflated one, of a file over 64 MiB. Default 200.
 * @returns The size and checksum of the zip, and the number of files.
 * @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names. {@link BundleSealError}
 * `ERR_ARCHIVE_INVALID` for a file that must not be in an archive and for a private key (`path`, relative to the
 * folder); `ERR_LIMIT_EXCEEDED` if a limit is exceeded (`limit`, `path`); `ERR_FILE` if a file or folder cannot be
 * read or written or changes before it is read, or if the output lies in the folder (`path`, `cause`).
 * @see docs/guides/zips.md#write; APPNOTE.TXT 6.3.10
 * @example
 * ```ts
 * import { mkdir, writeFile } from 'node:fs/promises';
 * import { zipDirectory } from 'bundleseal/node';
 *
 * await mkdir('dist/assets', { recursive: true });
 * await writeFile('dist/index.html', '<script src="assets/app.js"></script>');
 * await writeFile('dist/assets/app.js', 'console.log("Hi")');
 * await writeFile('dist/assets/app.js.map', '{}');
 * const { checksum, entries } = await zipDirectory('dist', 'app.zip', {
 *   sourceMaps: false,
 *   ignore: ['drafts/', '*.psd'],
 * });
 * console.log(checksum, entries);
 * ```
 */
export async function zipDirectory(
  dir: string,
  output: string,
  options: ZipDirectoryOptions = {},
): Promise<ZippedDirectory> {
  checkPath('dir', dir);
  checkPath('output', output);
  checkOptions('zipDirectory', options, ZIP_DIRECTORY_OPTIONS);
  return zipFolder(dir, output, options);
}

/** Does the work of {@link zipDirectory}. `watch` sees the files meanwhile, and may leave some out. */
export function zipFolder(
  dir: string,
  output: string,
  options: ZipDirectoryOptions,
  watch?: FolderWatch,
): Promise<ZippedDirectory> {
  const write = (zip: FolderZip) =>
    replaceFile({ folder: zip.folder }, output, options.signal, async (file) => {
      const hash = await (await selectBackend()).createHash();
      let size = 0;
      for await (const chunk of zip.chunks()) {
        hash.update(chunk);
        await file.write(chunk, size);
        size += chunk.length;
      }
      return { size, checksum: toHex(await hash.digest()), ...zip.end() };
    });
  return withFolderZip(dir, options, write, watch);
}

/**
 * Sees the files of a folder while they are zipped, and may leave some out. With it, a caller needs no second look at
 * the folder.
 */
export interface FolderWatch {
  /** Whether the file at this place is left out because the caller writes it. It need not exist. */
  isOutput(place: string): boolean;
  /**
   * Gets the files as they are listed, and yields those to zip. An error ends the call before a content is read.
   *
   * @param start - Reads the first bytes of a listed file, for a decision that cannot wait for its content.
   */
  select(
    listed: AsyncIterable<FoundFile>,
    start: (file: FoundFile, length: number) => Promise<Uint8Array>,
  ): AsyncIterable<FoundFile>;
  /**
   * Gets each piece of a content before it is zipped, file by file. An empty file has none. Returns false for the
   * first piece to leave the file out.
   */
  read(file: FoundFile, piece: Uint8Array, at: number): boolean;
}

/** The options of {@link zipDirectory}. */
export const ZIP_DIRECTORY_OPTIONS: OptionRules<ZipDirectoryOptions> = {
  ...ZIP_OPTIONS,
  ...FOLDER_RULES,
};

/** The archive of a folder while it is being made. */
export interface FolderZip {
  /** The folder's real path. */
  readonly folder: string;
  /** Whether `ignore`, `sourceMaps` or the watch leaves out a path. */
  ignores(path: string): boolean;
  /** Makes the archive. A chunk is valid until the next one is requested. */
  chunks(): AsyncGenerator<Uint8Array, void>;
  /** Returns the number of files. Call it after all chunks were read. */
  end(): { readonly entries: number };
}

/** Calls `work` with the archive of a folder. Checks the options before it reads a file. */
export async function withFolderZip<T>(
  dir: string,
  options: ZipDirectoryOptions,
  work: (zip: FolderZip) => Promise<T>,
  watch?: FolderWatch,
): Promise<T> {
  const { level, threads, signal, onProgress } = options;
  const rules = readRules(options);
  const found: Found = { files: [], entries: 0, size: 0 };
  // `zipChunks` checks its options at once.
  const memory = reusedMemory();
  const zipOptions = {
    ...(level === undefined ? {} : { level }),
    ...(threads === undefined ? {} : { threads }),
    ...readLimits(options),
    signal,
    onProgress: ({ done }: Progress) => {
      if (done < found.size) onProgress?.({ done, total: found.size });
    },
  };
  const makeChunks = zipChunks(zipOptions, memory);
  signal?.throwIfAborted();
  const folder = await realFolder(dir);
  // Before the listing, which leaves no time for loading, because its calls are synchronous.
  const expect = level === 0 ? () => {} : await prepareDeflate(threads ?? threadsByDefault());
  const tree = await holdTree(folder);
  const contents = readFound(tree, found.files, memory);
  const allowsKeys = options.privateKeys === 'allow';
  const read = { tree, rules, contents, memory, allowsKeys, watch, expect };
  try {
    return await work({
      folder,
      ignores: (path) => rules.ignores(path) || watch?.isOutput(join(folder, path)) === true,
      async *chunks() {
        yield* makeChunks(entriesOf(found, read));
        // What follows needs memory too, so everything about the files goes now.
        memory.end(release);
        found.files.length = 0;
        contents.forget();
        collectAfter(found.entries, found.size);
      },
      end() {
        onProgress?.({ done: found.size, total: found.size });
        return { entries: found.entries };
      },
    });
  } finally {
    await contents.close();
    await tree.close();
  }
}

export function readRules({
  ignore = [],
  sourceMaps = true,
  links = 'refuse',
  privateKeys = 'refuse',
}: FolderRules): ListRules {
  if (privateKeys !== 'refuse' && privateKeys !== 'allow') {
    throw new TypeError("options.privateKeys expected 'refuse' or 'allow'");
  }
  if (typeof sourceMaps !== 'boolean') {
    throw new TypeError(`options.sourceMaps expected a boolean, got ${describe(sourceMaps)}`);
  }
  if (links !== 'refuse' && links !== 'skip') {
    throw new TypeError("options.links expected 'refuse' or 'skip'");
  }
  const isIgnored = ignoreRule(ignore);
  return {
    ignores: (path) => (!sourceMaps && path.endsWith('.map')) || isIgnored(path),
    skipsLinks: links === 'skip',
  };
}

export async function realFolder(dir: string): Promise<string> {
  const folder = await onFile(dir, UNREADABLE, realpath(dir));
  if ((await onFile(dir, UNREADABLE, stat(folder))).isDirectory()) return folder;
  throw fileError(dir, 'is no folder: pass the path of the folder that the files are in');
}

/** The facts about the folder that are known so far. */
interface Found {
  /** All files whose contents are read. */
  readonly files: FoundFile[];
  /** Number of files in the archive. */
  entries: number;
  /** Bytes of the files in the archive. */
  size: number;
}

interface Read {
  readonly tree: HeldTree;
  readonly rules: ListRules;
  readonly contents: FoundContents;
  readonly memory: Memory;
  readonly allowsKeys: boolean;
  readonly watch: FolderWatch | undefined;
  /** Called with the bytes of the files that are listed so far. */
  readonly expect: (length: number) => void;
}

async function* entriesOf(found: Found, read: Read): AsyncGenerator<ZipInput, void> {
  const { tree, rules, watch } = read;
  const listed = counted(listTree(tree, rules), read);
  const start = (file: FoundFile, length: number) => readStart(tree, file, length);
  const open = (file: FoundFile) => piecesOf(file, found, read);
  for await (const file of watch === undefined ? listed : watch.select(listed, start)) {
    found.files.push(file);
    found.entries += 1;
    found.size += file.size;
    yield { path: file.path, data: ownContent(file, open) };
  }
}

async function* counted(files: AsyncIterable<FoundFile>, { expect }: Read) {
  let size = 0;
  for await (const file of files) {
    size += file.size;
    expect(size);
    yield file;
  }
}

async function* piecesOf(
  file: FoundFile,
  found: Found,
  { contents, memory, allowsKeys, watch }: Read,
): OwnPieces {
  const search = allowsKeys ? undefined : createPublishedSearch(file.path, file.size);
  let at = 0;
  for await (const piece of contents.pieces(file)) {
    if (watch?.read(file, piece, at) === false) {
      found.entries -= 1;
      found.size -= file.size;
      memory.giveBack(piece);
      return LEFT_OUT;
    }
    refusePrivateKey(file.path, search?.(piece));
    at += piece.length;
    yield piece;
  }
  return undefined;
}

/**
 * @param what - The private key in the file, if there is one.
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID` if there is one.
 */
export function refusePrivateKey(path: string, what: string | undefined): void {
  if (what === undefined) return;
  throw invalid(
    `holds ${what}, and everyone who gets the archive could read it: move it away or leave it out by "ignore"; if it is meant to be published, pass privateKeys: 'allow'`,
    path,
  );
}
