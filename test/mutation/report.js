// What `npm run mutation` found: fails where a folder is under the least score, or a survivor has no reason.
//
//   node test/mutation/report.js [--write]
//
// With --write it goes to docs/internals/mutation.md, and fails where a folder has not been run.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { page, table } from './page.js';
import { PARTS } from './parts.js';
import { readJson, readResults } from './results.js';

const LEAST = 90;
const root = join(import.meta.dirname, '../..');

const results = readResults();
const lacking = Object.keys(PARTS).filter((name) => readJson(PARTS[name].result) === undefined);
const faults = results.flatMap(faultsOf);

console.log(table(results));
if (process.argv.includes('--write')) {
  if (lacking.length > 0) faults.push(`not run yet: ${lacking.join(', ')}`);
  const missing = [...new Set(lacking.map((name) => PARTS[name].folder))];
  writeFileSync(join(root, 'docs/internals/mutation.md'), page(results, LEAST, missing));
}
for (const fault of faults) console.log(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

function faultsOf({ folder, score, survivors, stale }) {
  return [
    ...(score < LEAST ? [`${folder}: ${score.toFixed(1)} % is under ${LEAST} %`] : []),
    ...survivors
      .filter(({ why }) => why === undefined)
      .map(
        ({ file, place, line, mutator, change, status }) =>
          `${status} without a reason: ${file}:${place} ${mutator}\n  ${line}\n  ${change}`,
      ),
    ...stale.map(({ file, line, change }) => `survives no longer: ${file}\n  ${line}\n  ${change}`),
  ];
}
