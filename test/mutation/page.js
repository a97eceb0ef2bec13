// docs/internals/mutation.md.

import { readJson } from './results.js';

export function table(rows) {
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

/** @param missing - Folders of which something has not been run. */
export function page(results, least, missing) {
  return [
    '# Mutation testing',
    intro(least),
    table(results),
    ...(missing.length === 0
      ? []
      : [`Not run to the end yet: ${missing.map((folder) => `\`src/${folder}\``).join(', ')}.`]),
    '## Survivors',
    'No test notices these changes; each has its reason.',
    ...results.flatMap(survivorsOf),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

function intro(least) {
  const { dependencies } = readJson('test/mutation/package.json');
  const { devDependencies } = readJson('package.json');
  const stryker = dependencies['@stryker-mutator/core'];
  return `Written by \`npm run update:mutation\` after \`npm run mutation\`; only the reasons are written by hand,
in [survivors/](../../test/mutation/survivors).

A mutant is the source with one change: another operator, a condition that is always true, an empty string, a missing block.
Tests kill it if one of them fails or never ends; it survives if every test passes. The score is the share of killed mutants;
${least} % is the least for each folder. No mutant is left out, not even those in messages or in code that runs when a module
loads. Stryker ${stryker} on vitest ${devDependencies.vitest}, on Node alone, with the tests listed for the folder
([parts.js](../../test/mutation/parts.js)).`;
}

function survivorsOf({ folder, survivors }) {
  if (survivors.length === 0) return [`### src/${folder}`, 'Nothing.'];
  return [
    `### src/${folder}`,
    [...byReason(survivors)]
      .map(([why, mutants]) =>
        [
          `- ${why}`,
          ...mutants.map((m) => `  - ${m.file}:${m.place}, ${m.mutator}: \`${code(m.change)}\``),
        ].join('\n'),
      )
      .join('\n'),
  ];
}

function byReason(survivors) {
  const groups = new Map();
  for (const mutant of survivors) {
    const why = mutant.why ?? 'No reason yet.';
    groups.set(why, [...(groups.get(why) ?? []), mutant]);
  }
  return groups;
}

function code(change) {
  return change.replaceAll('`', "'");
}
