// Work that yields at each opportunity, so that a test of its turns does not depend on the speed of the machine.

import { vi } from 'vitest';

/** Runs the work with a clock on which each turn is over as soon as the work looks at it. */
export async function inShortTurns<T>(work: () => Promise<T>): Promise<T> {
  let clock = Date.now();
  const now = vi.spyOn(Date, 'now').mockImplementation(() => {
    clock += 1000;
    return clock;
  });
  try {
    return await work();
  } finally {
    now.mockRestore();
  }
}
