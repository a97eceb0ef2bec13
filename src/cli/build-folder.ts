// Checks a build folder before it is zipped: whether an app could start from it, whether it has content that must not
// be published, and which outputs of bundleseal are in it.

import { closeSync, openSync, readSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import {
  checkCount,
  createMeter,
  readLimits,
  toWriter,
  type ZipLimits,
} from '../archive/format/limits.ts';
import { fileError } from '../files/error.ts';
import { type FoundFile, listFolder } from '../files/list-folder.ts';
import { ignoreRule } from '../files/pattern.ts';
import { type FolderRules, realFolder } from '../files/zip-directory.ts';
import type { Context } from './context.ts';
import { collect, rare } from './help.ts';
import { needsNotifyAppReady } from './project.ts';
import { createPublished, indexAdvice } from './published.ts';
import { STANDARD } from './spool.ts';

/** Options for reading a folder. */
export interface FolderOptions {
  readonly ignore?: readonly string[];
  readonly sourceMaps: boolean;
  readonly skipLinks: boolean;
  readonly allowPrivateKey: boolean;
}

export function folderOptions(command: Command): Command {
  return rare(
    command
      .option('--ignore <pattern>', 'files to leave out, as in .gitignore; repeatable', collect)
      .option('--no-source-maps', 'leave files that end in .map out')
      .option('--skip-links', 'leave links out instead of refusing them', false)
      .option('--allow-private-key', 'include files that contain a private key', false),
    ...['--skip-links', '--allow-private-key'],
  );
}

/** Adds the option of commands that make a bundle. */
export function codeCheckOption(command: Command): Command {
  return rare(
    command.option('--no-code-check', "don't look for index.html and notifyAppReady()"),
    '--no-code-check',
  );
}

/** Options for checking a folder. */
export interface SurveyOptions extends FolderOptions {
  readonly codeCheck: boolean;
  /** False if a bundle without an index.html is intended. */
  readonly index: boolean;
  readonly capgo?: boolean;
}

// Larger scripts are generated data and do not call plugins.
const MAX_SCRIPT_LENGTH = 2 ** 25;

/**
 * Checks a folder, and returns the rules by which the library reads it. All commands that read a build use this
 * function, so that they read the same files.
 */
export async function readFolderRules(
  context: Context,
  folder: string,
  options: SurveyOptions,
  limits: ZipLimits,
  outputs: readonly string[],
): Promise<FolderRules> {
  return {
    ignore: await surveyFolder(context, folder, options, limits, outputs),
    sourceMaps: options.sourceMaps,
    links: options.skipLinks ? 'skip' : 'refuse',
    privateKeys: options.allowPrivateKey ? 'allow' : 'refuse',
  };
}

/**
 * Throws if no app could start from the folder or it exceeds the limits. Warns about content that should not be
 * published.
 *
 * @param outputs - The outputs of the command, which are left out of the bundle if they are in the folder.
 * @returns A function that tells which files to leave out.
 */
async function surveyFolder(
  context: Context,
  folder: string,
  options: SurveyOptions,
  limits: ZipLimits,
  outputs: readonly string[],
): Promise<(path: string) => boolean> {
  const isIgnored = ignoreRule(options.ignore ?? []);
  const written = await Promise.all(outputs.filter((path) => path !== STANDARD).map(realPlace));
  const root = await realFolder(folder);
  const needsCall = options.codeCheck && (options.capgo || (await needsNotifyAppReady(folder)));
  const published = createPublished();
  const ours = new Map<string, string>();
  const bodies = new Set<string>();
  const indexes: string[] = [];
  const bounds = readLimits(limits);
  const meter = createMeter(bounds, toWriter);
  let count = 0;
  let isCalled = false;

  function ignores(path: string): boolean {
    if (isIgnored(path) || (!options.sourceMaps && path.endsWith('.map'))) return true;
    // One warning covers the whole folder, so it is not searched.
    if (!/(^|\/)(\.git|node_modules)\/$/.test(path)) return false;
    published.see(path);
    return true;
  }
  for await (const file of listFolder(root, { ignores, skipsLinks: options.skipLinks })) {
    context.signal.throwIfAborted();
    const { path, place, stats } = file;
    const kind = written.includes(place) ? 'the output of this command' : ownOutput(file);
    if (kind !== undefined) {
      ours.set(path, kind);
      if (path.endsWith('.seal')) bodies.add(path.slice(0, -'.seal'.length));
      continue;
    }
    published.see(path, /(^|\/)\.npmrc$/.test(path) ? await readFile(place) : undefined);
    if (/(^|\/)index\.html?$/i.test(path)) indexes.push(path);
    const size = Number(stats.size);
    checkCount(bounds, ++count, path, toWriter);
    meter({ path, by: size, size, compressedSize: undefined });
    if (!needsCall || isCalled || size > MAX_SCRIPT_LENGTH) continue;
    if (!/\.(m?js|cjs|html?)$/i.test(path)) continue;
    isCalled = (await readFile(place, 'latin1')).includes('notifyAppReady');
  }
  for (const path of bodies) ours.set(path, 'a sealed body');
  if (options.index && options.codeCheck && !indexes.includes('index.html')) {
    throw fileError(
      folder,
      `has no index.html at its root, so no app could start from it: ${indexAdvice(indexes, folder)}`,
    );
  }
  if (needsCall && !isCalled) {
    context.warn(
      'notifyAppReady() is called nowhere in the build: an updater that waits for it rolls the update back',
    );
  }
  published.warn(context);
  for (const [path, kind] of ours) context.warn(`left out: ${JSON.stringify(path)}, ${kind}`);
  // Leaves out an output also if it does not exist yet.
  return (path) => isIgnored(path) || ours.has(path) || written.includes(join(root, path));
}

/** Outputs of an earlier run. Bundles are recognised by their first bytes. */
function ownOutput({ path, place }: FoundFile): string | undefined {
  if (/_encrypted\.zip$/i.test(path)) return "a bundle for Capgo's plugin";
  const start = Buffer.alloc(10);
  // Synchronous, because this runs for each file, and promises of `open` take ten times as long.
  const fd = openSync(place, 'r');
  try {
    readSync(fd, start, 0, start.length, 0);
  } finally {
    closeSync(fd);
  }
  const text = start.toString('latin1');
  if (text.startsWith('BNDLSEAL')) return 'a sealed bundle';
  return text === 'Qk5ETFNFQU' && path.endsWith('.seal') ? 'a seal' : undefined;
}

/** Returns the real path that a file will have. */
async function realPlace(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const folder = await realpath(dirname(path)).catch(() => resolve(dirname(path)));
    return join(folder, basename(path));
  }
}
