// @ts-check
// What a line of import adds to an app that has decryptBundle already: minified, gzipped, each file by itself.

import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DECRYPT = 'export { decryptBundle } from "bundleseal";';

/**
 * @param {ReturnType<typeof import('./report.js').createReport>} report @param {string} what @param {string} code
 * @param {import('./targets.js').Target} target
 */
export async function measureEntry(report, what, code, target) {
  const before = await loadedAtOnce(DECRYPT);
  const after = await loadedAtOnce(`${DECRYPT}\n${code}`);
  report.value(`what ${what} adds to decryptBundle, gzipped`, after - before, 'bytes', {
    target,
    details: { before, after },
  });
}

/** @param {string} contents */
async function loadedAtOnce(contents) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: ROOT, sourcefile: 'app.js' },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    metafile: true,
    write: false,
    outdir: 'app',
    absWorkingDir: ROOT,
    logLevel: 'warning',
  });
  const [entry] = /** @type {[string, unknown][]} */ (
    Object.entries(metafile.outputs).filter(([, { entryPoint }]) => entryPoint === 'app.js')
  )[0] ?? [''];
  const loaded = new Set([entry]);
  for (const file of loaded) {
    for (const { path, kind } of metafile.outputs[file]?.imports ?? []) {
      if (kind === 'import-statement') loaded.add(path);
    }
  }
  return outputFiles
    .filter(({ path }) => loaded.has(path.slice(path.lastIndexOf('/app/') + 1)))
    .reduce((sum, { contents: bytes }) => sum + gzipSync(bytes, { level: 9 }).length, 0);
}
