// The entries of a manifest and the check of their names, for the writer and the reader.

import { createPathSet, pathFault } from '../archive/format/paths.ts';
import { printable } from '../archive/format/printable.ts';
import { BundleSealError } from '../errors.ts';
import type { WorkOptions } from '../options.ts';
import { giveWay } from '../turn.ts';

/** A file of a delta update in the form of Capgo's server and plugin. */
export interface ManifestEntry {
  /** The path with each name percent-encoded, followed by `.br` if the file is compressed with Brotli. */
  readonly file_name: string;
  /** The signed SHA-256 of the raw file. */
  readonly file_hash: string;
  /** Path of the file in Capgo's storage. */
  readonly s3_path?: string;
}

export const BROTLI_ENDING = '.br';

/**
 * Makes a check that refuses paths outside the folder, two paths that are the same file on some platform, and a path
 * that is file and folder at once.
 */
export function createNameCheck(): (path: string) => void {
  const paths = createPathSet();
  return (path) => {
    const fault = pathFault(path) ?? paths.add(path, false);
    if (fault !== undefined) throw invalidFile(path, fault);
  };
}

/** Makes the error for an entry of a manifest. */
export function invalidFile(path: string, what: string): BundleSealError {
  return new BundleSealError('ERR_ARCHIVE_INVALID', `${printable(path)} ${what}`, { path });
}

/** Reports the progress over several files, and yields to other work each time. */
export function followFiles(total: number, { signal, onProgress }: WorkOptions) {
  let before = 0;
  const tell = async (done: number): Promise<void> => {
    // Reports the end only once, after everything has succeeded.
    if (done < total) onProgress?.({ done, total });
    await giveWay(signal);
  };
  return {
    /** Reports `done` bytes of the current file. */
    step: (done: number): Promise<void> => tell(before + done),
    /** Ends the current file. */
    next(length: number): Promise<void> {
      before += length;
      return tell(before);
    },
    end: (): void => onProgress?.({ done: total, total }),
  };
}
