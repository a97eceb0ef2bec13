import { mkdirSync, rmSync } from 'node:fs';
import { defineConfig } from 'tsup';
import { inlineWorkers } from './build/inline-worker.js';
import { keepTogether } from './build/keep-together.ts';
import { writeLicences } from './build/licences.ts';

// Here and not by `clean`: the two builds run side by side, and one would remove what the other wrote.
rmSync('dist', { recursive: true, force: true });
// Modes are in the tarball: they are no matter of who builds.
process.umask(0o022);
mkdirSync('dist');

export default defineConfig([
  {
    entry: {
      index: 'src/index.ts',
      node: 'src/node.ts',
      zip: 'src/zip.ts',
      release: 'src/release.ts',
      update: 'src/update.ts',
      'update-testing': 'src/update-testing.ts',
      capgo: 'src/capgo.ts',
      'capgo-node': 'src/capgo-node.ts',
      vite: 'src/vite.ts',
      // It answers at once, so it loads the sentences of errors at once. In a file of its own, apps that import another
      // call of the same entry do not load them.
      inspect: 'src/bundle/inspect.ts',
      // Files are split by which entries reach them. With this entry, no file that decryptBundle loads holds code of other
      // calls, which the bundler of an app could not take out.
      decrypt: 'src/bundle/decrypt.ts',
    },
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    external: [/^node:/],
    // A backend that is not used is not loaded: each dynamic import becomes a file of its own.
    splitting: true,
    // No file of ours does anything by being loaded: an import without a name is left out, which users' bundlers warn of.
    treeshake: { moduleSideEffects: 'no-external' },
    sourcemap: true,
    dts: true,
    esbuildPlugins: [inlineWorkers()],
    esbuildOptions(options) {
      // Constants of one module are written into the others as numbers; names and lines stay readable.
      options.minifySyntax = true;
    },
  },
  {
    entry: { cli: 'src/cli.ts' },
    format: 'esm',
    target: 'node20',
    platform: 'node',
    // Bundled: what the command line alone needs is no dependency of an app.
    noExternal: [/^[^n]|^n(?!ode:)/],
    // Help loads no command, and a command no package that it does not use.
    splitting: true,
    minify: true,
    esbuildPlugins: [
      inlineWorkers(),
      keepTogether(/\/(core-)?commands\.ts'|\/init\/init\.ts'|\/zlib-(wasm|script)\.ts'/),
      writeLicences('dist/cli.LICENSES.txt'),
    ],
    banner: {
      // The parser of arguments and the progress bar are CommonJS.
      js: "import { createRequire as createRequire_ } from 'node:module';\nconst require = createRequire_(import.meta.url);",
    },
    esbuildOptions(options) {
      options.mainFields = ['module', 'main'];
      options.legalComments = 'eof';
      options.chunkNames = 'cli/[name]-[hash]';
    },
  },
]);
