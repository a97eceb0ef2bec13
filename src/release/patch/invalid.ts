// Makes the error for a patch that cannot be applied.

import { BundleSealError } from '../../errors.ts';

/** @param reason - The fault, as the end of a sentence that begins with "the patch". */
export function invalidPatch(reason: string, cause?: unknown): BundleSealError {
  return new BundleSealError(
    'ERR_PATCH_INVALID',
    `the patch ${reason}: discard it and fetch the whole release`,
    { cause },
  );
}
