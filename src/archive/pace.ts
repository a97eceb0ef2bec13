// Turns for the rest of the program in long work that has no other waits.

import { giveWay } from '../turn.ts';

// Milliseconds of work after which timers, input and aborts can run.
const TURN = 12;

/** Called between small pieces of work. Rejects with the signal's reason if aborted. */
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
