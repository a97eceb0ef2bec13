// @ts-check Starts bench/file-child.js and reads its result.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('file-child.js', import.meta.url));

/**
 * @param {import('./file-child.js').Job} job
 * @param {readonly string[]} [through] - A command that starts Node, with its arguments.
 * @returns {{ ms: number, peak: number, result: any }} milliseconds of the call; bytes at the process's peak
 */
export function runFileJob(job, through = []) {
  const [command = process.execPath, ...args] = [
    ...through,
    process.execPath,
    CHILD,
    JSON.stringify(job),
  ];
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26 }));
}
