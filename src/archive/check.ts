// Reading a whole archive as a device will, and writing it again, for whoever seals and verifies.

import { BundleSealError } from '../errors.ts';
import { checkOptions, WORK_OPTIONS, type WorkOptions } from '../options.ts';
import { openRandomAccess } from '../sources/input.ts';
import type { Mend } from './format/entry.ts';
import { createMeter, LIMIT_OPTIONS, readLimits, type ZipLimits } from './format/limits.ts';
import { type MendedName, mendName } from './format/mend.ts';
import type { CentralHeader } from './format/records.ts';
import { createPace } from './pace.ts';
import { joined } from './pieces.ts';
import { contentOf, readArchive } from './read/archive.ts';
import type { ZipEntry, ZipSource } from './read/open-zip.ts';
import { generatorStream } from './streams.ts';
import { ZIP_OPTIONS, type ZipOptions, zipStream } from './write/zip.ts';

// Bytes of the archive that are read at once.
const PIECE = 2 ** 18;

export interface CheckArchiveOptions extends ZipLimits, WorkOptions {
  /**
   * Called with the whole content of each file of up to 64 KiB, and with no content for a larger one. What it throws
   * ends the check.
   */
  readonly onFile?: (path: string, content: Uint8Array | undefined) => void;
}

// Bytes of the largest file that is kept until it is whole.
const MAX_KEPT = 2 ** 16;

/** An archive that every reader of this library accepts, under the limits that it was checked with. */
export interface CheckedArchive {
  /** The files in the archive's order, without folders. */
  readonly files: readonly ZipEntry[];
  /** Bytes of all files, inflated. */
  readonly size: number;
  /**
   * The first file that `unzipStream` refuses, because the archive does not say before its data how long it is;
   * `undefined` where there is none. Readers by ranges read it.
   */
  readonly notForward: string | undefined;
}

/**
 * Reads a whole archive as `unzipBundle` does, under the same limits, and keeps nothing of it. Constant memory: 16 MB,
 * and about 600 bytes a file.
 *
 * @param options - The limits, a signal, and `onProgress`, which counts inflated bytes.
 * @throws `TypeError`, `RangeError`: a wrong or unknown option, by name. {@link BundleSealError}
 * `ERR_ARCHIVE_INVALID`, `ERR_LIMIT_EXCEEDED`: see `unzipBundle`; and what the source throws.
 */
export async function checkArchive(
  source: ZipSource,
  options: CheckArchiveOptions = {},
): Promise<CheckedArchive> {
  checkOptions('checkArchive', options, { ...LIMIT_OPTIONS, ...WORK_OPTIONS, onFile: 'function' });
  const limits = readLimits(options);
  const { signal, onProgress, onFile } = options;
  const ranges = openRandomAccess(source, 'source');
  const pace = createPace(signal);
  const entries = await readArchive(ranges, limits, pace, signal);
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  const meter = createMeter(limits);
  let done = 0;
  let notForward: string | undefined;
  for (const entry of entries) {
    const kept: Uint8Array[] = [];
    const content = contentOf({ source: ranges, entry, piece: PIECE, meter, pace, signal });
    let next = await content.next();
    for (; !next.done; next = await content.next()) {
      done += next.value.length;
      if (onFile !== undefined && entry.size <= MAX_KEPT) kept.push(next.value);
      if (done < total) onProgress?.({ done, total });
    }
    if (!next.value.isForward) notForward ??= entry.path;
    if (!entry.isFolder) onFile?.(entry.path, entry.size <= MAX_KEPT ? joined(kept) : undefined);
  }
  signal?.throwIfAborted();
  onProgress?.({ done, total });
  const files = entries.filter(({ isFolder }) => !isFolder);
  return {
    files: files.map(({ path, size, compressedSize, crc32 }) => ({
      path,
      size,
      compressedSize,
      crc32,
    })),
    size: done,
    notForward,
  };
}

export interface RepackOptions extends ZipOptions {
  /** Called for each file whose name every reader refuses, with what it is taken for. */
  readonly onMended?: (mended: MendedName) => void;
}

/**
 * Whether the directory of an archive that readers refuse is one that {@link repackArchive} writes again.
 *
 * @throws What the source throws.
 */
export async function canMend(source: ZipSource, options: ZipLimits): Promise<boolean> {
  const ranges = openRandomAccess(source, 'source');
  const reads = async (mend?: Mend) => {
    try {
      await readArchive(ranges, readLimits(options), createPace(undefined), undefined, mend);
      return true;
    } catch (error) {
      if (error instanceof BundleSealError && error.code === 'ERR_ARCHIVE_INVALID') return false;
      throw error;
    }
  };
  return !(await reads()) && (await reads((header) => mendName(header)?.path));
}

/**
 * Writes an archive that can be read, however odd it is, as `zipStream` writes the same files. Each file is checked
 * as it is read. Names that readers refuse are mended where that is possible: see {@link MendedName}. Constant memory:
 * 20 MB, and about 1 KB a file.
 *
 * @param options - The limits, the `level`, a signal, `onProgress`, which counts inflated bytes, and `onMended`.
 * @throws `TypeError`, `RangeError` at once: a wrong or unknown option, by name. The stream ends with what
 * `checkArchive` throws.
 */
export function repackArchive(
  source: ZipSource,
  options: RepackOptions = {},
): ReadableStream<Uint8Array> {
  const { onMended, ...zipOptions } = options;
  checkOptions('repackArchive', options, { ...ZIP_OPTIONS, onMended: 'function' });
  const limits = readLimits(options);
  const { signal } = options;
  const ranges = openRandomAccess(source, 'source');
  const pace = createPace(signal);
  async function* files() {
    const meter = createMeter(limits);
    const mend = (header: CentralHeader) => {
      const mended = mendName(header);
      if (mended !== undefined && !mended.path.endsWith('/')) onMended?.(mended);
      return mended?.path;
    };
    for (const entry of await readArchive(ranges, limits, pace, signal, mend)) {
      const content = (stop: AbortSignal) =>
        contentOf({ source: ranges, entry, piece: PIECE, meter, pace, signal: stop });
      if (!entry.isFolder) {
        yield { path: entry.path, data: () => generatorStream(content, signal) };
      }
    }
  }
  return zipStream(files(), zipOptions);
}
