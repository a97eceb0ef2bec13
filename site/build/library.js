// @ts-check
// The library for the playground, in one file: the page then has everything when it is loaded, and asks for nothing
// afterwards, whichever backend runs.

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { inlineWorkers } from '../../build/inline-worker.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** @param {string} folder */
export async function bundleLibrary(folder) {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['site/playground/library.ts'],
    outfile: `${folder}/library.js`,
    bundle: true,
    splitting: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // The root has another version of esbuild than VitePress; what the plugin uses is the same in both.
    plugins: [/** @type {any} */ (inlineWorkers())],
    logLevel: 'warning',
  });
}
