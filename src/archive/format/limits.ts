// How much an archive may hold and become, so that one that lies can't exhaust the device.

import type { BundleSealError } from '../../errors.ts';
import { describe, type OptionRules, shown } from '../../options.ts';
import { invalid, overLimit } from './refuse.ts';

/** Limits for reading. They are compared with the actual content, not with the sizes that the archive claims. */
export interface ZipLimits {
  /** Files and folders. Default 65,535. */
  readonly maxEntries?: number;
  /** Bytes of one file, inflated. Default 268,435,456 (256 MiB). */
  readonly maxFileSize?: number;
  /** Bytes of all files, inflated. Default 1,073,741,824 (1 GiB). */
  readonly maxTotalSize?: number;
  /** Inflated bytes for each deflated one; of a file over 64 MiB. Default 200. */
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

// Inflated bytes of a file up to which every ratio is accepted. Honest files repeat themselves: a table of zeros
// deflates 1030:1. Every device can hold this much, and the other limits stop larger files, so the ratio is only an
// additional sign.
const NOT_JUDGED = 2 ** 26;

/** @throws `TypeError`, `RangeError`: by the option's name. */
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

/** What to do about a limit, as a message goes on. */
export type Advice = (limit: keyof Limits) => string;

const toReader: Advice = (limit) => `raise ${limit} if the archive is yours`;

export const toWriter: Advice = (limit) => `raise ${limit} here, and where the archive is read`;

/** @throws {@link BundleSealError} `ERR_LIMIT_EXCEEDED`. */
export function checkCount(
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

export interface Growth {
  readonly path: string;
  /** Bytes that come on top of those counted before. */
  readonly by: number;
  /** Inflated bytes of the file up to here. */
  readonly size: number;
  /**
   * The deflated bytes of the whole file; `undefined` if they are not known yet. The ratio is that of the whole file,
   * because an honest file may begin with a long run of one byte.
   */
  readonly compressedSize: number | undefined;
  /** The deflated bytes of the whole file, given once for each file; 0 or nothing for a file that is not deflated. */
  readonly deflated?: number;
}

// Deflated bytes for each inflated one. zlib, told to flush after every byte, writes 7.
const MOST_DEFLATED = 8;
// Additional deflated bytes of a whole archive: what 65,535 empty files take, with some blocks to spare. Inflating
// them takes a fraction of a second.
export const MOST_WASTED: number = 2 ** 21;

const wastedOf = (deflated: number, inflated: number): number =>
  Math.max(0, deflated - MOST_DEFLATED * inflated);

/**
 * Refuses a file whose deflated bytes so far inflate to too little, so that a reader need not wait for its end.
 *
 * @param deflated - From the beginning of the file.
 * @param inflated - All that they make.
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID`.
 */
export function checkWaste(path: string, deflated: number, inflated: number): void {
  if (wastedOf(deflated, inflated) > MOST_WASTED) throw invalid(WASTE, path);
}

/**
 * Counts the bytes of an archive's files.
 *
 * Each file adds the deflated bytes that it has over eight times its inflated ones, and none takes away from them. So
 * the sum does not depend on the order of the files, nor on the pieces in which they are inflated, and all readers find
 * the same.
 *
 * @returns A function that throws {@link BundleSealError} `ERR_LIMIT_EXCEEDED` where the bytes are too many, and
 * `ERR_ARCHIVE_INVALID` where over 2 MiB of deflated ones inflate to nothing, which no tool makes: they would be work for
 * nothing.
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
