// @ts-check
// node bench/side-channels/run.js [--quick] [--write]
//
// Looks for differences in time between inputs whose times must be indistinguishable. It cannot prove that there is
// none.

import { readFileSync, writeFileSync } from 'node:fs';
import { keygen } from '../../dist/index.js';
import { importBundled } from '../bundle.js';
import { describeMachine } from '../machine.js';
import { measure } from './measure.js';
import { largestT } from './welch.js';

// The threshold of dudect for a difference.
const THRESHOLD = 4.5;

const quick = process.argv.includes('--quick');
const PAGE = new URL('../../docs/internals/side-channels.md', import.meta.url);
const MARKS = ['<!-- measured -->', '<!-- end -->'];

const { casesFor } = await importBundled('side-channels/cases.js');
const pair = await keygen({ modulusBits: 3072 });
const { cpu, cores, platform, node, loadAverage } = describeMachine();
const machine = `${cpu}, ${cores} cores, ${platform}, Node ${node}, load average ${loadAverage[0]}`;
console.log(machine);

const rows = [];
let powerless = 0;
for (const { name, classes, control, samples, batch } of await casesFor(pair)) {
  const settings = { samples: Math.ceil(samples / (quick ? 10 : 1)), batch };
  const t = await tOf(classes, settings);
  const ofControl = await tOf(control, settings);
  if (ofControl < THRESHOLD) powerless += 1;
  const said = t >= THRESHOLD ? 'a difference was seen' : 'no difference was seen';
  const verdict = ofControl < THRESHOLD ? 'the control was not told apart: nothing is known' : said;
  console.log(
    `${name}\n  |t| ${t.toFixed(1)}, control ${ofControl.toFixed(1)}, ${settings.samples} samples a class: ${verdict}`,
  );
  rows.push([name, t.toFixed(1), ofControl.toFixed(1), String(settings.samples), verdict]);
}
if (process.argv.includes('--write')) write();
process.exitCode = powerless === 0 ? 0 : 1;

/** @param {import('./measure.js').Classes} classes @param {{ samples: number, batch?: number }} settings */
async function tOf(classes, settings) {
  const { a, b } = await measure(classes, settings);
  return largestT(a, b);
}

function write() {
  const head = ['what differs between the classes', '\\|t\\|', 'control', 'samples a class', ''];
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const text = readFileSync(PAGE, 'utf8');
  const [start, end] = MARKS.map((mark) => text.indexOf(mark));
  if (start === undefined || end === undefined || start < 0 || end < start) {
    throw new Error('docs/internals/side-channels.md has lost its marks');
  }
  const measured = `${MARKS[0]}\n\n${machine}.\n\n${table.join('\n')}\n\n`;
  writeFileSync(PAGE, text.slice(0, start) + measured + text.slice(end));
}
