// Unpacks an archive while it arrives: reads the local headers forward, and the directory at the end.

import { checkOptions, WORK_OPTIONS, type WorkOptions } from '../../options.ts';
import { type ByteStream, openStream, type StreamReader } from '../../sources/stream.ts';
import { LIMIT_OPTIONS, type Limits, readLimits, type ZipLimits } from '../format/zip-limits.ts';
import { createUnzipped, type UnzippedEntry, type UnzippedFile } from './unzipped.ts';
import { createWalk } from './walk.ts';

/** Options of {@link unzipStream}. */
export interface UnzipStreamOptions extends ZipLimits, WorkOptions {}

/**
 * Unpacks a zip while it arrives, in constant memory. Yields the files one after another, in the order of the
 * archive.
 *
 * The path of each file is safe, and the call inflates its content within the limits, but it can check the CRC-32 and the
 * size only at the end of the content. Faults of the archive as a whole (a link, headers that disagree, a false end
 * record) show only in the directory at its end. **Use nothing before the iteration has ended without an error**:
 * keep the files in memory, or in a folder that you rename after success and remove after an error.
 *
 * The next step of the iteration inflates and checks the unread rest of the previous file. A slow reader slows the source
 * down. The call cancels the source if the iteration ends early, on an abort and on an error. It accepts the same
 * archives as `unzipBundle`, with the same limits, except those with a stored file whose
 * size follows its data: a forward reader cannot find the end of such data. Many tools write such archives to a pipe
 * without compression; `openZip` and `unzipBundle` read them. If the deflated size of a file follows its data, the
 * call checks its ratio at its end.
 *
 * Memory: less than 16 MB, and about 600 bytes for each file to compare it with the directory.
 *
 * @param source - A zip, in pieces of any size.
 * @param options.maxEntries - The most files and folders. Default 65,535.
 * @param options.maxFileSize - The most inflated bytes of one file. Default 268,435,456.
 * @param options.maxTotalSize - The most inflated bytes of all files. Default 1,073,741,824.
 * @param options.maxRatio - The most inflated bytes for each deflated byte, for files over 64 MiB. Default 200.
 * @returns The files, for `for await`. The content of each one is a stream, or bytes on request.
 * @throws `TypeError`, `RangeError` at once for a wrong or unknown option, which the message names, and for a source
 * that is locked or not a stream. The iteration and the content of a file end with {@link BundleSealError}
 * `ERR_ARCHIVE_INVALID`, `ERR_LIMIT_EXCEEDED`: see `unzipBundle`; or `ERR_SOURCE_FAILED`, whose `cause` is the
 * source's error. Errors of this library from the source stay unchanged.
 * @see APPNOTE.TXT 6.3.10
 * @example
 * ```ts
 * import { unzipStream, zipStream } from 'bundleseal/zip';
 *
 * const zip = zipStream({ 'index.html': new Uint8Array(10), 'app.js': new Uint8Array(10_000) });
 * const files = new Map<string, Uint8Array>();
 * for await (const { path, bytes } of unzipStream(zip)) files.set(path, await bytes());
 * console.log([...files.keys()]);
 * ```
 */
export function unzipStream(
  source: ByteStream,
  options: UnzipStreamOptions = {},
): AsyncIterableIterator<UnzippedEntry> {
  checkOptions('unzipStream', options, { ...LIMIT_OPTIONS, ...WORK_OPTIONS });
  const limits = readLimits(options);
  const reader = openStream(source);
  const at: Place = { file: undefined };
  const walk = unzipped(reader, limits, options, at);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => walk.next(),
    async return() {
      // Closes the reader first, because the generator may be waiting for the source or may not have begun.
      await reader.close(at.file?.failure() ?? left());
      return walk.return(undefined);
    },
  };
}

interface Place {
  /** The file that is being read. */
  file: UnzippedFile | undefined;
}

const left = (): DOMException =>
  new DOMException('the iteration was ended by its reader', 'AbortError');

async function* unzipped(
  reader: StreamReader,
  limits: Limits,
  { signal, onProgress }: WorkOptions,
  at: Place,
): AsyncGenerator<UnzippedEntry, undefined> {
  let reason: unknown = left();
  try {
    const walk = createWalk(reader, limits, signal, onProgress);
    for (let next = await walk.next(); next !== undefined; next = await walk.next()) {
      const file = createUnzipped(next);
      at.file = file;
      if (!next.entry.isFolder) yield file.entry;
      await file.settle();
    }
    await walk.end();
    reason = undefined;
  } catch (error) {
    reason = error;
    throw error;
  } finally {
    at.file?.leave();
    await reader.close(reason);
  }
}
