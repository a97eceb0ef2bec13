// Signals that ask the process to end.

import { Interrupted } from './answer.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let current = new AbortController();

/** Aborts when a signal asks the running command to end. */
export function interruption(): AbortSignal {
  return current.signal;
}

/** The first signal aborts, so that temporary files are removed. The second ends the process at once. */
export function followInterruption(): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  current = controller;
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
