// Takes the lock of the state, and waits only for a limited time: any script of an origin, or a stopped process, may hold the lock.

import { BundleSealError } from '../errors.ts';
import type { ReleaseStore } from './release-store.ts';

/** Milliseconds for which a start waits. Then the app starts without the lock. Usually the lock is held for a few milliseconds. */
export const SHORT_WAIT = 5000;

/** Milliseconds for which every other change waits. Removing a large release from a slow disk can take seconds. */
export const LONG_WAIT = 30_000;

/**
 * Runs the task while it holds the lock of the state. A task that has begun is not interrupted.
 *
 * @param wait - Milliseconds.
 * @throws {@link BundleSealError} `ERR_STORE` if the lock is not free within that time. The task then never runs.
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
    // A store that an app implements may throw instead of rejecting.
    Promise.resolve()
      .then(() => releases.lock('state', run))
      .catch((error: unknown) => {
        clearTimeout(timer);
        reject(error);
      });
  });
}
