// The part of an example that runs on Node, bundled with the sources of this library.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { inlineWorkers } from '../../build/inline-worker.js';
import { keyB } from './vectors.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Replaces modules that a user of the example has installed and the test has not. */
function modules(texts: ReadonlyMap<RegExp, string>): Plugin {
  return {
    name: 'modules',
    setup({ onResolve, onLoad }) {
      for (const [filter, contents] of texts) {
        const namespace = String(filter);
        onResolve({ filter }, ({ path }) => ({ path, namespace }));
        onLoad({ filter: /./, namespace }, () => ({ contents }));
      }
    },
  };
}

/**
 * @param entry - A file of the example.
 * @param electron - The text of a module that replaces Electron.
 */
export async function bundleExample(
  example: string,
  entry: string,
  outfile: string,
  change: (code: string) => string = (code) => code,
  electron = '',
): Promise<void> {
  const folder = join(ROOT, 'examples', example);
  const key = `export const publicKeys = [${JSON.stringify(keyB.spki)}];`;
  await build({
    stdin: { contents: change(readFileSync(join(folder, entry), 'utf8')), resolveDir: folder },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    alias: {
      'bundleseal/node': join(ROOT, 'src/node.ts'),
      'bundleseal/update': join(ROOT, 'src/update.ts'),
    },
    plugins: [
      inlineWorkers(),
      modules(
        new Map([
          [/\/bundleseal-key\.js$/, key],
          [/^electron$/, electron],
        ]),
      ),
    ],
  });
}
