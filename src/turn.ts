// Yields to the rest of the program during long work, and handles aborts of pending work.

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

// Work pauses after this many milliseconds, so that timers, input and aborts can run.
const TURN = 12;

/**
 * A function that long work calls between its small steps. It returns a promise to await if the work must pause now.
 * After an abort it throws, or its promise rejects with, the signal's reason.
 */
export type Pace = () => Promise<void> | undefined;

/** Makes a function that asks for a pause after every 12 ms of work. */
export function createPace(signal: AbortSignal | undefined): Pace {
  let ends = Date.now() + TURN;
  return () => {
    signal?.throwIfAborted();
    if (Date.now() < ends) return undefined;
    return giveWay(signal).then(() => {
      ends = Date.now() + TURN;
    });
  };
}

/**
 * Runs a generator to its end and pauses between its steps as `pace` asks.
 *
 * @param tell - Called before each pause with the value that the last step yielded.
 * @returns The value that the generator returns. Rejects with the signal's reason if the signal of `pace` aborts.
 */
export async function runSteps<T>(
  steps: Generator<number, T>,
  pace: Pace,
  tell: (done: number) => void,
): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    const turn = pace();
    if (turn === undefined) continue;
    tell(step.value);
    await turn;
  }
}

/** Starts a clean-up function of the caller without awaiting it, because it may never settle. Ignores its errors. */
export function unawaited(start: () => unknown): void {
  (async () => start())().catch(() => {});
}

/**
 * Returns `work` and marks its rejection as handled, so that the runtime does not report it as unhandled.
 *
 * Use it if the caller awaits `work` later and another error may come first, or if the caller learns of the error in
 * another way. Use `await work.catch(() => {})` or {@link unawaited} for a clean-up that may fail.
 */
export function handledElsewhere<T extends Promise<unknown> | undefined>(work: T): T {
  work?.catch(() => {});
  return work;
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
  const both = [handledElsewhere(work), handledElsewhere(aborted)];
  try {
    signal.throwIfAborted();
    return await Promise.race(both);
  } finally {
    release();
  }
}

/** Waits. Rejects with the signal's reason as soon as it is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    await untilAborted(over, signal);
  } finally {
    clearTimeout(timer);
  }
}
