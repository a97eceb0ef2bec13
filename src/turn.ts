// Taking turns with the rest of the program, and stopping when asked.

import { onAbort } from './signals.ts';

/** Lets timers, input and other work have their turn; then rejects with the signal's reason if aborted. */
export async function giveWay(signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    // setTimeout alone would wait at least 4 ms a turn in a browser.
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

/** Starts a clean-up of the caller's own code, which may never settle, and drops its result or error. */
export function unawaited(start: () => unknown): void {
  (async () => start())().catch(() => {});
}

/** What `work` gives, or a rejection with the signal's reason as soon as it is aborted. */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return work;
  let release = () => {};
  const aborted = new Promise<never>((_, reject) => {
    release = onAbort(signal, () => reject(signal.reason));
  });
  // Whichever loses is still handled: neither may surface as an unhandled rejection.
  work.catch(() => {});
  aborted.catch(() => {});
  try {
    signal.throwIfAborted();
    return await Promise.race([work, aborted]);
  } finally {
    release();
  }
}
