// A folder as an archive.

import { realpath, stat } from 'node:fs/promises';
import { LIMIT_OPTIONS, readLimits } from '../archive/format/limits.ts';
import { invalid } from '../archive/format/refuse.ts';
import { generatorStream } from '../archive/streams.ts';
import type { ZipInput } from '../archive/write/content.ts';
import { type ZipOptions, zipStream } from '../archive/write/zip.ts';
import { selectBackend } from '../backend/select.ts';
import { toHex } from '../bytes.ts';
import { findPrivateKey } from '../keys/find-private.ts';
import { checkOptions, describe } from '../options.ts';
import { onAbort } from '../signals.ts';
import { checkPath, fileError, onFile } from './error.ts';
import { type HeldTree, holdTree } from './held-tree.ts';
import { type FoundFile, type ListRules, listTree, openFound } from './list-folder.ts';
import { type Ignore, ignoreRule } from './pattern.ts';
import { replaceFile } from './replace.ts';

/** What goes in of a folder, and what is refused. */
export interface FolderRules {
  /**
   * What to leave out: patterns, or a function that is given each path as seen from the folder, of a folder
   * with a "/" at its end. Default: nothing.
   */
  readonly ignore?: Ignore;
  /** Whether files that end in `.map` go in. Default true. */
  readonly sourceMaps?: boolean;
  /** What becomes of symbolic links: an error, or they are left out. Default `'refuse'`. */
  readonly links?: 'refuse' | 'skip';
  /**
   * What becomes of files that hold a private key, which everyone who gets the archive could read: an error, or
   * they go in. Default `'refuse'`.
   */
  readonly privateKeys?: 'refuse' | 'allow';
}

export interface ZipDirectoryOptions extends ZipOptions, FolderRules {}

/** An archive that was written. */
export interface ZippedDirectory {
  /** Bytes of the archive. */
  readonly size: number;
  /** SHA-256 of the archive: 64 hex characters. */
  readonly checksum: string;
  /** Files in it. */
  readonly entries: number;
}

// Bytes of a file that are read at once.
const PIECE_LENGTH = 2 ** 18;

