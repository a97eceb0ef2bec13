// The public calls that write archives.

import { concatAll, joined, type OwnBytes } from '../../bytes.ts';
import {
  checkOptions,
  type OptionRules,
  shown,
  WORK_OPTIONS,
  type WorkOptions,
} from '../../options.ts';
import { LIMIT_OPTIONS, type Limits, readLimits, type ZipLimits } from '../format/zip-limits.ts';
import { generatorStream } from '../streams.ts';
import { checkEntries, dropContents, givenIn, type ZipEntries, type ZipInput } from './content.ts';
import type { Level } from './deflate.ts';
import { threadsByDefault } from './deflate-queue.ts';
import type { Memory } from './memory.ts';
import { checkEnds, writeZip } from './write.ts';

/** Options of {@link zipBundle} and {@link zipStream}. */
export interface ZipOptions extends ZipLimits, WorkOptions {
  /** Compression level, from 0 (none) to 9. Different levels give different bytes. Default 6. */
  readonly level?: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
  /**
   * Threads that compress in addition to this one, from 0 to 64. The bytes are the same with any number. Threads
   * start only for 1 MiB of content and more. Default: on Node as many as there are further cores, up to 8; elsewhere 0.
   */
  readonly threads?: number;
}

export const ZIP_OPTIONS: OptionRules<ZipOptions> = {
  ...LIMIT_OPTIONS,
  level: 'any',
  threads: 'any',
  ...WORK_OPTIONS,
};

// Approximate length of a piece of the stream, in bytes, so that headers are not pieces of their own.
const CHUNK_LENGTH = 65_536;

// Length of the chunks for code within the library, in bytes.
const ROOM_LENGTH = 262_144;

/**
 * Zips files in memory, reproducibly. The same files give the same bytes in every runtime, on every platform, for
 * files in any order and any form of input, so the checksums of two builds can be compared.
 *
 * Files are in the order of the UTF-8 bytes of their paths, with the date 1980-01-01 and mode 0644. They have no
 * extra fields, except Zip64 fields from 65,535 files or 4 GiB on. Content up to 8 MiB is stored or deflated,
 * whichever is smaller. Larger content is deflated, and its sizes follow it, as in `zipStream`. Folders have no
 * entries. Without files the result is an empty zip.
 *
 * It refuses the same paths as `unzipBundle` and has the same limits with the same defaults. Memory on Node: the archive
 * twice, about 70 MB, and up to 70 MB of Blobs and streams that were read but not yet collected.
 *
 * @param entries - Files by path, an iterable of `{ path, data }` or of pairs, or a `Map`. A content is bytes, a
 * `Blob`, a stream, or a function that opens one of them when its turn comes.
 * @param options.level - From 0 to 9. Default 6.
 * @param options.threads - Threads that compress, from 0 to 64. Default: on Node as many as there are further cores, up to 8;
 * elsewhere 0. In a browser a thread is a worker from a `blob:` URL; where the page's Content-Security-Policy forbids it,
 * the calling thread compresses.
 * @param options.maxEntries - Files. Default 65,535.
 * @param options.maxFileSize - Bytes of one file. Default 268,435,456.
 * @param options.maxTotalSize - Bytes of all files. Default 1,073,741,824.
 * @param options.maxRatio - Bytes of a file for each deflated one, of a file over 64 MiB. Default 200.
 * @returns The archive, in new memory.
 * @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names, and for a content of
 * another kind. {@link BundleSealError} `ERR_ARCHIVE_INVALID` for a path that is not safe on every platform, or two
 * paths for one file (`path`); `ERR_LIMIT_EXCEEDED` if a limit is exceeded (`limit`, `path`); `ERR_SOURCE_FAILED` if
 * a content cannot be read (`path`, `cause`).
 * @see APPNOTE.TXT 6.3.10
 * @example
 * ```ts
 * import { zipBundle } from 'bundleseal/zip';
 *
 * const zip = await zipBundle({
 *   'index.html': new TextEncoder().encode('<script src="app.js"></script>'),
 *   'app.js': new Blob(['console.log("Hi")']),
 * });
 * ```
 */
export async function zipBundle(entries: ZipEntries, options: ZipOptions = {}): Promise<OwnBytes> {
  const own = check('zipBundle', entries, options);
  const parts: Uint8Array[] = [];
  const pieces = checkEnds(writeZip(entries, { ...options, ...own }));
  for await (const piece of pieces) parts.push(piece);
  return concatAll(parts);
}

