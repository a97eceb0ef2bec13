// Handles signals that ask the process to end.

import { Interrupted } from './answer.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let current = new AbortController();

/** Aborts when a signal asks the running command to end. */
export function interruption(): AbortSignal {
  return current.signal;
}

/**
 * The first signal aborts the command, which then removes its temporary files. The second ends the process at once.
 */
export function followInterruption(): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  current = controller;
  const onSignal = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      controller.abort(new Interrupted(name as (typeof SIGNALS)[number]));
      return;
    }
    stop();
    // Ends the process by the signal itself, because a normal exit would wait for blocked system calls.
    process.kill(process.pid, name);
  };
  const stop = () => {
    for (const name of SIGNALS) process.off(name, onSignal);
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return { signal: controller.signal, stop };
}
