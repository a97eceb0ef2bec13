// Chromium as a process that a test kills.

import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
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

const LONGEST_DEATH = 10_000;

/**
 * Kills all processes of a Chromium that `startChromium` started, and waits until all are gone. One that lives on for a moment
 * would hold the locks of the profile, and the next Chromium would begin with empty storage.
 */
export async function killChromium(chromium: ChildProcess): Promise<void> {
  if (chromium.exitCode !== null || chromium.signalCode !== null) return;
  const group = chromium.pid as number;
  const gone = new Promise((resolve) => chromium.once('exit', resolve));
  process.kill(-group, 'SIGKILL');
  await gone;
  for (const end = Date.now() + LONGEST_DEATH; isAlive(group) && Date.now() < end; )
    await sleep(10);
}

/** Whether a process of a group runs. A process that has died stays in the list until somebody collects its status. */
function isAlive(group: number): boolean {
  return readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      // The state and the group follow the name, which is in brackets and may contain anything.
      const [state, , itsGroup] = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return itsGroup === String(group) && state !== 'Z';
    } catch {
      return false;
    }
  });
}
