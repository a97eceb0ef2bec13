// How much an archive may hold and become, so that one that lies can't exhaust the device.

import { describe, shown } from '../options.ts';
import { overLimit } from './refuse.ts';

/** Bounds of what is read. They are counted on what is really there, not on what the archive says. */
export interface ZipLimits {
  /** Files and folders. Default 65,535. */
  readonly maxEntries?: number;
  /** Bytes of one file, inflated. Default 268,435,456 (256 MiB). */
  readonly maxFileSize?: number;
  /** Bytes of all files, inflated. Default 1,073,741,824 (1 GiB). */
  readonly maxTotalSize?: number;
  /** Inflated bytes for each deflated one; of a file over 1 MiB. Default 200. */
  readonly maxRatio?: number;
}

export type Limits = Required<ZipLimits>;

const DEFAULTS: Limits = {
  maxEntries: 65_535,
  maxFileSize: 2 ** 28,
  maxTotalSize: 2 ** 30,
  maxRatio: 200,
};

export const LIMIT_OPTIONS: readonly string[] = Object.keys(DEFAULTS);

// Inflated bytes of a file for which no ratio is too high.
const NOT_JUDGED = 2 ** 20;
// Deflated bytes that may still come where a stream does not say how many there are: what begins with a blank
// part is no bomb yet.
const TO_COME = 2 ** 18;

/** @throws `TypeError`, `RangeError`: by the option's name. */
export function readLimits(options: ZipLimits): Limits {
  const limits = { ...DEFAULTS };
  for (const name of LIMIT_OPTIONS as (keyof Limits)[]) {
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

/** @throws {@link BundleSealError} `ERR_LIMIT_EXCEEDED`. */
export function checkCount(limits: Limits, count: number, path: string): void {
  if (count > limits.maxEntries) {
    throw overLimit(
      'maxEntries',
      `is one entry more than the ${limits.maxEntries} that are accepted: raise maxEntries if the archive is yours`,
      path,
    );
  }
}

export interface Growth {
  readonly path: string;
  /** Bytes that come on top of those counted before. */
  readonly by: number;
  /** Inflated bytes of the file up to here, and the deflated ones that they came from. */
  readonly size: number;
  readonly compressedSize: number;
  /** Whether more deflated bytes may come. */
  readonly isOpen: boolean;
}

/** Counts the bytes of an archive's files, and throws `ERR_LIMIT_EXCEEDED` where they are too many. */
export function createMeter(limits: Limits): (growth: Growth) => void {
  let total = 0;
  return ({ path, by, size, compressedSize, isOpen }) => {
    total += by;
    const { maxFileSize, maxTotalSize, maxRatio } = limits;
    if (size > maxFileSize) {
      throw overLimit(
        'maxFileSize',
        `is larger than the ${maxFileSize} bytes that are accepted of a file: raise maxFileSize if the archive is yours`,
        path,
      );
    }
    if (total > maxTotalSize) {
      throw overLimit(
        'maxTotalSize',
        `takes the archive over the ${maxTotalSize} bytes that are accepted in all: raise maxTotalSize if it is yours`,
        path,
      );
    }
    const source = compressedSize + (isOpen ? TO_COME : 0);
    if (size > NOT_JUDGED && size > maxRatio * source) {
      throw overLimit(
        'maxRatio',
        `inflates to more than ${maxRatio} times its length, as bombs do: raise maxRatio if the archive is yours`,
        path,
      );
    }
  };
}