/**
 * Zips a folder into a file that is the same, to the byte, wherever and whenever the same files are zipped: the
 * archive that `zipBundle` makes of them. Dates, modes, owners and the order of the folder leave no trace, and
 * folders that hold no file are not in it. Constant memory: 20 MB, and about 1 KB a file.
 *
 * The output appears under its name only when it is whole: it is written beside its place, flushed to the disk
 * and renamed. After an error or an abort what was there before is untouched and nothing is left; what a
 * killed process leaves (`.name.….bundleseal-tmp`) is removed by the next call for the same output. It gets
 * the mode bits of the file that it replaces.
 *
 * Files whose names begin with a dot go in. Left out, wherever they are: `.DS_Store`, `Thumbs.db`, `__MACOSX/`
 * (what file managers leave), `.*.bundleseal-tmp` (what this library is writing), and what `ignore` says. What
 * is left out is not looked into. Everything else has to fit: a link, a pipe, a socket, a device, and a name
 * that `unzipBundle` would refuse, are errors. A file that is changed meanwhile is one too. So is a file that holds a
 * private key: files of up to 64 KiB are looked into (PEM with any text around it, DER, JWK, OpenSSH, PKCS#12 and
 * others), larger ones are judged by their names.
 *
 * A pattern of `ignore` is a name's in any folder (`*.txt`), or a path's as seen from the folder where it has a
 * "/" before its end (`/robots.txt`, `assets/*.psd`); with a "/" at its end it is a folder's alone (`drafts/`). `?`
 * is one character and `*` any number of them, but no "/"; `**` as a whole name is any number of folders. Case
 * counts. There are no other signs.
 *
 * Links are never followed, also not one that another program puts in the place of a folder meanwhile: on Linux each
 * folder is held open and the next one is opened in it. Elsewhere each folder is compared before and after a file of
 * it is opened, so a link that comes and goes exactly between two such calls can go unnoticed.
 *
 * @param dir - A folder; where it is a link itself, that is followed.
 * @param output - A file outside of the folder, by whatever path; a link is followed.
 * @param options.level - From 0 to 9; part of what makes the same bytes. Default 9.
 * @param options.maxEntries - Files. Default 65,535.
 * @param options.maxFileSize - Bytes of one file. Default 268,435,456.
 * @param options.maxTotalSize - Bytes of all files. Default 1,073,741,824.
 * @param options.maxRatio - Bytes of a file for each deflated one, of a file over 64 MiB. Default 200.
 * @throws `TypeError`, `RangeError`: a wrong or unknown option, by name. {@link BundleSealError}
 * `ERR_ARCHIVE_INVALID`: what can't go into an archive, or a private key; `path` says which, as seen from the folder.
 * `ERR_LIMIT_EXCEEDED`: over one of the limits; `limit` says which, and `path` where. `ERR_FILE`: a file or folder
 * can't be read or written, or changed meanwhile, or the output lies in the folder; `path` and `cause` say more.
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
  checkOptions('zipDirectory', options, [
    'ignore',
    'sourceMaps',
    'links',
    'privateKeys',
    'level',
    ...LIMIT_OPTIONS,
    'signal',
    'onProgress',
  ]);
  const { level, signal, onProgress } = options;
  const rules = readRules(options);
  const allowsKeys = options.privateKeys === 'allow';
  const found: Found = { tree: undefined, entries: 0, size: 0 };
  // Checks its options at once, and begins when it is read.
  const zip = zipStream(entriesOf(found, rules, allowsKeys), {
    ...(level === undefined ? {} : { level }),
    ...readLimits(options),
    onProgress: ({ done }) => {
      if (done < found.size) onProgress?.({ done, total: found.size });
    },
  });
  signal?.throwIfAborted();
  const folder = await realFolder(dir);
  const hash = await (await selectBackend()).createHash();
  const tree = await holdTree(folder);
  found.tree = tree;
  try {
    return await replaceFile({ folder }, output, signal, async (file) => {
      let size = 0;
      for await (const chunk of chunksOf(zip, signal)) {
        hash.update(chunk);
        await file.write(chunk, size);
        size += chunk.length;
      }
      onProgress?.({ done: found.size, total: found.size });
      return { size, checksum: toHex(hash.digest()), entries: found.entries };
    });
  } finally {
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
  const folder = await onFile(dir, "can't be read", realpath(dir));
  if ((await onFile(dir, "can't be read", stat(folder))).isDirectory()) return folder;
  throw fileError(dir, 'is no folder: pass the path of the folder that the files are in');
}

/** What is zipped, as far as that is known. */
interface Found {
  tree: HeldTree | undefined;
  entries: number;
  /** Bytes of all files. */
  size: number;
}

async function* entriesOf(
  found: Found,
  rules: ListRules,
  allowsKeys: boolean,
): AsyncGenerator<ZipInput, void> {
  // It is there before the archive is read.
  const tree = found.tree as HeldTree;
  for await (const file of listTree(tree, rules)) {
    found.entries += 1;
    found.size += Number(file.stats.size);
    yield {
      path: file.path,
      data: () => generatorStream(() => piecesOf(tree, file, allowsKeys), undefined),
    };
  }
}

async function* piecesOf(
  tree: HeldTree,
  found: FoundFile,
  allowsKeys: boolean,
): AsyncGenerator<Uint8Array, void> {
  const file = await openFound(tree, found);
  try {
    for (let at = 0; at < file.size; at += PIECE_LENGTH) {
      const piece = await file.read(at, Math.min(file.size, at + PIECE_LENGTH));
      // A file that is looked into comes in one piece; of a larger one the name is asked.
      if (at === 0 && !allowsKeys) refusePrivateKey(found.path, piece);
      yield piece;
    }
    await file.checkUnchanged();
  } finally {
    await file.close();
  }
}

/** @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID`: the file holds a private key. */
export function refusePrivateKey(path: string, bytes: Uint8Array): void {
  const what = findPrivateKey(path, bytes);
  if (what === undefined) return;
  throw invalid(
    `holds ${what}, and everyone who gets the archive could read it: move it away or leave it out by "ignore"; if it is meant to be published, pass privateKeys: 'allow'`,
    path,
  );
}

/** What a stream gives. When this has ended, however it did, so has all that the stream was doing. */
async function* chunksOf(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  const reader = stream.getReader();
  let cancelled: Promise<void> | undefined;
  const cancel = () => {
    // What it says to that comes too late to matter.
    cancelled ??= reader.cancel(signal?.reason).catch(() => {});
    return cancelled;
  };
  const letGo = signal && onAbort(signal, () => void cancel());
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    letGo?.();
    await cancel();
  }
}
