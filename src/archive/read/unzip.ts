// Unpacks a whole archive.

import { checkOptions, WORK_OPTIONS, type WorkOptions } from '../../options.ts';
import { type BundleInput, openInput } from '../../sources/input.ts';
import { createPace } from '../../turn.ts';
import { createMeter, LIMIT_OPTIONS, readLimits, type ZipLimits } from '../format/zip-limits.ts';
import { contentOf, readArchive } from './archive.ts';
import { gather } from './extract.ts';

/** Options of {@link unzipBundle}. */
export interface UnzipOptions extends ZipLimits, WorkOptions {}

// Number of bytes of a Blob to fetch at once.
const BLOB_PIECE = 2 ** 20;

/**
 * Unpacks a zip. Returns all its files in the order of the archive, or rejects without any file.
 *
 * Before it returns, it has inflated each file within the limits and checked its CRC-32 and size. It has also checked
 * that both headers of every entry agree, that every byte of the archive belongs to exactly one part, and that every
 * path names one file inside the folder on all platforms. So no other reader finds different files in the archive.
 * Folders are not in the result. The call reads stored and deflated entries, data descriptors and Zip64. It reads a name
 * without the UTF-8 flag as UTF-8, and refuses it if it is not UTF-8.
 *
 * Memory: the files and a few MiB. The call does not copy the archive, and reads a `Blob` in parts.
 *
 * @param zip - The archive, as bytes or as a `Blob`.
 * @returns The content of each file by its path.
 * @param options.maxEntries - The most files and folders. Default 65,535.
 * @param options.maxFileSize - The most inflated bytes of one file. Default 268,435,456.
 * @param options.maxTotalSize - The most inflated bytes of all files. Default 1,073,741,824.
 * @param options.maxRatio - The most inflated bytes for each deflated byte, for files over 64 MiB. Default 200.
 * @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names. {@link BundleSealError}
 * `ERR_ARCHIVE_INVALID` if the archive is damaged, cut, encrypted or unsafe to unpack, for example because of a path
 * outside the folder, a link or two names for one file (`path`, escaped for printing); `ERR_LIMIT_EXCEEDED` if a
 * limit is exceeded; `ERR_SOURCE_FAILED` if the Blob cannot be read.
 * @see APPNOTE.TXT 6.3.10
 * @example
 * ```ts
 * import { unzipBundle, zipBundle } from 'bundleseal/zip';
 *
 * const zip = await zipBundle({ 'index.html': new TextEncoder().encode('<h1>Hi</h1>') });
 * for (const [path, bytes] of await unzipBundle(zip)) console.log(path, bytes.length);
 * ```
 */
export async function unzipBundle(
  zip: BundleInput,
  options: UnzipOptions = {},
): Promise<Map<string, Uint8Array>> {
  checkOptions('unzipBundle', options, { ...LIMIT_OPTIONS, ...WORK_OPTIONS });
  const limits = readLimits(options);
  const source = openInput(zip, 'zip');
  const { signal, onProgress } = options;
  const pace = createPace(signal);
  const entries = await readArchive(source, limits, pace, signal);
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  const meter = createMeter(limits);
  const files = new Map<string, Uint8Array>();
  let done = 0;
  for (const entry of entries) {
    const read = { source, entry, piece: BLOB_PIECE, meter, pace, signal };
    const bytes = await gather(contentOf(read), entry.size);
    if (entry.isFolder) continue;
    files.set(entry.path, bytes);
    done += bytes.length;
    if (done < total) onProgress?.({ done, total });
  }
  onProgress?.({ done, total });
  signal?.throwIfAborted();
  return files;
}
