// Several signals followed by one piece of work, and one signal by many.

/** What each signal stops. One listener serves them all: from the eleventh on, Node warns of a leak. */
const stopsOf = new WeakMap<AbortSignal, Set<() => void>>();

/** A signal of one piece of work. */
export interface OwnSignal {
  readonly signal: AbortSignal;
  /** Aborts it alone, and none of those that it follows. */
  readonly abort: (reason: unknown) => void;
  /** Follows none of them any more. */
  readonly release: () => void;
}

/** A signal that follows all of these until it is released. */
export function followSignals(signals: readonly (AbortSignal | undefined)[]): OwnSignal {
  // AbortSignal.any would do, were it in every WebView that is still about.
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

/** Runs `work` with a signal that follows all of these, and lets go of them at its end. */
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

/** Calls `stop` at an abort, or now if there was one; what it returns lets go of the signal. */
export function onAbort(signal: AbortSignal, stop: () => void): () => void {
  if (signal.aborted) {
    stop();
    return () => {};
  }
  const stops = stopsOf.get(signal) ?? listen(signal);
  stops.add(stop);
  return () => {
    // A second time it would take away the listener of those who have come since.
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

/** By `target`: on Node 20, `currentTarget` is null for every listener but the first. */
function stopAll({ target }: Event): void {
  for (const stop of stopsOf.get(target as AbortSignal) ?? []) stop();
}