/**
 * Zips files while the archive is read. It makes the same bytes as `zipBundle`, in constant memory if the contents are
 * streams, Blobs or functions: on Node up to 150 MB, of which Blobs and streams that were read but not yet collected are
 * about 50 MB, and about 600 bytes for each file.
 *
 * It opens contents one after the other, up to 4 MiB ahead of the reader. It cancels the passed streams on an abort,
 * on an error, and when the reader cancels the archive.
 *
 * @param entries - As `zipBundle` takes them.
 * @param options.level - From 0 to 9. Default 6.
 * @param options.threads - Threads that compress, from 0 to 64. Default: on Node as many as there are further cores, up to 8;
 * elsewhere 0. In a browser a thread is a worker from a `blob:` URL; where the page's Content-Security-Policy forbids it,
 * the calling thread compresses.
 * @param options.maxEntries - Files. Default 65,535.
 * @param options.maxFileSize - Bytes of one file. Default 268,435,456.
 * @param options.maxTotalSize - Bytes of all files. Default 1,073,741,824.
 * @param options.maxRatio - Bytes of a file for each deflated one, of a file over 64 MiB. Default 200.
 * @returns The archive as a stream.
 * @throws `TypeError`, `RangeError` at once for a wrong or unknown option, which the message names. The stream ends
 * with the errors of `zipBundle`.
 * @see APPNOTE.TXT 6.3.10
 * @example
 * ```ts
 * import { zipStream } from 'bundleseal/zip';
 *
 * const zip = zipStream([
 *   { path: 'index.html', data: new Blob(['<script src="app.js"></script>']) },
 *   { path: 'app.js', data: () => new Blob(['console.log("Hi")']).stream() },
 * ]);
 * console.log((await new Response(zip).blob()).size);
 * ```
 */
export function zipStream(
  entries: ZipEntries,
  options: ZipOptions = {},
): ReadableStream<Uint8Array> {
  const own = check('zipStream', entries, options);
  let isBegun = false;
  const begin = async function* (signal: AbortSignal) {
    isBegun = true;
    yield* checkEnds(inChunks(writeZip(entries, { ...options, ...own, signal })));
  };
  return generatorStream((stop) => {
    // A stream that was never read does not end, so it cannot release its contents there.
    const letGo = () => isBegun || dropContents(givenIn(entries), stop.reason);
    stop.addEventListener('abort', letGo);
    return begin(stop);
  }, options.signal);
}

/**
 * Zips files for code within the library that needs no stream. Checks the options at once, and makes the archive
 * while it is read. A chunk is valid until the next one is requested.
 */
export function zipChunks(
  options: ZipOptions,
  memory: Memory,
): (entries: AsyncIterable<ZipInput>) => AsyncGenerator<Uint8Array, void> {
  const own = check('zipChunks', [], options);
  return (entries) => checkEnds(inOneRoom(writeZip(entries, { ...options, ...own, memory })));
}

const MAX_THREADS = 64;

interface Checked {
  readonly level: Level;
  readonly threads: number;
  readonly limits: Limits;
}

function check(call: string, entries: ZipEntries, options: ZipOptions): Checked {
  checkOptions(call, options, ZIP_OPTIONS);
  const { level = 6, threads = threadsByDefault() } = options;
  if (!Number.isInteger(level) || level < 0 || level > 9) {
    throw new RangeError(`options.level expected an integer from 0 to 9, got ${shown(level)}`);
  }
  if (!Number.isInteger(threads) || threads < 0 || threads > MAX_THREADS) {
    throw new RangeError(
      `options.threads expected an integer from 0 to ${MAX_THREADS}, got ${shown(threads)}`,
    );
  }
  const limits = readLimits(options);
  checkEntries(entries);
  return { level, threads, limits };
}

/** Yields the bytes in chunks of the same memory. */
async function* inOneRoom(
  parts: AsyncGenerator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  const room = new Uint8Array(ROOM_LENGTH);
  let length = 0;
  for await (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const taken = part.subarray(at, at + room.length - length);
      room.set(taken, length);
      at += taken.length;
      length += taken.length;
      if (length < room.length) continue;
      yield room;
      length = 0;
    }
  }
  if (length > 0) yield room.subarray(0, length);
}

async function* inChunks(
  parts: AsyncGenerator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const part of parts) {
    held.push(part);
    length += part.length;
    if (length < CHUNK_LENGTH) continue;
    yield joined(held);
    held = [];
    length = 0;
  }
  if (length > 0) yield joined(held);
}
