// Checks a whole archive by the rules of the readers on devices, and writes it again. Commands that seal and verify
// bundles use this module.

import { joined } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { checkOptions, WORK_OPTIONS, type WorkOptions } from '../options.ts';
import { openRandomAccess } from '../sources/input.ts';
import { createPace } from '../turn.ts';
import type { Mend } from './format/entry.ts';
import { type MendedName, mendName } from './format/mend.ts';
import type { CentralHeader } from './format/records.ts';
import { createMeter, LIMIT_OPTIONS, readLimits, type ZipLimits } from './format/zip-limits.ts';
import { contentOf, readArchive, STREAM_PIECE } from './read/archive.ts';
import type { ZipEntry, ZipSource } from './read/open-zip.ts';
import { generatorStream } from './streams.ts';
import { ZIP_OPTIONS, type ZipOptions, zipStream } from './write/zip.ts';

/** Options of {@link checkArchive}. */
export interface CheckArchiveOptions extends ZipLimits, WorkOptions {
  /**
   * Called with the whole content of each file of up to 64 KiB, and without content for a larger one. An error that
   * it throws ends the check.
   */
  readonly onFile?: (path: string, content: Uint8Array | undefined) => void;
  /** Called with each piece of a file of more than 64 KiB, before `onFile`. An error that it throws ends the check. */
  readonly onPiece?: (path: string, piece: Uint8Array) => void;
}

// Size of the largest file, in bytes, whose content `onFile` gets.
const MAX_KEPT = 2 ** 16;

/** An archive that every reader of this library accepts under the limits of the check. */
export interface CheckedArchive {
  /** The files in the archive's order, without folders. */
  readonly files: readonly ZipEntry[];
  /** Inflated bytes of all files. */
  readonly size: number;
  /**
   * The first file that `unzipStream` refuses because its size follows its data; `undefined` if there is none. Readers
   * with random access accept it.
   */
  readonly notForward: string | undefined;
}

/**
 * Reads a whole archive by the rules and limits of `unzipBundle` and keeps nothing of it. Constant memory: 16 MB, and
 * about 600 bytes for each file.
 *
 * @param options - The limits, a signal, and `onProgress`, which counts inflated bytes.
 * @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names. {@link BundleSealError}
 * `ERR_ARCHIVE_INVALID`, `ERR_LIMIT_EXCEEDED`: see `unzipBundle`; and the errors of the source.
 */
export async function checkArchive(
  source: ZipSource,
  options: CheckArchiveOptions = {},
): Promise<CheckedArchive> {
  checkOptions('checkArchive', options, {
    ...LIMIT_OPTIONS,
    ...WORK_OPTIONS,
    onFile: 'function',
    onPiece: 'function',
  });
  const limits = readLimits(options);
  const { signal, onProgress, onFile, onPiece } = options;
  const ranges = openRandomAccess(source, 'source');
  const pace = createPace(signal);
  const entries = await readArchive(ranges, limits, pace, signal);
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  const meter = createMeter(limits);
  let done = 0;
  let notForward: string | undefined;
  for (const entry of entries) {
    const kept: Uint8Array[] = [];
    const content = contentOf({ source: ranges, entry, piece: STREAM_PIECE, meter, pace, signal });
    let next = await content.next();
    for (; !next.done; next = await content.next()) {
      done += next.value.length;
      if (entry.size > MAX_KEPT) onPiece?.(entry.path, next.value);
      else if (onFile !== undefined) kept.push(next.value);
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

/** Options of {@link repackArchive}. */
export interface RepackOptions extends ZipOptions {
  /**
   * Called for each file whose name readers refuse, with the name that the new archive has instead.
   */
  readonly onMended?: (mended: MendedName) => void;
}

/**
 * Whether {@link repackArchive} can write an archive again that readers refuse. Reads its directory only.
 *
 * @throws the errors of the source.
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
 * Writes the files of a readable but unusual archive again, as `zipStream` writes them. Checks each file while it
 * reads it. Replaces names that readers refuse if their meaning is clear: see {@link MendedName}. Constant memory: 20
 * MB, and about 1 KB for each file.
 *
 * @param options - The limits, the `level`, a signal, `onProgress`, which counts inflated bytes, and `onMended`.
 * @throws `TypeError`, `RangeError` at once for a wrong or unknown option, which the message names. The stream ends
 * with the errors of `checkArchive`.
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
        contentOf({ source: ranges, entry, piece: STREAM_PIECE, meter, pace, signal: stop });
      if (!entry.isFolder) {
        yield { path: entry.path, data: () => generatorStream(content, signal) };
      }
    }
  }
  return zipStream(files(), zipOptions);
}
