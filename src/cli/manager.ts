// Finds the package manager of the app.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../files/exists.ts';
import { findRoot } from './project.ts';

/** A package manager, with commands for a machine that has only Node and npm, as in CI. */
export interface Manager {
  readonly name: 'npm' | 'pnpm' | 'yarn' | 'bun';
  /** Installs from the lockfile. */
  readonly install: string;
  /** Runs the script of package.json whose name follows. The script can call the package manager by its name. */
  readonly run: string;
  /** Runs the program of a dependency whose name follows. */
  readonly execute: string;
  readonly typed: TypedCommands;
}

/** Commands for messages: a user types them on a machine that has the package manager. */
export interface TypedCommands {
  /** Runs the script of package.json whose name follows. */
  readonly run: string;
  /** Runs the program of a dependency whose name follows. */
  readonly execute: string;
  /** Adds the dependency whose name follows. */
  readonly add: string;
  /** Removes the dependency whose name follows. */
  readonly remove: string;
  /** Raises the version in package.json. */
  readonly raise: string;
  /** Raises the version, commits it and makes a tag. */
  readonly tag: string;
}

const NPM: TypedCommands = {
  run: 'npm run',
  execute: 'npx',
  add: 'npm install',
  remove: 'npm uninstall',
  raise: 'npm version patch --no-git-tag-version',
  tag: 'npm version patch',
};

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
    return {
      name: 'pnpm',
      install: `${pnpm} install --frozen-lockfile`,
      run: `${pnpm} run`,
      execute: 'npx',
      typed: {
        run: 'pnpm run',
        execute: 'pnpm exec',
        add: 'pnpm add',
        remove: 'pnpm remove',
        raise: 'pnpm version patch --no-git-tag-version',
        tag: 'pnpm version patch',
      },
    };
  }
  const yarnLock = await find('yarn.lock');
  if (yarnLock !== undefined) {
    const yarn = 'npx --yes corepack@0.34 yarn';
    const isFirst = (await readFile(yarnLock, 'latin1')).includes('# yarn lockfile v1');
    return {
      name: 'yarn',
      // Yarn 1 ignores options that it does not know.
      install: `${yarn} install ${isFirst ? '--frozen-lockfile' : '--immutable'}`,
      run: `${yarn} run`,
      // Yarn also finds programs of dependencies that it has not put into node_modules.
      execute: `${yarn} run`,
      typed: {
        run: 'yarn run',
        execute: 'yarn run',
        add: 'yarn add',
        remove: 'yarn remove',
        raise: isFirst ? 'yarn version --patch --no-git-tag-version' : 'yarn version patch',
        // Yarn 2 and later make no tag.
        tag: isFirst ? 'yarn version --patch' : NPM.tag,
      },
    };
  }
  if ((await find('bun.lock', 'bun.lockb')) !== undefined) {
    const bun = 'npx --yes bun@1';
    return {
      name: 'bun',
      install: `${bun} install --frozen-lockfile`,
      run: `${bun} run`,
      execute: 'npx',
      typed: {
        run: 'bun run',
        execute: 'bunx',
        add: 'bun add',
        remove: 'bun remove',
        raise: 'bun pm version patch --no-git-tag-version',
        tag: 'bun pm version patch',
      },
    };
  }
  const isLocked = (await find('package-lock.json', 'npm-shrinkwrap.json')) !== undefined;
  const install = isLocked ? 'npm ci' : 'npm install';
  return { name: 'npm', install, run: 'npm run', execute: 'npx', typed: NPM };
}

/** Returns the commands for messages about the project in the current folder: npm's if nothing says another one. */
export async function typedCommands(): Promise<TypedCommands> {
  try {
    const { root } = await findRoot();
    return (await managerOf(root)).typed;
  } catch {
    // A message must not fail, not even if the current folder is gone.
    return NPM;
  }
}

/** Returns the command that copies the config of Capacitor into the native projects. */
export async function syncCommand(): Promise<string> {
  return `${(await typedCommands()).execute} cap sync`;
}

/** Rewrites the commands of npm in a text, such as help or a message. */
export function inWordsOfManager(text: string, { run, execute }: TypedCommands): string {
  return text
    .replaceAll('npx bundleseal', `${execute} bundleseal`)
    .replace(/\bnpm run bundleseal:/g, `${run} bundleseal:`);
}
