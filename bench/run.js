// @ts-check
// node bench/run.js [--json FILE] [--write] [--quick] [part ...]
//
// The figures of job and patches replace the earlier ones in bench/results.json, from which `npm run update:pictures`
// draws charts; not with --quick. --json writes all figures of the run to FILE instead. --write writes the sections of the
// parts in docs/benchmarks.md; the others stay as they are.
//
// Without a part, all of them:
//   size      what the package costs an app
//   memory    peak memory, of calls in memory and of files
//   node      calls in memory on Node, each backend beside the same by hand
//   streams   streams on Node beside calls in memory
//   files     file to file beside pipelines; takes 5 GiB in the folder for temporary files, memory 8.5 GiB
//   job       a folder into a sealed file and back, beside zip and age, 7z and gpg, and Capgo's command line (installed
//             by `npm install --ignore-scripts --prefix test/interop/capgo`); takes 5.6 GiB there
//   cpu       the same with zip and age again, with the CPU time, and the limit of zips in memory
//   ranges    parts of a bundle on a web server
//   rsa       RSA operations and key pairs
//   chromium  calls in memory and streams in Chromium
//   capgo     Capgo's format, on Node beside Capgo's own functions and in Chromium
//   patches   patches between releases, beside zstd and bsdiff; takes the packages from npm
//   fleet     a thousand devices that update themselves; takes the packages from npm
//   update    the start of an installed release, and the memory of a patch on a device

import './expose-gc.js';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { toMarkdown } from './markdown.js';
import { createReport } from './report.js';
import { isDrawn, merged } from './results.js';

/** @typedef {(report: ReturnType<typeof createReport>, settings: { effort: number, quick: boolean }) => Promise<void>} Measure */

// Each loaded when its turn comes: playwright-core and @capgo/cli follow every promise of the process with async
// hooks from their import on, which nearly halves the speed of any stream measured beside them.
/** @type {Record<string, () => Promise<Measure>>} */
const PARTS = {
  size: async () => (await import('./size.js')).measureSize,
  memory: async () => (await import('./memory.js')).measureMemory,
  node: async () => (await import('./node-throughput.js')).measureNode,
  streams: async () => (await import('./streams.js')).measureStreams,
  files: async () => (await import('./files.js')).measureFiles,
  job: async () => (await import('./job.js')).measureJob,
  cpu: async () => (await import('./cpu.js')).measureCpu,
  ranges: async () => (await import('./ranges.js')).measureRanges,
  rsa: async () => (await import('./rsa.js')).measureRsa,
  chromium: async () => (await import('./chromium.js')).measureChromium,
  capgo: async () => (await import('./capgo.js')).measureCapgo,
  patches: async () => (await import('./patches.js')).measurePatches,
  fleet: async () => (await import('./fleet.js')).measureFleet,
  update: async () => (await import('./update.js')).measureUpdate,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}

const report = createReport();
report.printMachine();
// A third of the rounds, and smaller files, for work on the bench itself.
const effort = values.quick ? 1 / 3 : 1;
for (const [name, load] of Object.entries(PARTS)) {
  if (positionals.length === 0 || positionals.includes(name)) {
    const measure = await load();
    await measure(report, { effort, quick: values.quick });
  }
}
report.summarize();
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify(report.all(), null, 2)}\n`);
} else if (!values.quick && report.figures.some(({ part }) => isDrawn(part))) {
  const results = new URL('results.json', import.meta.url);
  const before = existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : undefined;
  writeFileSync(results, `${JSON.stringify(merged(before, report.all()), null, 2)}\n`);
}
if (values.write) {
  const page = new URL('../docs/benchmarks.md', import.meta.url);
  writeFileSync(page, toMarkdown(report.all(), readFileSync(page, 'utf8')));
}
