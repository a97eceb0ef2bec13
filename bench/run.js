// @ts-check
// node bench/run.js [--json FILE] [--write] [--quick] [node] [chromium] [rsa] [memory] [size]

import './expose-gc.js';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measureChromium } from './chromium.js';
import { toMarkdown } from './markdown.js';
import { measureMemory } from './memory.js';
import { measureNode } from './node-throughput.js';
import { createReport } from './report.js';
import { measureRsa } from './rsa.js';
import { measureSize } from './size.js';

/** @type {Record<string, (report: ReturnType<typeof createReport>, settings: { effort: number }) => Promise<void>>} */
const PARTS = {
  size: measureSize,
  memory: measureMemory,
  node: measureNode,
  rsa: measureRsa,
  chromium: measureChromium,
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
// A third of the rounds, for work on the bench itself.
const effort = values.quick ? 1 / 3 : 1;
for (const [name, measure] of Object.entries(PARTS)) {
  if (positionals.length === 0 || positionals.includes(name)) await measure(report, { effort });
}
report.summarize();
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify(report.all(), null, 2)}\n`);
if (values.write) {
  const page = new URL('../docs/benchmarks.md', import.meta.url);
  writeFileSync(page, toMarkdown(report.all()));
}
