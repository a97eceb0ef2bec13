// @ts-check The limit of two cores: OpenSSL's speed of AES-256-GCM and SHA-256, one process for each core, without
// I/O. The format takes one pass of the first and two of the second.

import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/** @typedef {{ aes: number, sha256: number, ceiling: number, processes: number }} Ceiling bytes a second */

/** @returns {Ceiling | undefined} undefined where there is no openssl command */
export function measureCeiling() {
  const processes = Math.min(2, cpus().length);
  const aes = speedOf('aes-256-gcm', processes);
  const sha256 = speedOf('sha256', processes);
  if (aes === undefined || sha256 === undefined) return undefined;
  return { aes, sha256, ceiling: 1 / (1 / aes + 2 / sha256), processes };
}

/** @param {string} algorithm @param {number} processes */
function speedOf(algorithm, processes) {
  const { status, stdout } = spawnSync(
    'openssl',
    `speed -mr -seconds 1 -bytes 262144 -multi ${processes} -evp ${algorithm}`.split(' '),
    { encoding: 'utf8' },
  );
  // The line of the sum; those of the processes begin with "Got:".
  const sum = status === 0 ? /^\+F:\d+:[^:]+:([\d.]+)$/m.exec(stdout)?.[1] : undefined;
  return sum === undefined ? undefined : Number(sum);
}
