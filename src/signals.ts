// Lets one operation follow several signals, and many operations follow one signal.

/**
 * The functions that each signal calls. All share one listener, because Node warns of a leak from the eleventh
 * listener on.
 */
const stopsOf = new WeakMap<AbortSignal, Set<() => void>>();

/** The signal of one operation. */
export interface OwnSignal {
  readonly signal: AbortSignal;
  /** Aborts this signal, but none of the signals that it follows. */
  readonly abort: (reason: unknown) => void;
  /** Stops following the signals. */
  readonly release: () => void;
}

/** Makes a signal that aborts as soon as one of `signals` aborts, until it is released. */
export function followSignals(signals: readonly (AbortSignal | undefined)[]): OwnSignal {
  // AbortSignal.any is missing in older WebViews.
  const controller = new AbortController();
  const releases = signals.map((signal) => {
    return signal === undefined
      ? undefined
      : onAbort(signal, () => controller.abort(signal.reason));
  });
  const release = () => {
    for (const one of releases) one?.();
  };
  return { signal: controller.signal, abort: (reason) => controller.abort(reason), release };
}

/**
 * Runs `work` with a signal that aborts as soon as one of `signals` aborts. Rejects with the reason if one is aborted
 * already.
 */
export async function whileWanted<T>(
  signals: readonly (AbortSignal | undefined)[],
  work: (signal: AbortSignal, abort: OwnSignal['abort']) => Promise<T>,
): Promise<T> {
  const { signal, abort, release } = followSignals(signals);
  try {
    signal.throwIfAborted();
    return await work(signal, abort);
  } finally {
    release();
  }
}

/**
 * Calls `stop` on an abort, or at once if the signal is aborted. Returns a function that stops following the signal.
 */
export function onAbort(signal: AbortSignal, stop: () => void): () => void {
  if (signal.aborted) {
    stop();
    return () => {};
  }
  const stops = stopsOf.get(signal) ?? listen(signal);
  stops.add(stop);
  return () => {
    // A second call must do nothing. It would remove the listener of operations that have started since.
    if (!stops.delete(stop) || stops.size > 0) return;
    stopsOf.delete(signal);
    signal.removeEventListener('abort', stopAll);
  };
}

function listen(signal: AbortSignal): Set<() => void> {
  const stops = new Set<() => void>();
  stopsOf.set(signal, stops);
  signal.addEventListener('abort', stopAll, { once: true });
  return stops;
}

/** Reads `target`, because on Node 20 `currentTarget` is null for every listener except the first. */
function stopAll({ target }: Event): void {
  for (const stop of stopsOf.get(target as AbortSignal) ?? []) stop();
}
