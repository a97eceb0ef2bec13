// The error for a change that the state of a store does not allow.

import { BundleSealError } from '../errors.ts';

export function storeError(message: string, cause?: unknown): BundleSealError {
  return new BundleSealError('ERR_STORE', message, cause === undefined ? {} : { cause });
}

/** Compares times in the form `YYYY-MM-DDTHH:MM:SSZ`. */
export function laterOf(one: string, other: string): string {
  return one > other ? one : other;
}
