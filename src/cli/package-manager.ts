// Finds the package manager of the app, and rewrites the commands in messages for it.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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
export function managerOf(root: string): Manager {
  const find = (...names: string[]) =>
    names.flatMap((name) => [name, join(root, name)]).find((path) => existsSync(path));
  if (find('pnpm-lock.yaml') !== undefined) {
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
  const yarnLock = find('yarn.lock');
  if (yarnLock !== undefined) {
    const yarn = 'npx --yes corepack@0.34 yarn';
    const isFirst = readFileSync(yarnLock, 'latin1').includes('# yarn lockfile v1');
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
  if (find('bun.lock', 'bun.lockb') !== undefined) {
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
  const isLocked = find('package-lock.json', 'npm-shrinkwrap.json') !== undefined;
  const install = isLocked ? 'npm ci' : 'npm install';
  return { name: 'npm', install, run: 'npm run', execute: 'npx', typed: NPM };
}

/** Returns the commands for messages about the project in the current folder: npm's if nothing says another one. */
export function typedCommands(): TypedCommands {
  try {
    return managerOf(findRoot().root).typed;
  } catch {
    // A message must not fail, not even if the current folder is gone.
    return NPM;
  }
}

/** The commands in messages and help, which are written as npm's. */
const COMMANDS = /\bnpx (?=bundleseal\b|cap sync\b)|\bnpm run (?=bundleseal:)/g;

/** Rewrites the commands of npm in a text, such as help or a message. Looks for the package manager only if there are any. */
export function inWordsOfManager(text: string): string {
  let typed: TypedCommands | undefined;
  return text.replace(COMMANDS, (command) => {
    typed ??= typedCommands();
    return command === 'npx ' ? `${typed.execute} ` : `${typed.run} `;
  });
}
