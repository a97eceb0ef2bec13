// @ts-check Bundles a file of the bench together with src/ or dist/.

import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { inlineWorkers } from '../build/inline-worker.js';

/** @param {string} name - A file of bench/. @returns {Promise<any>} its exports */
export async function importBundled(name) {
  const directory = await mkdtemp(join(tmpdir(), 'bundleseal-bench-'));
  try {
    const outfile = join(directory, 'bundled.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      target: 'es2022',
      plugins: [inlineWorkers()],
      logLevel: 'warning',
      outfile,
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {string} name - A file of bench/. @returns {Promise<Map<string, Uint8Array>>} file names and bytes, code split */
export async function bundleForPage(name) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    plugins: [inlineWorkers()],
    logLevel: 'warning',
    outdir: 'page',
    write: false,
  });
  return new Map(
    outputFiles.map(({ path, contents }) => [path.slice(path.lastIndexOf('/') + 1), contents]),
  );
}
