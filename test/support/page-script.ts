// Bundles the script of a page or a service worker for tests in Chromium.

import { build } from 'esbuild';
import { inlineWorkers } from '../../build/inline-worker.js';
import { keyB } from './vectors.ts';

/** Bundles into one file, because a service worker cannot call `import()` later. `PUBLIC_KEY` is the key of the vectors. */
export async function pageScript(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    format: 'iife',
    write: false,
    define: { PUBLIC_KEY: JSON.stringify(keyB.spki) },
    plugins: [inlineWorkers()],
    logLevel: 'error',
  });
  return (outputFiles[0] as { text: string }).text;
}
