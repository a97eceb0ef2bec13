// Unpacking an archive that is at hand as a whole.

import { checkOptions, type WorkOptions } from '../../options.ts';
import { type BundleInput, openInput } from '../../sources/input.ts';
import { createMeter, LIMIT_OPTIONS, readLimits, type ZipLimits } from '../format/limits.ts';
import { createPace } from '../pace.ts';
import { contentOf, readArchive } from './archive.ts';
import { gather } from './extract.ts';

export interface UnzipOptions extends ZipLimits, WorkOptions {}

// Of a Blob, bytes fetched at once.
const PIECE = 2 ** 20;

/**
 * Unpacks a zip: every file of it, in the archive's order, or an error and nothing.
 *
 * Before it returns, each file has been inflated within the limits and its CRC-32 and size checked; both
 * headers of every entry agree, every byte of the archive belongs to exactly one part of it, and every path
 * names one file inside the folder, the same on all platforms. So no other reader finds something else in the
 * archive. Folders are not in the result. Stored and deflated entries, data descriptors and Zip64 are read; a
 * name without the UTF-8 flag is taken as UTF-8, and refused where it is not.
 *
 * Memory: the files, and some MiB; the archive itself stays where it is, also a `Blob`.
 *
 * @param zip - As bytes or as a `Blob`.
 * @param options.maxEntries - Files and folders. Default 65,535.
 * @param options.maxFileSize - Bytes of one file, inflated. Default 268,435,456.
 * @param options.maxTotalSize - Bytes of all files, inflated. Default 1,073,741,824.
 * @param options.maxRatio - Inflated bytes for each deflated one, of a file over 64 MiB. Default 200.
 * @throws `TypeError`, `RangeError`: a wrong or unknown option, by name. {@link BundleSealError}
 * `ERR_ARCHIVE_INVALID`: damaged, cut, encrypted, or unsafe to unpack (a path out of the folder, a link, two
 * names for one file and the like); `path` says which entry, made safe to print. `ERR_LIMIT_EXCEEDED`: over
 * one of the limits. `ERR_SOURCE_FAILED`: the Blob could not be read.
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
  checkOptions('unzipBundle', options, [...LIMIT_OPTIONS, 'signal', 'onProgress']);
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
    const read = { source, entry, piece: PIECE, meter, pace, signal };
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
