// Runs a command on a terminal of its own, with the keys that a user types.

import { spawn, spawnSync } from 'node:child_process';

/** What a user waits for, and then types. */
export type Step = readonly [shown: string, typed: string];

export const ESCAPE = '\u001b';
export const CTRL_C = '\u0003';
export const CTRL_D = '\u0004';
export const CTRL_U = '\u0015';

/** Whether this machine has the program that makes the terminal. */
export const hasTerminal: boolean = spawnSync('which', ['script']).status === 0;

/** Runs a command. Returns what the terminal showed, and the exit code. */
export function onTerminal(
  folder: string,
  command: string,
  steps: readonly Step[],
): Promise<{ readonly code: number | null; readonly shown: string }> {
  return new Promise((resolve, reject) => {
    const line = `stty cols 200; ${command}`;
    const child = spawn('script', ['-qec', line, '/dev/null'], { cwd: folder });
    const left = [...steps];
    let shown = '';
    let unread = '';
    child.stdout.on('data', (piece: Buffer) => {
      shown += piece;
      unread += piece;
      const [step] = left;
      if (step === undefined || !unread.includes(step[0])) return;
      left.shift();
      unread = '';
      child.stdin.write(step[1]);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, shown }));
  });
}
