// Waits for the lock of the state, but not for ever: any script of an origin can hold it, and so can a stopped process.

import { BundleSealError } from '../errors.ts';
import type { ReleaseStore } from './release-store.ts';

/** Milliseconds that an app waits before it starts without the lock. The lock is held for milliseconds. */
export const SHORT_WAIT = 5000;

/** Milliseconds that every other change waits. Removing a large release from a slow disk can take seconds. */
export const LONG_WAIT = 30_000;

/**
 * Runs the task while it holds the lock of the state. A task that has begun is not interrupted.
 *
 * @param wait - Milliseconds.
 * @throws {@link BundleSealError} `ERR_STORE`: the lock was held for so long. The task does not run later either.
 */
export function withStateLock<T>(
  releases: ReleaseStore,
  wait: number,
  task: () => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(
        new BundleSealError(
          'ERR_STORE',
          `another page or process has held the lock of the state for ${wait / 1000} seconds: close the other windows of the app, and try again. The installed release keeps running`,
        ),
      );
    }, wait);
    const run = async () => {
      clearTimeout(timer);
      if (!isLate) resolve(await task());
    };
    // A store of an app's own may throw instead of rejecting.
    Promise.resolve()
      .then(() => releases.lock('state', run))
      .catch((error: unknown) => {
        clearTimeout(timer);
        reject(error);
      });
  });
}
