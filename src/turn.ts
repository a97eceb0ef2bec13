// Yields to the rest of the program, and handles aborts of pending work.

import { onAbort } from './signals.ts';

/**
 * Yields so that timers, input and other work can run. Then rejects with the signal's reason if it is aborted.
 */
export async function giveWay(signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    // setTimeout waits at least 4 ms for each turn in a browser, so it is the last choice.
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else if (typeof MessageChannel === 'function') afterMessage(resolve);
    else setTimeout(resolve, 0);
  });
  signal?.throwIfAborted();
}

function afterMessage(resolve: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    resolve();
  };
  port2.postMessage(undefined);
}

/**
 * Starts a clean-up function of the caller, and ignores its result and errors. It may never settle.
 */
export function unawaited(start: () => unknown): void {
  (async () => start())().catch(() => {});
}

/** Returns the result of `work`. Rejects with the signal's reason as soon as it is aborted. */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return work;
  let release = () => {};
  const aborted = new Promise<never>((_, reject) => {
    release = onAbort(signal, () => reject(signal.reason));
  });
  // The promise that loses the race must not become an unhandled rejection.
  work.catch(() => {});
  aborted.catch(() => {});
  try {
    signal.throwIfAborted();
    return await Promise.race([work, aborted]);
  } finally {
    release();
  }
}
