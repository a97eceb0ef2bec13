// @ts-check Measures the time to import the package, the bytes to load, and the bytes that sealing adds.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundleApp } from '../build/bundle-app.js';
import { encryptBundle, keygen } from '../dist/index.js';
import { TARGETS } from './targets.js';
import { interleave, median } from './timing.js';

const MIB = 2 ** 20;
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const DIST = new URL('../dist/index.js', import.meta.url).href;
const APP = "import { decryptBundle } from 'bundleseal'; globalThis.openUpdate = decryptBundle;";

/** @param {ReturnType<typeof import('./report.js').createReport>} report @param {{ effort: number }} settings */
export async function measureSize(report, { effort }) {
  report.begin('size', 'What it costs an app; sizes minified and gzipped, each file by itself');
  await measureImport(report, Math.ceil(15 * effort));
  await measureApp(report);
  const { privateKey } = await keygen();
  for (const size of [MIB + 1, 4 * MIB]) {
    const { bytes } = await encryptBundle(new Uint8Array(size), { privateKey });
    const percent = (100 * (bytes.length - size)) / size;
    report.value(`sealing ${size} bytes adds ${bytes.length - size} bytes`, percent, '%', {
      target: TARGETS.overheadPercent,
    });
  }
}

/** @param {ReturnType<typeof import('./report.js').createReport>} report @param {number} rounds */
async function measureImport(report, rounds) {
  const start = (/** @type {string} */ code) =>
    execFileSync(process.execPath, ['--input-type=module', '--eval', code]);
  const timings = await interleave(
    {
      bare: () => start(''),
      importing: () => start(`import ${JSON.stringify(DIST)}`),
      help: () => execFileSync(process.execPath, [CLI, '--help'], { stdio: 'ignore' }),
    },
    { rounds },
  );
  const { bare, importing, help } = /** @type {any} */ (timings);
  const extra = importing.times.map(
    (/** @type {number} */ ms, /** @type {number} */ i) => ms - bare.times[i],
  );
  report.time('start of Node, nothing imported', bare);
  report.value('import of the package, beyond the start of Node', median(extra), 'ms', {
    details: { bare, importing },
  });
  report.time('start of the command line, --help', help);
  report.value('  beyond 1.5 times the start of Node', help.median - 1.5 * bare.median, 'ms', {
    target: TARGETS.startMs,
  });
}

/** @param {ReturnType<typeof import('./report.js').createReport>} report */
async function measureApp(report) {
  const { metafile, sizes, loadedBy, total, entry } = await bundleApp(APP);
  const lazy = Object.entries(metafile.outputs).flatMap(([file, { entryPoint }]) =>
    entryPoint?.startsWith('dist/') ? [{ file, name: nameOf(entryPoint) }] : [],
  );
  const eager = loadedBy([entry]);
  report.value('app with decryptBundle, loaded at once', total(eager), 'bytes', {
    target: TARGETS.eagerBytes,
    details: Object.fromEntries([...eager].map((file) => [file, sizes.get(file)])),
  });
  for (const { file, name } of lazy) {
    const added = [...loadedBy([file])].filter((other) => !eager.has(other));
    report.value(`  lazily, ${name} with what it imports`, total(added), 'bytes');
  }
  const opening = lazy.filter(({ name }) => name === 'webcrypto' || name === 'arithmetic');
  if (opening.length !== 2) throw new Error('the lazily loaded files are not those expected');
  const all = loadedBy([entry, ...opening.map(({ file }) => file)]);
  report.value('opening with webcrypto, all that is loaded', total(all), 'bytes');
}

/** dist/webcrypto-ABC.js is webcrypto. @param {string} path */
function nameOf(path) {
  return path.replace(/^.*\//, '').replace(/-\w+\.js$/, '');
}
