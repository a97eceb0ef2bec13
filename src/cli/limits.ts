// The limits of archives as command-line options.

import type { Command } from 'commander';
import type { ZipLimits } from '../archive/format/limits.ts';
import { UsageError } from './answer.ts';
import { rare } from './help.ts';

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

/** @throws {@link UsageError} if the text is not an integer from 0 to 2^53 - 1. */
export function readCount(flag: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new UsageError(`${flag} takes an integer from 0 to 2^53 - 1, got ${JSON.stringify(text)}`);
}

// Units of IEC 80000-13. Many people write KB for kB.
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Parses a number of bytes, with or without a unit. */
function readSize(flag: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  const value = Math.floor(Number(number) * (factor ?? Number.NaN));
  if (number !== '' && Number.isSafeInteger(value)) return value;
  throw new UsageError(
    `${flag} takes a size such as 300MB, 300MiB or 314572800, got ${JSON.stringify(text)}`,
  );
}
