// @ts-check Time and CPU time of a command. Node tells only the CPU time of its own process, so bash measures: its
// `time` counts the processes that the command starts, too.

import { spawnSync } from 'node:child_process';

const SCRIPT = 'TIMEFORMAT=\'%3R %3U %3S\'; time "$@"';

export const hasBash = () => spawnSync('bash', ['-c', 'true']).status === 0;

/**
 * Milliseconds of a command, and of all its processes and threads in user and kernel mode.
 *
 * @param {readonly string[]} command @param {string} cwd
 */
export function timed(command, cwd) {
  const { status, stderr } = spawnSync('bash', ['-c', SCRIPT, 'bash', ...command], {
    cwd,
    // Decimal points, in every language.
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command.join(' ')} failed: ${stderr}`);
  const line = stderr.trim().split('\n').at(-1) ?? '';
  const [ms, user, system] = line.split(' ').map((seconds) => 1000 * Number(seconds));
  return { ms: Number(ms), cpu: Number(user) + Number(system) };
}
