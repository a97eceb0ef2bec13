// docs/internals/mutation.md.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { intervalOf, readJson, scoreOf } from './results.js';

const SURVIVORS = join(import.meta.dirname, 'survivors');

const COLUMNS = {
  mutants: ({ mutants }) => String(mutants),
  run: ({ ran, mutants, seed }) => (ran === mutants ? 'all' : `sample of ${ran}, seed ${seed}`),
  killed: ({ killed }) => String(killed),
  timeout: ({ timeout }) => String(timeout),
  survived: ({ survived }) => String(survived),
  'no coverage': ({ noCoverage }) => String(noCoverage),
  errors: ({ errors }) => String(errors),
  'without a reason': ({ unexplained = 0 }) => String(unexplained),
  score: (counts) => percent(scoreOf(counts)),
  'whole part (95 %)': (counts) =>
    counts.ran === counts.mutants
      ? percent(scoreOf(counts))
      : intervalOf(counts).map(percent).join(' to '),
  commit: ({ commit }) => commit,
};

/** @param scores - Counts by the name of the part. */
export function table(scores) {
  const rows = Object.entries(scores).map(([name, counts]) => [
    `\`src/${name}\``,
    ...Object.values(COLUMNS).map((cell) => cell(counts)),
  ]);
  return markdown([['', ...Object.keys(COLUMNS)], ...rows]);
}

function percent(value) {
  return `${value.toFixed(1)} %`;
}

/** A table whose columns are as wide as their longest cells. */
function markdown(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n');
}

/**
 * @param scores - Counts by the name of the part.
 * @param missing - Parts that have never been run.
 */
export function page(scores, least, missing) {
  return [
    '# Mutation testing',
    intro(least),
    table(scores),
    ...(missing.length === 0
      ? []
      : [`Never run: ${missing.map((name) => `\`src/${name}\``).join(', ')}.`]),
    '## Survivors',
    'No test can notice these changes, for the reason above each group. A part of which a sample was run can have more.',
    ...readdirSync(SURVIVORS).sort().flatMap(survivorsOf),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

function intro(least) {
  const { dependencies } = readJson('test/mutation/package.json');
  const { devDependencies } = readJson('package.json');
  const stryker = dependencies['@stryker-mutator/core'];
  return `See how many changes of the source the tests notice, which changes they cannot notice, and why. \`npm run update:mutation\` writes
this page after \`npm run mutation\`; only the reasons are written by hand, in [survivors/](../../test/mutation/survivors).

A mutant is the source with one change: another operator, a condition that is always true, an empty string, a missing block.
Tests kill it if one of them fails or never ends; it survives if every test passes. The score is the share of killed mutants;
\`npm run mutation\` fails if a part has less than ${least} %. No mutant is left out, not even those in messages or in code that runs when a module
loads. Stryker ${stryker} on vitest ${devDependencies.vitest}, on Node alone, with the tests listed for the part
([parts.js](../../test/mutation/parts.js)). The mutants of \`src/update/first-screen.ts\` count as not covered: its tests need the layout of
a page, so they run in browsers.

"all" means that every mutant of the part was run. A sample is drawn at random by its seed (\`npm run mutation -- --sample 150\`):
its score is an estimate, and the score of the whole part lies in the given interval with 95 % confidence. The commit is that of
the run; the code has changed since.

The column "without a reason" counts survivors and mutants without coverage for which no reason is written. Each needs a test, or
got one after the run; then only a new run shows it as killed.`;
}

function survivorsOf(file) {
  const reasons = readJson(`test/mutation/survivors/${file}`);
  return [
    `### src/${file.replace(/\.json$/, '')}`,
    [...byReason(reasons)]
      .map(([why, group]) =>
        [
          `- ${why}`,
          ...group.flatMap(({ file, changes }) =>
            changes.map((change) => `  - ${file}: \`${code(change)}\``),
          ),
        ].join('\n'),
      )
      .join('\n'),
  ];
}

function byReason(reasons) {
  const groups = new Map();
  for (const reason of reasons) groups.set(reason.why, [...(groups.get(reason.why) ?? []), reason]);
  return groups;
}

function code(change) {
  return change.replaceAll('`', "'");
}
