// @ts-check Starts a process for each sealing and opening of a file, so that memory and failures belong to one
// contender.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('file-child.js', import.meta.url));
const TEN_MINUTES = 600_000;

/**
 * @typedef {{ purpose: 'seal' | 'open', id: string, keys: any, input: string, output: string, apart?: any }} Job
 * @typedef {{ call: number, onDisk: number, cpu: number, peak: number, apart?: any }} Done milliseconds, bytes
 */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill();
});

/** @param {Job | { purpose: 'idle' }} job @returns {Promise<Done | { error: string }>} */
export function runChild(job) {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [CHILD],
      { timeout: TEN_MINUTES, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        running.delete(child);
        const answer = stdout.trim().split('\n').at(-1) ?? '';
        if (answer.startsWith('{')) resolve(JSON.parse(answer));
        else if (error?.killed) resolve({ error: 'not through after ten minutes' });
        else
          resolve({
            error: reasonIn(stderr) ?? `its process ended: ${error?.signal ?? 'no answer'}`,
          });
      },
    );
    running.add(child);
    child.stdin?.on('error', () => {}); // It ended before it had read its job: `error` says so above.
    child.stdin?.end(JSON.stringify(job));
  });
}

/** @param {string} stderr */
function reasonIn(stderr) {
  return /^(?:FATAL ERROR|\w*Error\b).*$/m.exec(stderr)?.[0];
}
