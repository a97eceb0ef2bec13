// What `npm run mutation` found: fails if a part is under the least score, or if a survivor has no reason.
//
//   node test/mutation/report.js [--write]
//
// --write also records the counts in scores.json and writes docs/internals/mutation.md. A part that has not been run on this
// machine keeps its recorded counts.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { page, table } from './page.js';
import { PARTS } from './parts.js';
import { readJson, readResults, scoreOf } from './results.js';

const LEAST = 90;
const SCORES = 'test/mutation/scores.json';
const root = join(import.meta.dirname, '../..');

const results = readResults();
const faults = results.flatMap(faultsOf);

console.log(table(Object.fromEntries(results.map(({ name, counts }) => [name, counts]))));
if (process.argv.includes('--write')) {
  const scores = recorded();
  const missing = Object.keys(PARTS).filter((name) => !covers(scores, name));
  writeFileSync(join(root, SCORES), `${JSON.stringify(scores, null, 2)}\n`);
  writeFileSync(join(root, 'docs/internals/mutation.md'), page(scores, LEAST, missing));
}
for (const fault of faults) console.log(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

/** The recorded counts, with those of this machine in place of older ones. */
function recorded() {
  const found = Object.fromEntries(results.map(({ name, counts }) => [name, counts]));
  const scores = { ...readJson(SCORES), ...found };
  // The record of a whole folder goes as soon as one of its parts has a record of its own.
  const names = Object.keys(scores).filter(
    (name) =>
      !scores[name].wholeFolder || !Object.keys(scores).some((one) => one.startsWith(`${name}/`)),
  );
  return Object.fromEntries(names.sort().map((name) => [name, scores[name]]));
}

function covers(scores, name) {
  return Object.hasOwn(scores, name) || scores[PARTS[name].folder]?.wholeFolder === true;
}

function faultsOf({ name, counts, survivors, stale }) {
  const score = scoreOf(counts);
  return [
    ...(score < LEAST ? [`${name}: ${score.toFixed(1)} % is under ${LEAST} %`] : []),
    ...survivors
      .filter(({ why }) => why === undefined)
      .map(
        ({ file, place, line, mutator, change, status }) =>
          `${status} without a reason: ${file}:${place} ${mutator}\n  ${line}\n  ${change}`,
      ),
    ...stale.map(
      ({ file, line, change }) => `a reason without a survivor: ${file}\n  ${line}\n  ${change}`,
    ),
  ];
}
