// Unpacks an archive into a folder.

import {
  createMeter,
  LIMIT_OPTIONS,
  type Limits,
  readLimits,
  type ZipLimits,
} from '../archive/format/zip-limits.ts';
import { contentOf, readArchive, STREAM_PIECE } from '../archive/read/archive.ts';
import type { ZipSource } from '../archive/read/open-zip.ts';
import { createWalk } from '../archive/read/walk.ts';
import {
  checkOptions,
  describe,
  type OptionRules,
  WORK_OPTIONS,
  type WorkOptions,
} from '../options.ts';
import { openRandomAccess, type Source } from '../sources/input.ts';
import { type ByteStream, openStream, type StreamReader } from '../sources/stream.ts';
import { createPace } from '../turn.ts';
import { checkPath } from './error.ts';
import { openInputFile } from './input-file.ts';
import { collectAfter, createCollector } from './old-garbage.ts';
import { replaceFolder } from './replace-folder.ts';
import { type Unpacked, writeFiles } from './write-files.ts';

/** Options of {@link unzipFile}. */
export interface UnzipFileOptions extends ZipLimits, WorkOptions {
  /**
   * Whether to replace a folder that is not empty. Nothing of its content remains then. Default false.
   */
  readonly overwrite?: boolean;
}

export const UNZIP_FILE_OPTIONS: OptionRules<UnzipFileOptions> = {
  ...LIMIT_OPTIONS,
  overwrite: 'any',
  ...WORK_OPTIONS,
};

/** The result of unpacking into a folder. */
export interface UnzippedFolder {
  /** Number of files in the folder and its subfolders. */
  readonly entries: number;
  /** Bytes of all files. */
  readonly size: number;
}

// Number of bytes of the archive to read at once if entries are adjacent.
const AHEAD = 2 ** 20;

/**
 * Unpacks a zip into a folder. If anything fails, the previous folder is unchanged. Constant memory: 40 MB, and about
 * 600 bytes for each file.
 *
 * The call writes the files into a temporary folder beside `dir`, checks them as `unzipBundle` does, flushes them to
 * the disk, and then renames the folder. One rename replaces a missing or empty `dir`. The call refuses a `dir` that
 * is not empty. With `overwrite`, it moves that folder aside, renames the new one to its place, and removes the old
 * one with all its content. It removes links in the old folder and never follows them.
 *
 * After an error or an abort, the previous folder is unchanged and no temporary folder remains. The next call for the
 * same folder removes the files of killed processes (`.name.….bundleseal-tmp`). If a process was killed between the
 * two renames of `overwrite`, that call first puts the old folder back. If another program takes the folder's name
 * between the two renames, the call keeps the old folder beside it as `name.before-…`, and the error says so.
 *
 * On Linux the call holds the temporary folder and its parent open, so it does not follow a link that another program
 * puts in their place. On other systems it uses their paths.
 *
 * The call unpacks a stream while it arrives, and renames the folder only after the stream has ended without an
 * error. So you can unpack the stream of `decryptStream` during the download, and the folder exists only if the whole
 * bundle is verified. Archives that cannot be read forward are refused, see `unzipStream`. The call cancels the
 * stream on an abort and on an error.
 *
 * Files and folders get the modes of new files and folders, not those in the archive. If `dir` existed, the new
 * folder gets its mode, with all rights for its owner. Folders without files are not created.
 *
 * From a source with ranges, such as the reader of a sealed bundle, the call unpacks every archive that `unzipBundle`
 * accepts. It reads every byte, so all chunks of a sealed bundle are verified before the folder gets its name.
 *
 * @param zip - A file outside of the folder, a stream, or a source that `openZip` takes. A pipe is first read to its
 * end, into an unnamed file in the system's temporary folder. Pass the output of `decryptStream` as a stream.
 * @param dir - A folder that need not exist, in a folder that exists. The call follows links above it. It must not be
 * a link, the current folder of the process or a mount point.
 * @param options.overwrite - Whether to replace a folder that is not empty. Default false.
 * @param options.maxEntries - The most files and folders. Default 65,535.
 * @param options.maxFileSize - The most inflated bytes of one file. Default 268,435,456.
 * @param options.maxTotalSize - The most inflated bytes of all files. Default 1,073,741,824.
 * @param options.maxRatio - The most inflated bytes for each deflated byte, for files over 64 MiB. Default 200.
 * @returns The number of files and bytes written.
 * @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names. {@link BundleSealError}
 * `ERR_ARCHIVE_INVALID`, `ERR_LIMIT_EXCEEDED`: see `unzipBundle`; `ERR_SOURCE_FAILED` if the stream fails (`cause`);
 * `ERR_FILE` if a file cannot be read or written or changes during the call, or if the folder cannot or must not be
 * replaced (`path`, `cause`). Errors of this library from the stream are thrown unchanged.
 * @see docs/guides/zips.md#read; APPNOTE.TXT 6.3.10
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { unzipFile } from 'bundleseal/node';
 * import { zipBundle } from 'bundleseal/zip';
 *
 * await writeFile('site.zip', await zipBundle({ 'index.html': new Uint8Array(10) }));
 * const { entries } = await unzipFile('site.zip', 'site');
 * console.log(entries);
 * ```
 * @example Unpack a sealed bundle during the download
 * ```ts
 * import { decryptStream, encryptBundle, keygen } from 'bundleseal';
 * import { unzipFile } from 'bundleseal/node';
 * import { zipBundle } from 'bundleseal/zip';
 *
 * const { privateKey, publicKey } = await keygen();
 * const zip = await zipBundle({ 'index.html': new Uint8Array(10) });
 * const response = new Response((await encryptBundle(zip, { privateKey })).bytes);
 *
 * await unzipFile(decryptStream(response.body!, { publicKey }), 'current', { overwrite: true });
 * ```
 */
