// Finds files of a project for doctor: configs of a monorepo's apps, and modules with public keys.

import { open, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BundleSealError } from '../../errors.ts';
import { type ConfigFile, findConfig } from '../config/files.ts';
import { KEY_MODULE_MARK } from '../key-module.ts';

// Limits of the search, so that doctor does not search a whole disk.
const MAX_DEPTH = 5;
const MAX_FOLDERS = 1000;
const MAX_FILES = 5000;

// Folders with installed packages or build outputs.
const SKIPPED = /^(\..*|node_modules|dist|build|out|www|ios|android|coverage)$/;

export interface Searched {
  /** The config in the current folder. */
  readonly here: ConfigFile | undefined;
  /** Configs in subfolders of the current folder. */
  readonly below: readonly ConfigFile[];
  /** The configs to examine: the config in the current folder, else the configs in its subfolders. */
  readonly configs: readonly ConfigFile[];
  /** Modules that "key save --module" wrote. */
  readonly modules: readonly string[];
}

export async function searchProject(): Promise<Searched> {
  const below: ConfigFile[] = [];
  const modules: string[] = [];
  let folders = 0;
  let files = 0;
  const visit = async (folder: string, depth: number): Promise<void> => {
    folders += 1;
    if (folders > MAX_FOLDERS) return;
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = folder === '.' ? entry.name : join(folder, entry.name);
      if (entry.isFile() && /\.([mc]?js|m?ts)$/i.test(entry.name)) {
        files += 1;
        if (files <= MAX_FILES && (await startsWithMark(path))) modules.push(path);
      } else if (entry.isDirectory() && depth < MAX_DEPTH && !SKIPPED.test(entry.name)) {
        await visit(path, depth + 1);
      }
    }
    const hasConfig = depth > 0 && entries.some(({ name }) => name.startsWith('capacitor.config.'));
    const config = hasConfig ? await configIn(folder) : undefined;
    if (config !== undefined) below.push(config);
  };
  await visit('.', 0);
  const here = await configIn('.');
  return { here, below, configs: here === undefined ? below : [here], modules };
}

/** Finds the config of a folder. A config that cannot be looked up counts too, so that doctor reports why. */
async function configIn(folder: string): Promise<ConfigFile | undefined> {
  try {
    return await findConfig(folder);
  } catch (error) {
    if (!(error instanceof BundleSealError) || error.path === undefined) throw error;
    return { path: error.path, fileName: basename(error.path), others: [] };
  }
}

async function startsWithMark(path: string): Promise<boolean> {
  try {
    const file = await open(path);
    try {
      const start = new Uint8Array(KEY_MODULE_MARK.length);
      await file.read(start, 0, start.length, 0);
      return new TextDecoder().decode(start) === KEY_MODULE_MARK;
    } finally {
      await file.close();
    }
  } catch {
    // A file that cannot be read counts as another file.
    return false;
  }
}
