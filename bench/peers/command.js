// @ts-check Runs another program, and reports its peak memory if the system knows it.

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * @param {string} command
 * @param {RegExp} pattern - Its first group is the version.
 * @returns {string | undefined} undefined where there is no such program
 */
export function commandVersion(command, pattern) {
  const { status, stdout, stderr } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return status === 0 ? (pattern.exec(stdout + stderr)?.[1] ?? 'unknown') : undefined;
}

/**
 * Runs a program to its end. A status other than 0 is an error with the last line of its output.
 *
 * @param {string} command @param {string[]} args
 * @returns {Promise<{ peak?: number }>} bytes; the last few milliseconds may be missing
 */
export function runCommand(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, peakOf(child.pid));
    }, 5);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    child.on('error', reject);
    child.on('close', (status) => {
      clearInterval(watch);
      if (status === 0) resolve(peak > 0 ? { peak } : {});
      else reject(new Error(`status ${status}: ${said.trim().split('\n').slice(0, 3).join('; ')}`));
    });
  });
}

/** @param {number | undefined} pid */
function peakOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0; // Already over, or a system without /proc.
  }
}
