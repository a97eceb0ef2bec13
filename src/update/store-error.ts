// Turns every failure of a device's store into `ERR_STORE`.

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
    return ': the storage is full. Free some space, then check for updates again. The installed release keeps running';
  }
  if (name === 'SecurityError' || code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return ': the app has no permission to use the storage. Grant it. The installed release keeps running';
  }
  return ': the member cause of this error has the reason';
}
