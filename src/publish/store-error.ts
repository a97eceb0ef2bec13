// The error for a change that the state of a store does not allow.

import { BundleSealError } from '../errors.ts';

export function storeError(message: string, cause?: unknown): BundleSealError {
  return new BundleSealError('ERR_STORE', message, cause === undefined ? {} : { cause });
}
