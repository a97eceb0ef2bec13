// Runs long work in small steps, and yields to the rest of the program between them.

import type { Pace } from '../archive/pace.ts';

/**
 * Runs the steps to their end.
 *
 * @param tell - Called before each pause, with the value that the previous step yielded.
 * @returns The result of the steps. Rejects with the signal's reason if the signal of `pace` aborts.
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
