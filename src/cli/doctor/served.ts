// Checks whether a private key is in a folder whose files the app or a web server publishes.

import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { exists } from '../../files/leniency.ts';
import { holds } from '../../files/output-place.ts';
import {
  denyKey,
  denyLine,
  findViteConfig,
  keepsFromServer,
  type ViteConfig,
} from '../config/dev-server.ts';
import type { ConfigFile } from '../config/files.ts';
import { readConfig } from '../config/read.ts';
import { repositoryOf } from '../git.ts';
import { packagesHere } from '../project.ts';
import { examine, type Finding } from './finding.ts';

// Build tools and web servers publish all of these folders.
const SERVED = /^(public|static|www|dist|htdocs|public_html)$/;

/**
 * @param path - The private key's file, which need not exist.
 * @param configs - The app's configs. Each may name a folder as `webDir`.
 */
export async function examineServed(
  path: string,
  configs: readonly ConfigFile[],
  findings: Finding[],
): Promise<void> {
  const folder = await realpath(dirname(path)).catch(() => undefined);
  if (folder === undefined || !(await exists(path))) return;
  const served = (await webDirWith(folder, path, configs)) ?? (await servedAbove(folder));
  if (served === undefined) return;
  findings.push({
    code: 'KEY_FILE_PUBLISHED',
    state: 'bad',
    what: `${path} is in ${served}, whose files are published with the app`,
    mend: 'move it out of that folder; if the folder was ever published, make a new pair, because others may have the key',
    path,
  });
}

/** Checks whether Vite's dev server gives out the key: it serves every file of the project that its config does not deny. */
export async function examineDevServer(path: string, findings: Finding[]): Promise<void> {
  if (basename(path) !== path || !(await exists(path))) return;
  const packages = await packagesHere();
  const failed = {
    code: 'KEY_FILE_SERVED',
    state: 'unknown',
    what: `whether Vite's dev server gives out ${path}`,
    path,
  } as const;
  await examine(findings, failed, async () => {
    const config = await findViteConfig(packages);
    if (config === undefined && !packages.has('vite')) return undefined;
    if (config !== undefined && (await keepsFromServer(config, path))) {
      const kept = `${config.path} keeps ${path} out of Vite's dev server`;
      return { code: 'KEY_FILE_DENIED', state: 'good', what: kept, path };
    }
    const mend =
      config === undefined
        ? `make vite.config.mjs: export default { ${denyLine('', path)} };`
        : `add to ${config.path}: ${await lineFor(config, path)}`;
    const what = `Vite's dev server gives out ${path} to everyone who can reach it`;
    return { code: 'KEY_FILE_SERVED', state: 'bad', what, mend, path };
  });
}

async function lineFor(config: ViteConfig, key: string): Promise<string> {
  const result = await denyKey(config, key);
  return 'manual' in result ? result.manual : denyLine(config.path, key);
}

async function webDirWith(
  folder: string,
  path: string,
  configs: readonly ConfigFile[],
): Promise<string | undefined> {
  for (const config of configs) {
    // Another check reports a config that cannot be read.
    const read = await readConfig(config).catch(() => undefined);
    const { webDir } = read ?? {};
    if (webDir?.kind !== 'literal' || typeof webDir.value !== 'string') continue;
    const served = join(dirname(config.path), webDir.value);
    const real = await realpath(served).catch(() => undefined);
    if (real !== undefined && (await holds(real, folder, path))) return served;
  }
  return undefined;
}

/** Looks at the names from the root of the repository down. Names above it say nothing about the project. */
async function servedAbove(folder: string): Promise<string | undefined> {
  const root = await repositoryOf(folder);
  if (root === undefined) return undefined;
  const names = relative(root, folder).split(sep);
  const at = names.findIndex((name) => SERVED.test(name));
  if (at === -1) return undefined;
  return relative(resolve('.'), join(root, ...names.slice(0, at + 1))) || '.';
}
