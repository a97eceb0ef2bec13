// @ts-check Reads the versions in the peers' package.json and installs them.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HERE = new URL('./', import.meta.url);

/** @param {string} name @returns {string | undefined} the version that is installed */
export function installedVersion(name) {
  const file = new URL(`node_modules/${name}/package.json`, HERE);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined;
}

/** @param {string} name @returns {string} */
export function versionOf(name) {
  const version = installedVersion(name);
  if (version === undefined) throw new Error(`${name} is not installed in bench/peers`);
  return version;
}

/** Installs the pinned packages if one is missing. */
export function installDependencies() {
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(new URL('package.json', HERE), 'utf8'),
  );
  const pinned = Object.entries({ ...dependencies, ...devDependencies });
  if (pinned.every(([name, version]) => installedVersion(name) === version)) return;
  console.log('Installing the peers, once: npm ci');
  const { status } = spawnSync(
    'npm',
    // Names the folder, because under `npm run` the environment points npm at the root.
    ['ci', '--prefix', fileURLToPath(HERE), '--no-audit', '--no-fund'],
    { cwd: HERE, stdio: 'inherit', shell: process.platform === 'win32' },
  );
  if (status !== 0) throw new Error('the peers could not be installed: see what npm says above');
}
