// Every failure of a store of releases becomes `ERR_STORE`.

import { BundleSealError } from '../errors.ts';

/** Calls a store. Rejects with `ERR_STORE` if the call fails, with the store's error as `cause`. */
export async function onStore<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw toStoreError(what, cause);
  }
}

export function toStoreError(what: string, cause: unknown): BundleSealError {
  if (cause instanceof BundleSealError && cause.code === 'ERR_STORE') return cause;
  return new BundleSealError('ERR_STORE', `${what}${remedyOf(cause)}`, { cause });
}

function remedyOf(cause: unknown): string {
  const {
    name,
    code,
    cause: inner,
  } = (cause ?? {}) as {
    readonly name?: unknown;
    readonly code?: unknown;
    readonly cause?: unknown;
  };
  // The error of a folder store has the error of the operating system as its cause.
  if (inner !== undefined) return remedyOf(inner);
  if (name === 'QuotaExceededError' || code === 'ENOSPC' || code === 'EDQUOT') {
    return ': the storage is full; free some space and check again. The installed release keeps running';
  }
  if (name === 'SecurityError' || code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return ': the storage may not be used here; allow it. The installed release keeps running';
  }
  return ': see the cause';
}
