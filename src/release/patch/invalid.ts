// The one error of a patch that is not applied.

import { BundleSealError } from '../../errors.ts';

/** @param reason - What is wrong, as the end of a sentence that begins with "the patch". */
export function invalidPatch(reason: string, cause?: unknown): BundleSealError {
  return new BundleSealError(
    'ERR_PATCH_INVALID',
    `the patch ${reason}: discard it and fetch the whole release`,
    { cause },
  );
}
