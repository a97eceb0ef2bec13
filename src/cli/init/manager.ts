// Finds the package manager of the app.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../../files/exists.ts';

/** A package manager, with commands for a machine that has only Node and npm, as in CI. */
export interface Manager {
  readonly name: 'npm' | 'pnpm' | 'yarn' | 'bun';
  /** Installs from the lockfile. */
  readonly install: string;
  /** Runs the script of package.json whose name follows. The script can call the package manager by its name. */
  readonly run: string;
  /** Runs the program of a dependency whose name follows. */
  readonly execute: string;
}

/** Finds the package manager by its lockfile here or in the repository's root. */
export async function managerOf(root: string): Promise<Manager> {
  const find = async (...names: string[]) => {
    for (const path of names.flatMap((name) => [name, join(root, name)])) {
      if (await exists(path)) return path;
    }
    return undefined;
  };
  if ((await find('pnpm-lock.yaml')) !== undefined) {
    const pnpm = 'npx --yes pnpm@10';
    const install = `${pnpm} install --frozen-lockfile`;
    return { name: 'pnpm', install, run: `${pnpm} run`, execute: 'npx' };
  }
  const yarnLock = await find('yarn.lock');
  if (yarnLock !== undefined) {
    const yarn = 'npx --yes corepack@0.34 yarn';
    const isFirst = (await readFile(yarnLock, 'latin1')).includes('# yarn lockfile v1');
    // Yarn 1 ignores options that it does not know.
    const install = `${yarn} install ${isFirst ? '--frozen-lockfile' : '--immutable'}`;
    // Yarn also finds programs of dependencies that it has not put into node_modules.
    return { name: 'yarn', install, run: `${yarn} run`, execute: `${yarn} run` };
  }
  if ((await find('bun.lock', 'bun.lockb')) !== undefined) {
    const bun = 'npx --yes bun@1';
    const install = `${bun} install --frozen-lockfile`;
    return { name: 'bun', install, run: `${bun} run`, execute: 'npx' };
  }
  const isLocked = (await find('package-lock.json', 'npm-shrinkwrap.json')) !== undefined;
  const install = isLocked ? 'npm ci' : 'npm install';
  return { name: 'npm', install, run: 'npm run', execute: 'npx' };
}
