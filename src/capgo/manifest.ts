// What writing and reading a manifest share: its entries, and which names it may hold.

import { createPathSet, pathFault } from '../archive/format/paths.ts';
import { printable } from '../archive/format/printable.ts';
import { BundleSealError } from '../errors.ts';
import type { WorkOptions } from '../options.ts';
import { giveWay } from '../turn.ts';

/** A file of a delta update, as Capgo's server and plugin pass it on. */
export interface ManifestEntry {
  /** The path, each name percent-encoded; `.br` at its end where the file is Brotli. */
  readonly file_name: string;
  /** The signed SHA-256 of the raw file. */
  readonly file_hash: string;
  /** Where it is stored. */
  readonly s3_path?: string;
}

export const BROTLI_ENDING = '.br';

/** Refuses what escapes the folder, and two names that are one file, or file and folder at once, somewhere. */
export function createNameCheck(): (path: string) => void {
  const paths = createPathSet();
  return (path) => {
    const fault = pathFault(path) ?? paths.add(path, false);
    if (fault !== undefined) throw invalid(path, fault);
  };
}

export function invalid(path: string, what: string): BundleSealError {
  return new BundleSealError('ERR_ARCHIVE_INVALID', `${printable(path)} ${what}`, { path });
}

/** Tells how far the files are, one after the other, and lets go of the thread each time. */
export function followFiles(total: number, { signal, onProgress }: WorkOptions) {
  let before = 0;
  const tell = async (done: number): Promise<void> => {
    // The end is told once, when nothing can fail any more.
    if (done < total) onProgress?.({ done, total });
    await giveWay(signal);
  };
  return {
    /** `done` bytes of the present file. */
    step: (done: number): Promise<void> => tell(before + done),
    /** The present file is through. */
    next(length: number): Promise<void> {
      before += length;
      return tell(before);
    },
    end: (): void => onProgress?.({ done: total, total }),
  };
}
