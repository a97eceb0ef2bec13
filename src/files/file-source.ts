// Makes a source with random access from a file.

import { shown } from '../options.ts';
import { markOwn, type RandomAccessSource } from '../sources/input.ts';
import { checkPath } from './error.ts';
import { openInputFile } from './input-file.ts';

/** An open file. The caller of {@link fileSource} must close it. */
export interface FileSource extends RandomAccessSource, AsyncDisposable {
  /** Closes the file after the reads in progress. Further calls do nothing. */
  close(): Promise<void>;
}

/**
 * Opens a file as a source for `openBundle` and `openZip`, which then read only the ranges that they need. The call
 * first reads a pipe to its end.
 *
 * @param path - The path of the file.
 * @returns The open file. Close it after use.
 * @throws {@link BundleSealError} `ERR_FILE` if the file cannot be read or became shorter. `RangeError` for a range
 * outside the file, `TypeError` after `close()`.
 * @see docs/guides/zips.md#read
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { encryptBundle, keygen, openBundle } from 'bundleseal';
 * import { fileSource } from 'bundleseal/node';
 *
 * const { privateKey, publicKey } = await keygen();
 * const { bytes } = await encryptBundle(new Uint8Array(1_000_000), { privateKey });
 * await writeFile('bundle.sealed', bytes);
 *
 * const source = await fileSource('bundle.sealed');
 * const reader = await openBundle(source, { publicKey });
 * console.log(await reader.read(0, 4));
 * reader.close();
 * await source.close();
 * ```
 */
export async function fileSource(path: string): Promise<FileSource> {
  checkPath('path', path);
  const file = await openInputFile(path);
  const reads = new Set<Promise<Uint8Array>>();
  let closing: Promise<void> | undefined;
  const close = () => {
    // Waits for the reads in progress, because the next opened file may get the same file descriptor.
    closing ??= Promise.allSettled(reads).then(() => file.close());
    return closing;
  };
  return markOwn({
    size: file.size,
    async read(offset, length, signal) {
      if (closing !== undefined) throw new TypeError('the source is closed: open the file again');
      signal?.throwIfAborted();
      for (const [name, value] of Object.entries({ offset, length })) {
        if (!Number.isSafeInteger(value) || value < 0 || offset + length > file.size) {
          throw new RangeError(
            `${name} expected a range within the ${file.size} bytes of the file, got ${shown(value)}`,
          );
        }
      }
      const read = Promise.resolve(file.read(offset, offset + length));
      reads.add(read);
      try {
        const bytes = await read;
        signal?.throwIfAborted();
        return bytes;
      } finally {
        reads.delete(read);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  });
}
