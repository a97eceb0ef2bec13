// `import CODE from './some-worker.ts?thread'` imports a module with all its imports as the text of a script that
// calls its `main`. After an app was bundled, the library has no file from which it could start a thread.

import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { build } from 'esbuild';

const SUFFIX = /\?thread$/;
/** `import TEXT from './some-file?raw'` imports a file as text. Vite knows this form. */
const RAW = /\?raw$/;

/**
 * Makes the text for `new Worker(text, { eval: true })`: one minified classic script without imports.
 *
 * @param {string} entry - Path of a TypeScript module that exports `main`.
 * @returns {Promise<{ text: string, files: string[] }>} The text, and the paths of its modules.
 */
export async function inlineWorker(entry) {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: `import { main } from ${JSON.stringify(entry)}; main();`,
      resolveDir: dirname(entry),
    },
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    platform: 'neutral',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const files = Object.keys(metafile.inputs).filter((file) => file !== '<stdin>');
  return { text: outputFiles[0].text.trim(), files: files.map((file) => resolve(file)) };
}

/** For esbuild and tsup. @returns {import('esbuild').Plugin} */
export function inlineWorkers() {
  return {
    name: 'inline-workers',
    setup({ onLoad, onResolve }) {
      // Uses a relative path, because esbuild writes the path into a comment, and no path of this machine must be
      // published.
      onResolve({ filter: SUFFIX }, ({ path, resolveDir }) => ({
        path: relative(process.cwd(), resolve(resolveDir, path.replace(SUFFIX, ''))),
        namespace: 'thread',
      }));
      onLoad({ filter: /./, namespace: 'thread' }, async ({ path }) => {
        const { text, files } = await inlineWorker(resolve(path));
        return { contents: text, loader: 'text', watchFiles: files };
      });
      onResolve({ filter: RAW }, ({ path, resolveDir }) => ({
        path: relative(process.cwd(), resolve(resolveDir, path.replace(RAW, ''))),
        namespace: 'raw',
      }));
      onLoad({ filter: /./, namespace: 'raw' }, async ({ path }) => ({
        contents: await readFile(resolve(path)),
        loader: 'text',
        watchFiles: [resolve(path)],
      }));
    },
  };
}

/** For Vitest. @returns {import('vitest/config').Plugin} */
export function inlineWorkersInVite() {
  return {
    name: 'inline-workers',
    enforce: 'pre',
    async load(id) {
      if (!SUFFIX.test(id)) return undefined;
      const { text, files } = await inlineWorker(id.replace(SUFFIX, ''));
      for (const file of files) this.addWatchFile(file);
      return `export default ${JSON.stringify(text)};`;
    },
  };
}
