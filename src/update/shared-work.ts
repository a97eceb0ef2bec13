// Lets calls at the same time share one run of the work.

import { onAbort } from '../signals.ts';
import { handledElsewhere, untilAborted } from '../turn.ts';

/**
 * Returns a function that joins the running work, or starts it. An abort by one caller rejects only the call of that caller. The
 * work itself is aborted when its last caller aborts, and when `disposed` aborts.
 */
export function sharedWork<T>(
  work: (signal: AbortSignal) => Promise<T>,
  disposed: AbortSignal,
): (signal: AbortSignal | undefined) => Promise<T> {
  interface Run {
    readonly result: Promise<T>;
    readonly controller: AbortController;
    callers: number;
  }
  let current: Run | undefined;
  const begin = () => {
    const controller = new AbortController();
    const release = onAbort(disposed, () => controller.abort(disposed.reason));
    const begun: Run = {
      controller,
      callers: 0,
      result: work(controller.signal).finally(() => {
        release();
        if (current === begun) current = undefined;
      }),
    };
    handledElsewhere(begun.result);
    current = begun;
    return begun;
  };
  return async (signal) => {
    disposed.throwIfAborted();
    signal?.throwIfAborted();
    const joined = current ?? begin();
    joined.callers += 1;
    try {
      return await untilAborted(joined.result, signal);
    } finally {
      joined.callers -= 1;
      if (joined.callers === 0 && signal?.aborted === true && current === joined) {
        current = undefined;
        joined.controller.abort(signal.reason);
      }
    }
  };
}
