// Finds the project of a bundle in its folder and the folders above.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { exists } from '../files/leniency.ts';
import { type ConfigFile, findConfig } from './config/files.ts';

/** The used part of a package.json. */
export interface PackageFile {
  readonly path: string;
  /** Absent if the file is not JSON. */
  readonly content?: {
    readonly version?: unknown;
    readonly dependencies?: unknown;
    readonly devDependencies?: unknown;
    readonly bundleseal?: unknown;
    readonly scripts?: unknown;
  };
}

/**
 * Yields the folders from one upwards, to the repository's root, the home folder or the top. Folders above a
 * repository do not belong to the project, nor do folders that every user may write to, such as /tmp.
 */
export function* foldersFrom(start: string): Generator<string, void> {
  let folder = resolve(start);
  const home = homedir();
  for (;;) {
    yield folder;
    const above = dirname(folder);
    const isRoot = above === folder || folder === home;
    if (isRoot || existsSync(join(folder, '.git')) || isForEveryone(above)) return;
    folder = above;
  }
}

/** A repository on github.com. */
export interface GitHubRepository {
  readonly user: string;
  readonly repository: string;
}

/** The repository of the current folder. */
export interface Root {
  readonly hosting: 'github' | 'other' | 'none';
  readonly github?: GitHubRepository | undefined;
  /** The path from here to the repository's root: `.`, or `../..` in a monorepo. */
  readonly root: string;
}

/** Finds the repository of the current folder. It is synchronous, because printing a warning needs it. */
export function findRoot(): Root {
  for (const folder of foldersFrom('.')) {
    if (!existsSync(join(folder, '.git'))) continue;
    const root = relative('.', folder).split(sep).join('/') || '.';
    const remotes = [...configOf(folder).matchAll(/^\s*url\s*=\s*(.*)$/gm)].map(
      ([, url]) => url ?? '',
    );
    const isGitHub = remotes.some((url) => /[@/.]github\b/i.test(url));
    if (isGitHub) return { root, hosting: 'github', github: gitHubOf(folder, remotes) };
    return { root, hosting: remotes.length > 0 ? 'other' : 'none' };
  }
  return { root: '.', hosting: 'none' };
}

/** The config of a repository. In a worktree and a submodule, .git is a file without a host. */
function configOf(folder: string): string {
  try {
    return readFileSync(join(folder, '.git/config'), 'utf8');
  } catch {
    return '';
  }
}

/** Finds user and repository in the address of the remote "origin", or of another one. */
function gitHubOf(folder: string, remotes: readonly string[]): GitHubRepository | undefined {
  const [, origin = ''] =
    /^\[remote "origin"\][^[]*?^\s*url\s*=\s*(.*)$/m.exec(configOf(folder)) ?? [];
  for (const url of [origin, ...remotes]) {
    const found = /[@/]github\.com[:/]([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?\s*$/i.exec(url);
    if (found !== null) return { user: found[1] as string, repository: found[2] as string };
  }
  return undefined;
}

/** Finds the nearest config from a folder upwards. */
export async function findConfigFrom(start: string): Promise<ConfigFile | undefined> {
  for (const folder of foldersFrom(start)) {
    const file = await findConfig(folder);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** Finds the nearest file with this name in the folders above the current one that belong to the project. */
export async function findAbove(name: string): Promise<string | undefined> {
  const here = resolve('.');
  for (const folder of foldersFrom(here)) {
    const path = join(folder, name);
    if (folder !== here && (await exists(path))) return relative(here, path);
  }
  return undefined;
}

/** Yields every package.json from a folder upwards, the nearest first. */
export async function* packagesFrom(start: string): AsyncGenerator<PackageFile, void> {
  for (const folder of foldersFrom(start)) {
    const path = join(folder, 'package.json');
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch {
      continue;
    }
    try {
      // Editors on Windows write a byte order mark.
      const content: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
      yield typeof content === 'object' && content !== null ? { path, content } : { path };
    } catch {
      yield { path };
    }
  }
}

/** The names of the packages that a package.json depends on, also for development. */
export function dependenciesOf(content: PackageFile['content']): ReadonlySet<string> {
  const groups = [content?.dependencies, content?.devDependencies];
  return new Set(groups.flatMap((one) => Object.keys(one ?? {})));
}

/** The packages that the project in the current folder depends on. */
export async function packagesHere(): Promise<ReadonlySet<string>> {
  for await (const { path, content } of packagesFrom('.')) {
    if (dirname(path) !== resolve('.')) break;
    return dependenciesOf(content);
  }
  return new Set();
}

/** Whether the project has the plugin that rolls an update back unless the app calls notifyAppReady(). */
export async function needsNotifyAppReady(folder: string): Promise<boolean> {
  for (const start of [folder, '.']) {
    for await (const { content } of packagesFrom(start)) {
      if (dependenciesOf(content).has('@capgo/capacitor-updater')) return true;
    }
  }
  return false;
}

function isForEveryone(folder: string): boolean {
  if (process.platform === 'win32') return false;
  try {
    return (statSync(folder).mode & 0o002) !== 0;
  } catch {
    return false;
  }
}
