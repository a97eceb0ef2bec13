// For the command line: what a dynamic import of ours loads stays in the file that imports it, and runs when it is asked
// for. Node needs about a millisecond to find and load a file, so ninety small ones cost more than they save.

import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** Dynamic imports of our own modules, except those that `apart` matches. Packages stay files of their own. */
export function keepTogether(apart: RegExp): Plugin {
  return {
    name: 'keep-together',
    setup({ onLoad }): void {
      onLoad({ filter: /[\\/]src[\\/][^?]*\.ts$/ }, async ({ path }) => {
        if (/[\\/]node_modules[\\/]/.test(path)) return undefined;
        const text = await readFile(path, 'utf8');
        const contents = text.replace(/\bimport\(('\.[^']*')\)/g, (whole, target: string) =>
          apart.test(target) ? whole : `Promise.resolve().then(() => require(${target}))`,
        );
        return { contents, loader: 'ts' };
      });
    },
  };
}