export async function unzipFile(
  zip: string | ByteStream | ZipSource,
  dir: string,
  options: UnzipFileOptions = {},
): Promise<UnzippedFolder> {
  checkPath('dir', dir);
  const work = readUnzipOptions('unzipFile', options, UNZIP_FILE_OPTIONS);
  if (typeof zip === 'string') return fromFile(zip, dir, work);
  if (typeof (zip as Partial<ReadableStream> | null)?.getReader === 'function') {
    return fromStream(zip as ReadableStream<Uint8Array>, dir, work);
  }
  if (typeof zip === 'object' && zip !== null) {
    return unzipSource(openRandomAccess(zip as ZipSource, 'source'), dir, work);
  }
  throw new TypeError(
    `zip expected a path, a ReadableStream or a source of openZip, got ${describe(zip)}`,
  );
}

export interface UnzipWork extends WorkOptions {
  readonly overwrite: boolean;
  readonly limits: Limits;
}

/**
 * @param call - The function that takes these options.
 * @throws `TypeError`, `RangeError` for a wrong option, which the message names.
 */
export function readUnzipOptions<Options extends UnzipFileOptions>(
  call: string,
  options: Options,
  rules: OptionRules<NoInfer<Options>>,
): UnzipWork {
  checkOptions(call, options, rules);
  const { overwrite = false, signal, onProgress } = options;
  if (typeof overwrite !== 'boolean') {
    throw new TypeError(`options.overwrite expected a boolean, got ${describe(overwrite)}`);
  }
  return {
    overwrite,
    limits: readLimits(options),
    signal,
    onProgress,
  };
}

async function fromFile(zip: string, dir: string, work: UnzipWork): Promise<UnzippedFolder> {
  checkPath('zip', zip);
  const { signal } = work;
  signal?.throwIfAborted();
  const file = await openInputFile(zip, signal);
  try {
    return await unzipSource(file, dir, work, file.path, file.checkUnchanged);
  } finally {
    await file.close();
  }
}

/**
 * Unpacks an archive that can be read by ranges.
 *
 * @param input - The path of the archive's file, which must not be replaced.
 * @param check - Called when the whole archive has been read.
 */
export async function unzipSource(
  source: Source,
  dir: string,
  work: UnzipWork,
  input?: string,
  check: () => Promise<void> = async () => {},
): Promise<UnzippedFolder> {
  const { limits, signal } = work;
  const pace = createPace(signal);
  const ahead = readAhead(source, AHEAD);
  // Reads and checks the directory before it writes anything.
  const archive = await readArchive(ahead, limits, pace, signal);
  const total = archive.reduce((sum, { size }) => sum + size, 0);
  const meter = createMeter(limits);
  const read = { source: ahead, piece: STREAM_PIECE, meter, pace, signal };
  async function* entries(): AsyncGenerator<Unpacked, void> {
    const collect = createCollector();
    // The directory leaves more garbage than the files.
    collectAfter(archive.length, 0);
    for (const entry of archive) {
      collect();
      const { path, isFolder } = entry;
      yield { path, isFolder, content: contentOf({ ...read, entry }) };
    }
    await check();
  }
  return unpack(entries(), dir, work, { input, total });
}

async function fromStream(zip: ByteStream, dir: string, work: UnzipWork): Promise<UnzippedFolder> {
  const reader = openStream(zip);
  try {
    work.signal?.throwIfAborted();
    const total = Number.POSITIVE_INFINITY;
    const result = await unpack(entriesOf(reader, work), dir, work, { input: undefined, total });
    await reader.close();
    return result;
  } catch (error) {
    await reader.close(error);
    throw error;
  }
}

/** Yields the entries of a stream. Ends after the stream has ended. */
async function* entriesOf(
  reader: StreamReader,
  { limits, signal }: UnzipWork,
): AsyncGenerator<Unpacked, void> {
  const walk = createWalk(reader, limits, signal, undefined);
  for (let next = await walk.next(); next !== undefined; next = await walk.next()) {
    yield { ...next.entry, content: next.content };
  }
  await walk.end();
}

function unpack(
  entries: AsyncGenerator<Unpacked, void>,
  dir: string,
  { overwrite, signal, onProgress }: UnzipWork,
  { input, total }: { readonly input: string | undefined; readonly total: number },
): Promise<UnzippedFolder> {
  return replaceFolder(dir, { overwrite, input, signal }, async (folder) => {
    let size = 0;
    const count = (length: number) => {
      size += length;
      if (size < total) onProgress?.({ done: size, total });
      signal?.throwIfAborted();
    };
    const files = await writeFiles(entries, folder, dir, count);
    onProgress?.({ done: size, total: size });
    return { entries: files, size };
  });
}

/**
 * Makes a source with the same bytes that reads `length` of them at once and keeps the last long read in memory.
 *
 * One read of a sealed bundle or a file takes as long as inflating some kilobytes, and a zip may have thousands of
 * files.
 */
function readAhead(source: Source, length: number): Source {
  if (source.bytes !== undefined) return source;
  let held = { start: 0, bytes: new Uint8Array(0) as Uint8Array };
  return {
    size: source.size,
    async read(start, end, signal) {
      if (end - start > length) return source.read(start, end, signal);
      if (start < held.start || end > held.start + held.bytes.length) {
        const bytes = await source.read(start, Math.min(source.size, start + length), signal);
        held = { start, bytes };
        return bytes.subarray(0, end - start);
      }
      return held.bytes.subarray(start - held.start, end - held.start);
    },
  };
}
