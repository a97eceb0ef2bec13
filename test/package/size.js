// What an app loads at once for decryptBundle, from the built files: gzipped bytes, and by which packages.
//
//   npm run build && node test/package/size.js

import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');

// Less than the 10,000 that the README promises, so that a new check in the format has room.
const BUDGET = 9_600;

const { outputFiles, metafile } = await build({
  // The package by its own name, through its exports.
  stdin: {
    contents: "import { decryptBundle } from 'bundleseal'; globalThis.open = decryptBundle;",
    resolveDir: ROOT,
    sourcefile: 'app.js',
  },
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

const sizes = new Map(
  outputFiles.map(({ path, contents }) => [
    path.slice(path.lastIndexOf('/app/') + 1),
    gzipSync(contents, { level: 9 }).length,
  ]),
);
const entry = Object.entries(metafile.outputs).find(
  ([, { entryPoint }]) => entryPoint === 'app.js',
);
const eager = new Set([entry[0]]);
for (const file of eager) {
  for (const { path, kind } of metafile.outputs[file].imports) {
    if (kind === 'import-statement') eager.add(path);
  }
}

const size = [...eager].reduce((sum, file) => sum + sizes.get(file), 0);
const foreign = [...eager]
  .flatMap((file) => Object.keys(metafile.outputs[file].inputs))
  .filter((input) => !/^(dist\/|app\.js$)/.test(input));
console.log(`decryptBundle loads ${size} gzipped bytes at once, of at most ${BUDGET}`);
if (foreign.length > 0)
  console.error(`It loads at once from other packages: ${foreign.join(', ')}`);
if (!(size > 1000 && size <= BUDGET) || foreign.length > 0) process.exitCode = 1;
