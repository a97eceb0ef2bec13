// Built-in releases in a folder.

import { join, resolve } from 'node:path';
import { checkPath } from '../files/error.ts';
import { STAMP } from '../release/stamp.ts';
import type { BuiltIn } from '../update/release-store.ts';
import { folderReader, readRegular } from './folder-store.ts';

/**
 * Reads a built-in release from a folder: the web folder of an Electron app, or the public folder of a server's deployment.
 * Run `bundleseal release stamp` on the folder before.
 *
 * @throws `TypeError`: `dir` is no path.
 * @see docs/updates.md#the-built-in-release
 * @example
 * ```ts
 * import { folderBuiltIn } from 'bundleseal/node';
 *
 * const builtIn = folderBuiltIn('dist');
 * console.log(typeof builtIn.readStamp);
 * ```
 */
export function folderBuiltIn(dir: string): BuiltIn {
  checkPath('dir', dir);
  const root = resolve(dir);
  return {
    readStamp: () => readRegular(join(root, STAMP)),
    files: folderReader(root),
  };
}
