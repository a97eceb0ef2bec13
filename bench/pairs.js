// @ts-check Pairs of releases of web apps on npm, without source maps.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../node_modules/.cache/bench-pairs/', import.meta.url));

/** By short name: the package, the folder of the app in it, the older and the newer version. */
export const PAIRS = /** @type {const} */ ({
  kip: ['@mxtommy/kip', 'public', '4.8.0', '4.8.5'],
  'iobroker.admin': ['iobroker.admin', 'adminWww', '8.0.16', '8.0.17'],
  'signalk admin': ['@signalk/server-admin-ui', 'public', '2.24.2', '2.32.0'],
  'node-red editor': ['@node-red/editor-client', 'public', '5.0.6', '5.0.7'],
  monaco: ['monaco-editor', 'min', '0.56.0', '0.57.0'],
  scalar: ['@scalar/api-reference', 'dist/browser', '1.71.0', '1.72.1'],
});

/** @typedef {Record<string, Uint8Array>} Files by path */

/**
 * Returns the files of one version of an app, in the order of the UTF-8 bytes of their paths.
 *
 * @param {string} name @param {string} folder @param {string} version @returns {Files}
 */
export function filesOf(name, folder, version) {
  const place = join(CACHE, `${name.replace('/', '+')}@${version}`);
  if (!existsSync(place)) fetchPackage(name, version, place);
  const root = join(place, 'package', folder);
  const paths = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path))]));
}

/** @param {string} name @param {string} version @param {string} place */
function fetchPackage(name, version, place) {
  const made = `${place}.new`;
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  const options = { cwd: made, encoding: /** @type {const} */ ('utf8') };
  const file = pack(`${name}@${version}`, options);
  execFileSync('tar', ['xzf', file], options);
  rmSync(join(made, file));
  renameSync(made, place);
}

/** @param {string} what @param {import('node:child_process').ExecFileSyncOptionsWithStringEncoding} options */
function pack(what, options) {
  try {
    return execFileSync('npm', ['pack', '--silent', what], options).trim();
  } catch (cause) {
    throw new Error(`npm pack ${what} failed: this needs a network and a registry that has it`, {
      cause,
    });
  }
}

/** The image that patches are made between: docs/patch-format.md#images. @param {Files} files */
export function imageOf(files) {
  const list = Object.entries(files).map(([path, { length }]) => `${length} ${path}\n`);
  return Buffer.concat([Buffer.from(`${list.join('')}\n`), ...Object.values(files)]);
}
