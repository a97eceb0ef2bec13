// Reads single files from an archive with random access.

import { checkOptions, describe } from '../../options.ts';
import {
  type BundleInput,
  openRandomAccess,
  type RandomAccessSource,
} from '../../sources/input.ts';
import { createPace } from '../../turn.ts';
import { invalid } from '../format/refuse.ts';
import { createMeter, LIMIT_OPTIONS, readLimits, type ZipLimits } from '../format/zip-limits.ts';
import { generatorStream } from '../streams.ts';
import { type ArchiveEntry, contentOf, readArchive, STREAM_PIECE } from './archive.ts';
import { gather } from './extract.ts';

/** Options of {@link openZip}. */
export interface OpenZipOptions extends ZipLimits {
  /** Aborts the opening and every later read. Reads in progress reject with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of reads from an open archive. */
export interface ReadFileOptions {
  /** Aborts the read: it rejects, or the stream ends, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** An archive with random access. */
export type ZipSource = RandomAccessSource | BundleInput;

/** One file in an archive. */
export interface ZipEntry {
  /** The path, with "/" between folders. */
  readonly path: string;
  /** Size of the content in bytes. */
  readonly size: number;
  /** Size in the archive, in bytes. */
  readonly compressedSize: number;
  /** The CRC-32 of the content, from 0 to 2^32 - 1. */
  readonly crc32: number;
}

/** An open archive. It reads single files, and checks each one that it reads. */
export interface ZipReader {
  /** The files in the archive's order, without folders. */
  entries(): readonly ZipEntry[];
  /** Whether the archive has a file with this path. */
  has(path: string): boolean;
  /**
   * Reads the whole content of a file and checks it. A file that takes up to 4 MiB in the archive is fetched in one
   * read.
   *
   * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID` if there is no such file or it is damaged (`path`);
   * `ERR_LIMIT_EXCEEDED`; and the errors of the source.
   */
  read(path: string, options?: ReadFileOptions): Promise<Uint8Array>;
  /**
   * Streams the content of a file in constant memory. The content is whole and undamaged only if the stream closes
   * without an error. Ends with the errors of `read`.
   */
  stream(path: string, options?: ReadFileOptions): ReadableStream<Uint8Array>;
}

// Number of bytes of an archive to fetch at once for a content that is returned whole.
const WHOLE_PIECE = 2 ** 22;

/**
 * Opens a zip on a server, in a file or inside a sealed bundle, without reading all of it. It fetches the directory,
 * usually in one read, and later only the bytes of the files that you read.
 *
 * Before it returns, it checks the directory as `unzipBundle` does: paths, links, overlaps, the end record, limits. A
 * read of a file checks its local header and its CRC-32. Memory: about 600 bytes for each file, and the content of the
 * reads.
 *
 * @param source - A {@link RandomAccessSource}: `httpSource`, `fileSource`, the reader of a sealed bundle
 * (`openBundle`), or your own source; or bytes, or a `Blob`.
 * @param options.maxEntries - The most files and folders. Default 65,535.
 * @param options.maxFileSize - The most inflated bytes of one file. Default 268,435,456.
 * @param options.maxTotalSize - The most inflated bytes of all files. Default 1,073,741,824.
 * @param options.maxRatio - The most inflated bytes for each deflated byte, for files over 64 MiB. Default 200.
 * @returns A reader of the archive. It needs no close; the source belongs to the caller.
 * @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names. {@link BundleSealError}
 * `ERR_ARCHIVE_INVALID`, `ERR_LIMIT_EXCEEDED`: see `unzipBundle`; `ERR_SOURCE_FAILED` if the source cannot be read.
 * Throws errors of this library from the source unchanged.
 * @see APPNOTE.TXT 6.3.10
 * @example
 * ```ts
 * import { openZip, zipBundle } from 'bundleseal/zip';
 *
 * const zip = await zipBundle({ 'index.html': new Uint8Array(10), 'app.js': new Uint8Array(10_000) });
 * const source = {
 *   size: zip.length,
 *   read: async (offset: number, length: number) => zip.slice(offset, offset + length),
 * };
 * const reader = await openZip(source);
 * console.log(reader.entries().map(({ path }) => path));
 * console.log(await reader.read('index.html'));
 * ```
 */
export async function openZip(source: ZipSource, options: OpenZipOptions = {}): Promise<ZipReader> {
  checkOptions('openZip', options, { ...LIMIT_OPTIONS, signal: 'signal' });
  const limits = readLimits(options);
  const ranges = openRandomAccess(source, 'source');
  const pace = createPace(options.signal);
  const all = await readArchive(ranges, limits, pace, options.signal);
  const files = new Map(all.flatMap((entry) => (entry.isFolder ? [] : [[entry.path, entry]])));
  const listed: readonly ZipEntry[] = [...files.values()].map(
    ({ path, size, compressedSize, crc32 }) => ({ path, size, compressedSize, crc32 }),
  );

  function content(path: string, piece: number, signal: AbortSignal | undefined) {
    const entry = find(files, path);
    const meter = createMeter(limits);
    return contentOf({ source: ranges, entry, piece, meter, pace: createPace(signal), signal });
  }
  function signalOf(call: string, own: ReadFileOptions): AbortSignal | undefined {
    checkOptions(call, own, { signal: 'signal' });
    return own.signal ?? options.signal;
  }

  return {
    entries: () => listed,
    has: (path) => files.has(path),
    async read(path, own = {}) {
      const signal = signalOf('read', own);
      const { size } = find(files, path);
      return gather(content(path, WHOLE_PIECE, signal), size);
    },
    stream(path, own = {}) {
      const signal = signalOf('stream', own);
      find(files, path);
      return generatorStream((stop) => content(path, STREAM_PIECE, stop), signal);
    },
  };
}

function find(files: ReadonlyMap<string, ArchiveEntry>, path: string): ArchiveEntry {
  if (typeof path !== 'string')
    throw new TypeError(`path expected a string, got ${describe(path)}`);
  const entry = files.get(path);
  if (entry !== undefined) return entry;
  throw invalid('is not in the archive: entries() lists the files, case counts', path);
}
