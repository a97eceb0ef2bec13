// Limits for archives, so that a hostile archive cannot exhaust the device.

import type { BundleSealError } from '../../errors.ts';
import { describe, type OptionRules, shown } from '../../options.ts';
import { invalid, overLimit } from './refuse.ts';

/** Limits for readers of archives. Readers apply them to the actual content, not to the sizes in the headers alone. */
export interface ZipLimits {
  /** The most files and folders. Default 65,535. */
  readonly maxEntries?: number;
  /** The most inflated bytes of one file. Default 268,435,456 (256 MiB). */
  readonly maxFileSize?: number;
  /** The most inflated bytes of all files. Default 1,073,741,824 (1 GiB). */
  readonly maxTotalSize?: number;
  /** The most inflated bytes for each deflated byte, for files over 64 MiB. Default 200. */
  readonly maxRatio?: number;
}

export type Limits = Required<ZipLimits>;

const DEFAULTS: Limits = {
  maxEntries: 65_535,
  maxFileSize: 2 ** 28,
  maxTotalSize: 2 ** 30,
  maxRatio: 200,
};

export const LIMIT_OPTIONS: OptionRules<ZipLimits> = {
  maxEntries: 'any',
  maxFileSize: 'any',
  maxTotalSize: 'any',
  maxRatio: 'any',
};

// The largest file, in inflated bytes, that may have any ratio. Harmless files may have a high ratio: zeros deflate
// 1030:1. Every device has room for a file of this size, and the other limits stop larger files, so the ratio is only an
// additional check.
const NOT_JUDGED = 2 ** 26;

/** @throws `TypeError`, `RangeError` for a wrong option, which the message names. */
export function readLimits(options: ZipLimits): Limits {
  const limits = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof Limits)[]) {
    const value = options[name];
    if (value === undefined) continue;
    if (typeof value !== 'number') {
      throw new TypeError(`options.${name} expected a number, got ${describe(value)}`);
    }
    if (!(value >= 0)) {
      throw new RangeError(`options.${name} expected 0 or more, got ${shown(value)}`);
    }
    limits[name] = value;
  }
  return limits;
}

/** Makes the end of a message about a limit: what the user can do. */
export type Advice = (limit: keyof Limits) => string;

const toReader: Advice = (limit) => `raise ${limit} if the archive is yours`;

export const toWriter: Advice = (limit) => `raise ${limit} here, and where the archive is read`;

/** @throws {@link BundleSealError} `ERR_LIMIT_EXCEEDED`. */
export function checkEntryCount(
  { maxEntries }: Limits,
  count: number,
  path: string,
  advice: Advice = toReader,
): void {
  if (count <= maxEntries) return;
  throw overLimit(
    'maxEntries',
    `is one entry more than the ${maxEntries} that are accepted: ${advice('maxEntries')}`,
    path,
  );
}

/** The progress of a reader in one file. */
export interface Growth {
  readonly path: string;
  /** Inflated bytes that were not counted before. */
  readonly by: number;
  /** Inflated bytes of the file so far. */
  readonly size: number;
  /**
   * The deflated bytes of the whole file; `undefined` if they are not known yet. The ratio is that of the whole file,
   * because a harmless file may begin with a long run of one byte.
   */
  readonly compressedSize: number | undefined;
  /**
   * The deflated bytes of the whole file. The reader passes them once for each deflated file.
   */
  readonly deflated?: number;
}

// The most deflated bytes for each inflated byte. zlib writes 7 if it flushes after every byte.
const MOST_DEFLATED = 8;
// The most additional deflated bytes of a whole archive. 65,535 empty files need less. Inflating this many bytes
// takes a fraction of a second.
export const MOST_WASTED: number = 2 ** 21;

const wastedOf = (deflated: number, inflated: number): number =>
  Math.max(0, deflated - MOST_DEFLATED * inflated);

/**
 * Refuses a file whose many deflated bytes have inflated to few bytes, so that a reader need not read it to its end.
 *
 * @param deflated - Deflated bytes from the beginning of the file.
 * @param inflated - Number of bytes to which they inflate.
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID`.
 */
export function checkWaste(path: string, deflated: number, inflated: number): void {
  if (wastedOf(deflated, inflated) > MOST_WASTED) throw invalid(WASTE, path);
}

/**
 * Makes a function that counts the bytes of an archive's files and applies the limits.
 *
 * It also counts the waste: of each file, the deflated bytes above eight times its inflated bytes. No file lowers the
 * sum. Therefore all readers compute the same sum, whatever the order of the files and the length of their pieces.
 *
 * @returns A function that throws {@link BundleSealError} `ERR_LIMIT_EXCEEDED` if there are too many bytes, and
 * `ERR_ARCHIVE_INVALID` if over 2 MiB of deflated bytes inflate to nothing. Only a bomb that wastes computing time
 * contains such data.
 */
export function createMeter(limits: Limits, advice: Advice = toReader): (growth: Growth) => void {
  const { maxFileSize, maxTotalSize, maxRatio } = limits;
  let total = 0;
  let wasted = 0;
  return ({ path, by, size, compressedSize, deflated = 0 }) => {
    total += by;
    wasted += wastedOf(deflated, size);
    if (wasted > MOST_WASTED) throw invalid(WASTE, path);
    const refuse = (limit: keyof Limits, what: string) => {
      throw overLimit(limit, `${what}: ${advice(limit)}`, path);
    };
    if (size > maxFileSize) {
      refuse('maxFileSize', `is larger than the ${maxFileSize} bytes that are accepted of a file`);
    }
    if (total > maxTotalSize) {
      refuse(
        'maxTotalSize',
        `takes the archive over the ${maxTotalSize} bytes that are accepted in all`,
      );
    }
    if (compressedSize !== undefined && size > NOT_JUDGED && size > maxRatio * compressedSize) {
      refuse('maxRatio', `inflates to more than ${maxRatio} times its length, as bombs do`);
    }
  };
}

const WASTE =
  'takes the archive over 2 MiB of deflated bytes that inflate to nothing, as bombs do: make it again with a common zip tool';
