// Finds the modules of init that other files of the project still import. Without them the project would not build.

import { readdir, readFile, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { fileError, UNREADABLE } from '../../files/error.ts';
import { hasCode } from '../../files/leniency.ts';

const SOURCE = /\.(?:[cm]?[jt]sx?|vue|svelte|astro|html?)$/i;
const SCRIPTS_OF = 'package.json';

/** In bytes. A longer module is generated, and the parser's time grows with its length. */
export const MAX_MODULE_LENGTH: number = 2 ** 20;

/**
 * Finds the modules that other files use, directly or through another module in use.
 *
 * @param modules - The files that are about to be removed, relative to the current folder.
 * @param texts - The future text of files that are about to change.
 * @param leftOut - A folder that has no sources.
 * @returns For each module in use: all files that use it.
 */
export async function findUses(
  modules: readonly string[],
  texts: ReadonlyMap<string, string>,
  leftOut: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const users = new Map<string, string[]>();
  const look = async (path: string): Promise<void> => {
    const text = texts.get(path) ?? (await sourceOf(path));
    const named = namesIn(path, text);
    for (const module of modules) {
      if (module === path || !named.some((name) => isOf(name, path, module))) continue;
      const known = users.get(module);
      users.set(module, [...(known ?? []), path]);
      if (known === undefined) await look(module);
    }
  };
  for await (const path of sourcesIn('.', leftOut)) if (!modules.includes(path)) await look(path);
  return users;
}

/** Yields the paths of the files that may import something. */
export async function* sourcesIn(folder: string, leftOut: string): AsyncGenerator<string> {
  const entries = await unlessDenied(folder, readdir(folder, { withFileTypes: true }), []);
  for (const entry of entries) {
    const { name } = entry;
    const path = posix.join(folder, name);
    if (entry.isDirectory()) {
      if (name.startsWith('.') || name === 'node_modules' || path === leftOut) continue;
      yield* sourcesIn(path, leftOut);
    } else if (SOURCE.test(name) || path === SCRIPTS_OF) yield path;
  }
}

export async function sourceOf(path: string): Promise<string> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile() !== true || stats.size > MAX_MODULE_LENGTH) return '';
  return unlessDenied(path, readFile(path, 'utf8'), '');
}

/**
 * Returns `otherwise` if this user may not read the path, as with the data of a container: no build of this user reads it either.
 */
async function unlessDenied<T>(path: string, work: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EPERM')) return otherwise;
    throw fileError(path, UNREADABLE, error);
  }
}

/** Returns the possible names of modules in a text: each quoted text without spaces, and each word of a script. */
function namesIn(path: string, text: string): string[] {
  const pattern = path === SCRIPTS_OF ? /([^\s"'\\]+)/g : /["'`]([^\s"'`]+)(?=["'`])/g;
  return Array.from(text.matchAll(pattern), ([, name = '']) => name.replace(/[?#].*$/, ''));
}

/** Whether a name in a file means the module: a relative path, or one from the root or an alias of it. */
function isOf(name: string, from: string, module: string): boolean {
  const [named, wanted] = [name, module].map((path) => path.replace(/\.[cm]?[jt]sx?$/, ''));
  if (named === undefined || wanted === undefined) return false;
  if (/^\.\.?\//.test(named)) return posix.join(posix.dirname(from), named) === wanted;
  const end = wanted.split('/').slice(-2).join('/');
  return named === wanted || named.endsWith(`/${end}`);
}
