// A plugin for the command line. It keeps dynamically imported modules of this library in the file that imports them;
// they still run on demand. Node needs about a millisecond to find and load a file, so ninety small files would take
// longer than they save.

import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/**
 * Applies to dynamic imports of this library's modules, except those that `apart` matches. Packages stay in separate
 * files.
 */
export function keepTogether(apart: RegExp): Plugin {
  return {
    name: 'keep-together',
    setup({ onLoad }): void {
      onLoad({ filter: /[\\/]src[\\/][^?]*\.ts$/ }, async ({ path }) => {
        if (/[\\/]node_modules[\\/]/.test(path)) return undefined;
        const text = await readFile(path, 'utf8');
        const contents = text.replace(/\bimport\(\s*('\.[^']*')\s*\)/g, (whole, target: string) =>
          apart.test(target) ? whole : `Promise.resolve().then(() => require(${target}))`,
        );
        return { contents, loader: 'ts' };
      });
    },
  };
}
