// The waits of the transport, without waiting for them.

import { vi } from 'vitest';

/** The default of `timeout`, with which the transport ends a request that is too slow. */
const DEADLINE = 30_000;

/** Ends every wait at once, except deadlines. The returned list gets the milliseconds of each. `vi.restoreAllMocks` undoes it. */
export function recordWaits(): readonly number[] {
  const waits: number[] = [];
  const timer = globalThis.setTimeout;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((task: () => void, wait: number) => {
    const isDeadline = wait === DEADLINE;
    if (!isDeadline) waits.push(wait);
    return timer(task, isDeadline ? wait : 0);
  }) as typeof setTimeout);
  return waits;
}
