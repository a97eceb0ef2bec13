// Signals that ask the process to end.

import { Interrupted } from './answer.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The first signal aborts, so that temporary files are removed. The second ends the process at once. */
export function followInterruption(): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      controller.abort(new Interrupted(name as (typeof SIGNALS)[number]));
      return;
    }
    stop();
    // Ended by the signal itself: an orderly exit would wait for calls of the system that do not come back.
    process.kill(process.pid, name);
  };
  const stop = () => {
    for (const name of SIGNALS) process.off(name, onSignal);
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return { signal: controller.signal, stop };
}
