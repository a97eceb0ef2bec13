// Writes and reads the module that exports public keys. The app's code imports it, because it cannot read the
// Capacitor config.

import { lstat, readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PERMISSION_BITS } from '../files/calls.ts';
import { fileError, onFile, UNREADABLE } from '../files/error.ts';
import { exists } from '../files/leniency.ts';
import { UsageError } from './answer.ts';
import { refuseKeyAsPath } from './read-key.ts';
import { writeWhole } from './write-whole.ts';

/** The first line of every module that bundleseal wrote. */
export const KEY_MODULE_MARK: string = '// Written by "bundleseal key save --module".';

/**
 * Refuses a path with another kind of file, a path in a missing folder, or a file that another program wrote.
 *
 * @param force - Whether to replace a file that another program wrote.
 */
export async function checkModule(path: string, force: boolean): Promise<void> {
  await refuseKeyAsPath(path, '--module');
  // A declaration file (.d.ts) exports only types, so an app that imports it gets no key.
  if (!/\.(m?ts|[mc]?js)$/i.test(path) || /\.d\.m?ts$/i.test(path)) {
    throw new UsageError(
      `--module takes a file that ends in .ts, .mts, .js, .mjs or .cjs, and no .d.ts, got ${path}`,
    );
  }
  const folder = dirname(path);
  if (!(await exists(folder))) {
    throw fileError(
      path,
      `can't be written, because there is no folder ${JSON.stringify(folder)}: make the folder, or name another file with --module`,
    );
  }
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined || force) return;
  const text = await onFile(path, UNREADABLE, readFile(path, 'utf8'));
  if (!text.startsWith(KEY_MODULE_MARK)) {
    throw fileError(
      path,
      'was not written by bundleseal: pass --force to replace it, or another name',
    );
  }
}

/**
 * Writes the module atomically.
 *
 * @param keys - Public keys in PEM: the current one first, then those of apps that are still in use.
 * @returns Whether the file changed.
 */
export async function writeModule(
  path: string,
  keys: readonly string[],
  force: boolean,
): Promise<boolean> {
  await checkModule(path, force);
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined) {
    await writeWhole(path, renderModule(path, keys), { mode: 0o666, force: false });
    return true;
  }
  const target = await onFile(path, "is a link to a file that isn't there", realpath(path));
  const text = renderModule(path, keys);
  if ((await onFile(path, UNREADABLE, readFile(target, 'utf8'))) === text) return false;
  const { mode } = await lstat(target);
  await writeWhole(target, text, { mode: mode & PERMISSION_BITS, force: true });
  return true;
}

/** Returns the public keys of a module that bundleseal wrote, the current one first. */
export async function keysOfModule(path: string): Promise<string[]> {
  const text = await onFile(path, UNREADABLE, readFile(path, 'utf8'));
  return text.match(/-----BEGIN [^`]*?-----END [A-Z ]+-----\r?\n/g) ?? [];
}

/** The text of the module at this path. */
export function renderModule(path: string, keys: readonly string[]): string {
  const isTypeScript = /ts$/i.test(path);
  const [type, types] = isTypeScript ? [': string', ': readonly string[]'] : ['', ''];
  const [publicKey, ...others] = keys.map((key) => `\`${key.trim()}\n\``);
  const list = ['publicKey', ...others].map((key) => `  ${key},\n`).join('');
  // For Node, .cjs is always CommonJS.
  const isCommon = /\.cjs$/i.test(path);
  const declare = isCommon ? 'const' : 'export const';
  const exported = isCommon ? '\nmodule.exports = { publicKey, publicKeys };\n' : '';
  return `${KEY_MODULE_MARK}
// The app carries these keys to open its bundles. Run that command again instead of changing this file.

/** The key of the bundles that are sealed now. */
${declare} publicKey${type} = ${publicKey};

/** The same, and while keys rotate the one before: what to pass to decryptBundle as publicKey. */
${declare} publicKeys${types} = [
${list}];
${exported}`;
}
