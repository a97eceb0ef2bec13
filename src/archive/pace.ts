// Lets the rest of the program run during long work that does not wait for anything.

import { giveWay } from '../turn.ts';

// After this many milliseconds of work, timers, input and aborts can run.
const TURN = 12;

/** Called between small pieces of work. Rejects with the signal's reason after an abort. */
export type Pace = () => Promise<void> | undefined;

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
