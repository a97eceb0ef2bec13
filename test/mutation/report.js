// What `npm run mutation` found: fails where a folder is under the least score, or a survivor has no reason.
//
//   node test/mutation/report.js [--write]
//
// With --write it goes to docs/mutation.md, and fails where a folder has not been run.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PARTS } from './parts.js';
import { readResults } from './results.js';

const LEAST = 90;
const root = join(import.meta.dirname, '../..');

const results = readResults();
const lacking = Object.values(PARTS).filter(
  (part) => !results.some((r) => r.folder === part.folder),
);
const faults = results.flatMap(faultsOf);

console.log(table(results));
if (process.argv.includes('--write')) {
  if (lacking.length > 0)
    faults.push(`not run yet: ${lacking.map(({ folder }) => folder).join(', ')}`);
  writeFileSync(join(root, 'docs/mutation.md'), page());
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

function table(rows) {
  const columns = ['mutants', 'killed', 'timeout', 'survived', 'no coverage', 'errors', 'score'];
  const cells = rows.map((row) => [
    `\`src/${row.folder}\``,
    ...[row.mutants, row.killed, row.timeout, row.survived, row.noCoverage, row.errors].map(String),
    `${row.score.toFixed(1)} %`,
  ]);
  return markdown([['', ...columns], ...cells]);
}

/** A table whose columns are as wide as what is in them. */
function markdown(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n');
}

function page() {
  return [
    '# Mutation testing',
    intro(),
    table(results),
    '## What no test notices',
    'Each of these changes leaves every test passing, and why that is so.',
    ...results.flatMap(survivorsOf),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

function intro() {
  const { dependencies } = JSON.parse(
    readFileSync(join(root, 'test/mutation/package.json'), 'utf8'),
  );
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return `Written by \`npm run update:mutation\`, after \`npm run mutation -- --force\`. Each mutant is the source with one thing
changed: an operator, a condition, a string, a block left out. It is killed where a test fails, and survives where none
does; one that never ends counts as killed. The score is the part that is noticed, and no mutant is left out: neither those of
messages, nor those that run when a module is loaded. Stryker ${dependencies['@stryker-mutator/core']} on vitest ${devDependencies.vitest}, on Node alone; the tests
that run are in [parts.js](../test/mutation/parts.js), and the reasons below in
[survivors/](../test/mutation/survivors).`;
}

function survivorsOf({ folder, survivors }) {
  if (survivors.length === 0) return [`### src/${folder}`, 'Nothing.'];
  const reasons = Map.groupBy?.(survivors, ({ why }) => why) ?? groupBy(survivors);
  return [
    `### src/${folder}`,
    [...reasons]
      .map(([why, mutants]) =>
        [
          `- ${why}`,
          ...mutants.map((m) => `  - ${m.file}:${m.place}, ${m.mutator}: \`${code(m.change)}\``),
        ].join('\n'),
      )
      .join('\n'),
  ];
}

function groupBy(survivors) {
  const groups = new Map();
  for (const mutant of survivors)
    groups.set(mutant.why, [...(groups.get(mutant.why) ?? []), mutant]);
  return groups;
}

function code(change) {
  return change.replaceAll('`', "'");
}
