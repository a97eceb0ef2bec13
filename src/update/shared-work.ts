// Work that several callers ask for at once is done once.

import { onAbort } from '../signals.ts';
import { untilAborted } from '../turn.ts';

/**
 * Joins the work that is under way, or begins it. A caller's abort rejects its own call; the work is aborted when the last
 * caller has left, or by `disposed`.
 */
export function sharedWork<T>(
  work: (signal: AbortSignal) => Promise<T>,
  disposed: AbortSignal,
): (signal: AbortSignal | undefined) => Promise<T> {
  let current: { readonly result: Promise<T>; readonly controller: AbortController } | undefined;
  let callers = 0;
  const begin = () => {
    const controller = new AbortController();
    const release = onAbort(disposed, () => controller.abort(disposed.reason));
    const begun = {
      controller,
      result: work(controller.signal).finally(() => {
        release();
        if (current === begun) current = undefined;
      }),
    };
    begun.result.catch(() => {});
    current = begun;
    callers = 0;
    return begun;
  };
  return async (signal) => {
    disposed.throwIfAborted();
    signal?.throwIfAborted();
    const joined = current ?? begin();
    callers += 1;
    try {
      return await untilAborted(joined.result, signal);
    } finally {
      callers -= 1;
      if (callers === 0 && signal?.aborted === true && current === joined) {
        current = undefined;
        joined.controller.abort(signal.reason);
      }
    }
  };
}
