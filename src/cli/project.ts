// Finds the project of a bundle in its folder and the folders above.

import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { exists } from '../files/exists.ts';
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
export async function* foldersFrom(start: string): AsyncGenerator<string, void> {
  let folder = resolve(start);
  const home = homedir();
  for (;;) {
    yield folder;
    const above = dirname(folder);
    const isRoot = above === folder || folder === home;
    if (isRoot || (await exists(join(folder, '.git'))) || (await isForEveryone(above))) return;
    folder = above;
  }
}

/** The repository of the current folder. */
export interface Root {
  readonly hosting: 'github' | 'other' | 'none';
  /** The path from here to the repository's root: `.`, or `../..` in a monorepo. */
  readonly root: string;
}

/** Finds the repository of the current folder. */
export async function findRoot(): Promise<Root> {
  for await (const folder of foldersFrom('.')) {
    if (!(await exists(join(folder, '.git')))) continue;
    const root = relative('.', folder).split(sep).join('/') || '.';
    // In a worktree and a submodule, .git is a file without a host.
    const config = await readFile(join(folder, '.git/config'), 'utf8').catch(() => '');
    const remotes = [...config.matchAll(/^\s*url\s*=\s*(.*)$/gm)].map(([, url]) => url ?? '');
    if (remotes.some((url) => /[@/.]github\b/i.test(url))) return { root, hosting: 'github' };
    return { root, hosting: remotes.length > 0 ? 'other' : 'none' };
  }
  return { root: '.', hosting: 'none' };
}

/** Finds the nearest config from a folder upwards. */
export async function findConfigFrom(start: string): Promise<ConfigFile | undefined> {
  for await (const folder of foldersFrom(start)) {
    const file = await findConfig(folder);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** Finds the nearest file with this name in the folders above the current one that belong to the project. */
export async function findAbove(name: string): Promise<string | undefined> {
  const here = resolve('.');
  for await (const folder of foldersFrom(here)) {
    const path = join(folder, name);
    if (folder !== here && (await exists(path))) return relative(here, path);
  }
  return undefined;
}

/** Yields every package.json from a folder upwards, the nearest first. */
export async function* packagesFrom(start: string): AsyncGenerator<PackageFile, void> {
  for await (const folder of foldersFrom(start)) {
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

/** Whether the project has the plugin that rolls an update back unless the app calls notifyAppReady(). */
export async function needsNotifyAppReady(folder: string): Promise<boolean> {
  for (const start of [folder, '.']) {
    for await (const { content } of packagesFrom(start)) {
      const all = [content?.dependencies, content?.devDependencies];
      if (all.some((names) => Object.hasOwn(names ?? {}, '@capgo/capacitor-updater'))) return true;
    }
  }
  return false;
}

async function isForEveryone(folder: string): Promise<boolean> {
  const mode = await stat(folder).then(
    (stats) => stats.mode,
    () => 0,
  );
  return process.platform !== 'win32' && (mode & 0o002) !== 0;
}
