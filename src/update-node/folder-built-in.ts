// The release that an app was shipped with, where it lies in a folder.

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checkPath } from '../files/error.ts';
import { STAMP } from '../release/paths.ts';
import type { BuiltIn } from '../update/release-store.ts';
import { folderReader } from './folder-store.ts';

/**
 * A built-in release in a folder: the web folder of an Electron app, or the public folder that a server was deployed with.
 * `bundleseal release stamp` has to have written its stamp.
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
    readStamp: () => readFile(join(root, STAMP)),
    files: folderReader(root),
  };
}
