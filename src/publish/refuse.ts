// The error for what the state of a store does not allow.

import { BundleSealError } from '../errors.ts';

export function storeError(message: string, cause?: unknown): BundleSealError {
  return new BundleSealError('ERR_STORE', message, cause === undefined ? {} : { cause });
}

/** The order of times that are written as `YYYY-MM-DDTHH:MM:SSZ`. */
export function laterOf(one: string, other: string): string {
  return one > other ? one : other;
}
