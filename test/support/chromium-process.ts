// Chromium as a process that a test kills.

import { type ChildProcess, spawn } from 'node:child_process';
import { CHROMIUM_ARGUMENTS, CHROMIUM_PATH } from './chromium.js';

/** Starts Chromium without a window. What it prints goes to `stderr` of the process. */
export function startChromium(profile: string, ...more: readonly string[]): ChildProcess {
  return spawn(
    CHROMIUM_PATH,
    [...CHROMIUM_ARGUMENTS, '--headless=new', `--user-data-dir=${profile}`, ...more],
    // A group of its own, so that all its processes die at once.
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
}

/** Kills all processes of a Chromium that `startChromium` started. */
export async function killChromium(chromium: ChildProcess): Promise<void> {
  if (chromium.exitCode !== null || chromium.signalCode !== null) return;
  const gone = new Promise((resolve) => chromium.once('exit', resolve));
  process.kill(-(chromium.pid as number), 'SIGKILL');
  await gone;
}
