// @ts-check Bundles an app that imports the built package. Returns the files that the app loads at its start, and
// their gzipped bytes.

import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * @param {string} contents - The app. It imports the package by its own name, through its exports.
 * @param {'browser' | 'node'} [platform]
 */
export async function bundleApp(contents, platform = 'browser') {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: ROOT, sourcefile: 'app.js' },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform,
    target: 'es2022',
    metafile: true,
    write: false,
    outdir: 'app',
    absWorkingDir: ROOT,
    logLevel: 'warning',
  });
  const sizes = new Map(
    outputFiles.map(({ path, contents: bytes }) => [
      path.slice(path.lastIndexOf('/app/') + 1),
      gzipSync(bytes, { level: 9 }).length,
    ]),
  );
  /** Adds all static imports. @param {string[]} from */
  const loadedBy = (from) => {
    const seen = new Set(from);
    for (const file of seen) {
      for (const { path, kind, external } of metafile.outputs[file]?.imports ?? []) {
        if (kind === 'import-statement' && !external) seen.add(path);
      }
    }
    return seen;
  };
  const total = (/** @type {Iterable<string>} */ files) =>
    [...files].reduce((sum, file) => sum + /** @type {number} */ (sizes.get(file)), 0);
  const [entry] = /** @type {[string, unknown][]} */ (
    Object.entries(metafile.outputs).filter(([, { entryPoint }]) => entryPoint === 'app.js')
  )[0] ?? [''];
  return { metafile, sizes, loadedBy, total, entry };
}
