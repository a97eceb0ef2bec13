// Limits for the result of a patch, so that a hostile patch cannot exhaust the device.

import { checkOptions, describe, shown } from '../options.ts';

/** Limits of `applyPatch`. */
export interface PatchLimits {
  /**
   * The most bytes of each of the two images. An image is the list of a release's files with their contents. At most
   * 1,073,741,823. Default 268,435,456 (256 MiB).
   */
  readonly imageSize?: number;
  /** The most files of the release that the patch makes. At most 1,073,741,823. Default 65,536. */
  readonly files?: number;
}

/** Both images share one address space of 31 bits. */
export const MAX_IMAGE_LENGTH: number = 2 ** 30 - 1;

const DEFAULTS: Required<PatchLimits> = { imageSize: 2 ** 28, files: 65_536 };

/** @throws `TypeError`, `RangeError` for a wrong option, which the message names. */
export function readPatchLimits(limits: PatchLimits = {}): Required<PatchLimits> {
  const names = Object.keys(DEFAULTS) as (keyof PatchLimits)[];
  checkOptions('limits', limits, { imageSize: 'any', files: 'any' });
  const read = { ...DEFAULTS };
  for (const name of names) {
    const value = limits[name];
    if (value === undefined) continue;
    if (typeof value !== 'number') {
      throw new TypeError(`options.limits.${name} expected a number, got ${describe(value)}`);
    }
    if (!Number.isInteger(value) || value < 1 || value > MAX_IMAGE_LENGTH) {
      throw new RangeError(
        `options.limits.${name} expected an integer from 1 to ${MAX_IMAGE_LENGTH}, got ${shown(value)}`,
      );
    }
    read[name] = value;
  }
  return read;
}
