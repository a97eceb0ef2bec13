// What users call to write an archive.

import { concatAll, type OwnBytes } from '../../bytes.ts';
import { checkOptions, shown, type WorkOptions } from '../../options.ts';
import { LIMIT_OPTIONS, type Limits, readLimits, type ZipLimits } from '../format/limits.ts';
import { joined } from '../pieces.ts';
import { generatorStream } from '../streams.ts';
import { checkEntries, dropContents, givenIn, type ZipEntries } from './content.ts';
import type { Level } from './deflate.ts';
import { writeZip } from './write.ts';

export interface ZipOptions extends ZipLimits, WorkOptions {
  /** How hard to compress, from 0 (not at all) to 9. Part of what makes the same bytes. Default 9. */
  readonly level?: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
}

// Bytes of a chunk of the stream, about: headers do not come by themselves.
const CHUNK_LENGTH = 65_536;

/**
 * Zips files in memory. The same files make the same bytes: in every runtime, on every platform, in any order
 * and in whatever form they are given, so that a checksum or a seal over the archive can be made again.
 *
 * Files stand in the order of the UTF-8 bytes of their paths, dated 1980-01-01, with mode 0644, without extra
 * fields (but Zip64, where 65,535 files or 4 GiB are reached). Content up to 8 MiB is stored or deflated,
 * whichever is smaller; larger content is deflated with its sizes after it, as `zipStream` has to. Folders are
 * not written: they come with their files. No files at all make an empty zip.
 *
 * What `unzipBundle` refuses is not written: the same paths are refused, and the same limits hold, with the same
 * defaults. Memory: the archive twice, and up to 20 MB.
 *
 * @param entries - Files by path, an iterable of `{ path, data }` or of pairs, or a `Map`. A content is bytes, a
 * `Blob`, a stream, or a function that opens one of them when it is its turn.
 * @param options.level - From 0 to 9. Default 9.
 * @param options.maxEntries - Files. Default 65,535.
 * @param options.maxFileSize - Bytes of one file. Default 268,435,456.
 * @param options.maxTotalSize - Bytes of all files. Default 1,073,741,824.
 * @param options.maxRatio - Bytes of a file for each deflated one, of a file over 64 MiB. Default 200.
 * @throws `TypeError`, `RangeError`: a wrong or unknown option, by name; a content of another kind.
 * {@link BundleSealError} `ERR_ARCHIVE_INVALID`: a path that is not safe on every platform, or two for one
 * file; `path` says which. `ERR_LIMIT_EXCEEDED`: over one of the limits; `limit` says which, and `path` where.
 * `ERR_SOURCE_FAILED`: a content could not be read; `path` says whose, and `cause` why.
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
  for await (const part of writeZip(entries, { ...options, ...own })) parts.push(part);
  return concatAll(parts);
}

/**
 * Zips files as the archive is read: the bytes that `zipBundle` makes, in constant memory (20 MB, and about
 * 600 bytes a file) if the contents are given as streams, Blobs or functions.
 *
 * A content is opened when it is its turn and the reader is ready for it. Cancelling the archive, an abort and
 * an error cancel the streams that were given.
 *
 * @param entries - As `zipBundle` takes them.
 * @param options.level - From 0 to 9. Default 9.
 * @param options.maxEntries - Files. Default 65,535.
 * @param options.maxFileSize - Bytes of one file. Default 268,435,456.
 * @param options.maxTotalSize - Bytes of all files. Default 1,073,741,824.
 * @param options.maxRatio - Bytes of a file for each deflated one, of a file over 64 MiB. Default 200.
 * @throws `TypeError`, `RangeError` at once: a wrong or unknown option, by name. The stream ends with what
 * `zipBundle` throws.
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
    yield* inChunks(writeZip(entries, { ...options, ...own, signal }));
  };
  return generatorStream((stop) => {
    // What never began has no end at which it could let go.
    const letGo = () => isBegun || dropContents(givenIn(entries), stop.reason);
    stop.addEventListener('abort', letGo);
    return begin(stop);
  }, options.signal);
}

interface Checked {
  readonly level: Level;
  readonly limits: Limits;
}

function check(call: string, entries: ZipEntries, options: ZipOptions): Checked {
  checkOptions(call, options, ['level', ...LIMIT_OPTIONS, 'signal', 'onProgress']);
  const { level = 9 } = options;
  if (!Number.isInteger(level) || level < 0 || level > 9) {
    throw new RangeError(`options.level expected an integer from 0 to 9, got ${shown(level)}`);
  }
  const limits = readLimits(options);
  checkEntries(entries);
  return { level, limits };
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
