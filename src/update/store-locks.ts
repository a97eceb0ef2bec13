// Waits for the locks of a store, but not for ever: any script of an origin can hold them, and so can a stopped process.

import { BundleSealError } from '../errors.ts';
import { onAbort } from '../signals.ts';
import type { UpdateEvent } from './events.ts';
import type { ReleaseStore, StoreLock } from './release-store.ts';

/** Milliseconds that an app waits before it starts without the lock. The lock is held for milliseconds. */
export const SHORT_WAIT = 5000;

/** Milliseconds that every other change waits. Removing a large release from a slow disk can take seconds. */
export const LONG_WAIT = 30_000;

/** Milliseconds that a download waits for another one. */
const DOWNLOAD_WAIT = 600_000;

/** Milliseconds after which a download tells that it waits. */
const TELL = 1000;

interface Wait {
  /** Milliseconds. */
  readonly longest: number;
  /** The message of the error after this time. */
  readonly message: string;
  readonly signal?: AbortSignal | undefined;
}

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
  return withLock(releases, 'state', task, {
    longest: wait,
    message: `another page or process has held the lock of the state for ${wait / 1000} seconds: close the other windows of the app, and try again. The installed release keeps running`,
  });
}

/**
 * Runs the task while it holds the lock of downloads. Emits `waiting` if another page or process downloads meanwhile.
 *
 * @throws {@link BundleSealError} `ERR_STORE`: the lock was held for 10 minutes. The task does not run later either. The reason of
 * the signal if it is aborted.
 */
export async function withDownloadLock<T>(
  releases: ReleaseStore,
  emit: (event: UpdateEvent) => void,
  signal: AbortSignal,
  task: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const telling = setTimeout(() => emit({ type: 'waiting' }), TELL);
  const begin = () => {
    clearTimeout(telling);
    return task();
  };
  try {
    return await withLock(releases, 'update', begin, {
      longest: DOWNLOAD_WAIT,
      message: `another page or process has been downloading for ${DOWNLOAD_WAIT / 60_000} minutes: try again later, or close the other windows of the app. The installed release keeps running`,
      signal,
    });
  } finally {
    clearTimeout(telling);
  }
}

function withLock<T>(
  releases: ReleaseStore,
  name: StoreLock,
  task: () => Promise<T>,
  { longest, message, signal }: Wait,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const giveUp = (error: unknown) => {
      isLate = true;
      end();
      reject(error);
    };
    const timer = setTimeout(() => giveUp(new BundleSealError('ERR_STORE', message)), longest);
    const release = signal && onAbort(signal, () => giveUp(signal.reason));
    const end = () => {
      clearTimeout(timer);
      release?.();
    };
    const run = async () => {
      end();
      if (!isLate) resolve(await task());
    };
    // A store of an app's own may throw instead of rejecting.
    Promise.resolve()
      .then(() => releases.lock(name, run))
      .catch((error: unknown) => {
        end();
        reject(error);
      });
  });
}
