// Unpacking an archive as it comes: forward over the local headers, and the directory at last.

import { checkOptions, type WorkOptions } from '../../options.ts';
import { type ByteStream, openStream, type StreamReader } from '../../sources/stream.ts';
import { LIMIT_OPTIONS, type Limits, readLimits, type ZipLimits } from '../format/limits.ts';
import { createUnzipped, type UnzippedEntry, type UnzippedFile } from './unzipped.ts';
import { createWalk } from './walk.ts';

export interface UnzipStreamOptions extends ZipLimits, WorkOptions {}

/**
 * Unpacks a zip as it comes, in constant memory: gives its files one after the other, in the order in which
 * they lie in it.
 *
 * What a file gives has been inflated within the limits, and its path is safe; only the end of its content
 * says that its CRC-32 and size are right. What is wrong with the archive as a whole (a link, headers that
 * disagree, a lying end record) stands in the directory at its end: **put nothing to use before the iteration
 * has ended without an error**, but keep it aside, in memory or in a folder that is renamed or removed.
 *
 * Going on to the next file skips what was not read of the one before, which is still inflated and checked.
 * A slow reader holds the source back. Ending the iteration early, an abort and an error cancel the source.
 * The same archives are accepted, with the same limits, as by `unzipBundle`, but for a stored file whose size
 * comes after its data, which can't be told from it going forward: such archives (made by many tools, when they
 * write to a pipe without compression) are refused; `openZip` and `unzipBundle` read them. Of a file whose deflated
 * size comes after its data, the ratio is judged at its end.
 *
 * Memory: less than 1 MB, and about 600 bytes a file, to hold against the directory.
 *
 * @param source - A zip, cut anywhere.
 * @param options.maxEntries - Files and folders. Default 65,535.
 * @param options.maxFileSize - Bytes of one file, inflated. Default 268,435,456.
 * @param options.maxTotalSize - Bytes of all files, inflated. Default 1,073,741,824.
 * @param options.maxRatio - Inflated bytes for each deflated one, of a file over 64 MiB. Default 200.
 * @throws `TypeError`, `RangeError` at once: a wrong or unknown option, by name; a source that is locked or no
 * stream. The iteration, and the content of a file, end with {@link BundleSealError} `ERR_ARCHIVE_INVALID`,
 * `ERR_LIMIT_EXCEEDED`: see `unzipBundle`; `ERR_SOURCE_FAILED`, with the source's own error as its `cause`. An
 * error of the library's own from the source comes through as it is.
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
  checkOptions('unzipStream', options, [...LIMIT_OPTIONS, 'signal', 'onProgress']);
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
      // Before the generator comes to its own end: it may wait for the source, or not have begun.
      await reader.close(at.file?.failure() ?? left());
      return walk.return(undefined);
    },
  };
}

interface Place {
  /** What is being read. */
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
