// @ts-check
// node bench/run.js [--json FILE] [--write] [--quick] [part ...]
//
// Without a part, all of them:
//   size      what the package costs an app
//   memory    peak memory, of calls in memory and of files
//   node      calls in memory on Node, each backend beside the same by hand
//   streams   streams on Node beside calls in memory
//   files     file to file beside pipelines; takes 5 GiB in the folder for temporary files, memory 8.5 GiB
//   ranges    parts of a bundle on a web server
//   rsa       RSA operations and key pairs
//   chromium  calls in memory and streams in Chromium
//   capgo     Capgo's wire, on Node beside Capgo's own functions and in Chromium

import './expose-gc.js';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measureCapgo } from './capgo.js';
import { measureChromium } from './chromium.js';
import { measureFiles } from './files.js';
import { toMarkdown } from './markdown.js';
import { measureMemory } from './memory.js';
import { measureNode } from './node-throughput.js';
import { measureRanges } from './ranges.js';
import { createReport } from './report.js';
import { measureRsa } from './rsa.js';
import { measureSize } from './size.js';
import { measureStreams } from './streams.js';

/** @type {Record<string, (report: ReturnType<typeof createReport>, settings: { effort: number, quick: boolean }) => Promise<void>>} */
const PARTS = {
  size: measureSize,
  memory: measureMemory,
  node: measureNode,
  streams: measureStreams,
  files: measureFiles,
  ranges: measureRanges,
  rsa: measureRsa,
  chromium: measureChromium,
  capgo: measureCapgo,
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
for (const [name, measure] of Object.entries(PARTS)) {
  if (positionals.length === 0 || positionals.includes(name)) {
    await measure(report, { effort, quick: values.quick });
  }
}
report.summarize();
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify(report.all(), null, 2)}\n`);
if (values.write) {
  const page = new URL('../docs/benchmarks.md', import.meta.url);
  writeFileSync(page, toMarkdown(report.all()));
}
