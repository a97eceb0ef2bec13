// The limits of archives as command-line options.

import type { Command } from 'commander';
import type { ZipLimits } from '../archive/format/zip-limits.ts';
import { rare } from './help.ts';
import { readCount, readSize } from './units.ts';

/** The options of {@link limitOptions} as strings. */
export interface LimitOptions {
  readonly maxEntries?: string;
  readonly maxFileSize?: string;
  readonly maxTotalSize?: string;
  readonly maxRatio?: string;
}

/** The flags of {@link limitOptions}. */
export const LIMIT_FLAGS: readonly string[] = [
  '--max-entries',
  '--max-file-size',
  '--max-total-size',
  '--max-ratio',
];

export function limitOptions(command: Command): Command {
  return rare(
    command
      .option('--max-entries <n>', 'files and folders that the apps accept (default: 65535)')
      .option('--max-file-size <size>', 'size of one file: 300MB, 300MiB, bytes (default: 256MiB)')
      .option('--max-total-size <size>', 'size of all files (default: 1GiB)')
      .option(
        '--max-ratio <n>',
        'how many times its compressed length a file may have (default: 200)',
      ),
    ...LIMIT_FLAGS,
  );
}

/** Converts the options to the library's limits. Missing options get the library's defaults. */
export function readLimitOptions(options: LimitOptions): ZipLimits {
  const { maxEntries, maxFileSize, maxTotalSize, maxRatio } = options;
  return {
    ...(maxEntries !== undefined && { maxEntries: readCount('--max-entries', maxEntries) }),
    ...(maxFileSize !== undefined && { maxFileSize: readSize('--max-file-size', maxFileSize) }),
    ...(maxTotalSize !== undefined && { maxTotalSize: readSize('--max-total-size', maxTotalSize) }),
    ...(maxRatio !== undefined && { maxRatio: readCount('--max-ratio', maxRatio) }),
  };
}
