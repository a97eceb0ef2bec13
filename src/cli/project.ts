// The project that a bundle belongs to: what lies beside it and in the folders above it.

import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type ConfigFile, findConfig } from './config/files.ts';

/** A package.json, as far as bundles have to do with it. */
export interface PackageFile {
  readonly path: string;
  /** Absent where it can't be read as JSON. */
  readonly content?: {
    readonly version?: unknown;
    readonly dependencies?: unknown;
    readonly devDependencies?: unknown;
  };
}

/**
 * The folders from one upwards: to the repository's root, or to the home folder, or to the top. What lies above a
 * repository is no part of the project, nor is a folder that every user of the machine may write to, such as /tmp.
 */
export async function* foldersFrom(start: string): AsyncGenerator<string, void> {
  let folder = resolve(start);
  const home = homedir();
  for (;;) {
    yield folder;
    const above = dirname(folder);
    const isRoot = above === folder || folder === home;
    if (isRoot || (await isThere(join(folder, '.git'))) || (await isForEveryone(above))) return;
    folder = above;
  }
}

/** The nearest config from a folder upwards. */
export async function findConfigFrom(start: string): Promise<ConfigFile | undefined> {
  for await (const folder of foldersFrom(start)) {
    const file = await findConfig(folder);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** Every package.json from a folder upwards, the nearest first. */
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
      // Editors on Windows put a byte order mark in front.
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

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
