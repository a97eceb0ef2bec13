// @ts-check The commands of bundleseal that the job measures, with a key in the folder where they run.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

const OPEN = ['decrypt', 'ours', '--key', 'key.pub', '--extract', 'out', '--overwrite'];

/** Arguments of Node. @param {readonly string[]} args */
const commandOf = (args) => [CLI, 'bundle', ...args, '--quiet'];

/** Arguments of Node that seal a folder into the file `ours`, and that open it into the folder `out`. @param {string} folder */
export const commandsFor = (folder) => ({
  seal: commandOf(['encrypt', folder, '--key', 'key', '--out', 'ours', '--no-project', '--force']),
  open: commandOf(OPEN),
});

/** @param {string} directory */
export function createKey(directory) {
  execFileSync(process.execPath, [CLI, 'key', 'create', '--out', join(directory, 'key')], {
    stdio: 'ignore',
  });
}

/**
 * Starts Node without the certificates of this machine: if the variable is set, each start of Node reads them, which can
 * take longer than the rest of the start.
 *
 * @param {() => Promise<void>} work
 */
export async function withoutCertificates(work) {
  const certificates = process.env['NODE_EXTRA_CA_CERTS'];
  delete process.env['NODE_EXTRA_CA_CERTS'];
  try {
    await work();
  } finally {
    if (certificates !== undefined) process.env['NODE_EXTRA_CA_CERTS'] = certificates;
  }
}
