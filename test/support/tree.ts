// A folder's content byte for byte, to compare before and after.

import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every file with its mode and bytes, and every folder. Leaves out installed packages. */
export function treeOf(folder: string): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (/(^|[\\/])(node_modules|\.git)([\\/]|$)/.test(path)) continue;
    const stats = lstatSync(join(folder, path));
    const mode = (stats.mode & 0o777).toString(8);
    tree[path] = stats.isFile()
      ? `${mode} ${readFileSync(join(folder, path)).toString('base64')}`
      : mode;
  }
  return tree;
}
