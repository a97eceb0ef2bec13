// Changes the source, one mutant at a time, and sees whether a test notices:
//
//   npm ci --ignore-scripts --prefix test/mutation && node test/mutation/run.js [parts or files…] [--force] [--concurrency 2] [--seconds 20]
//
// results/ keeps the outcome, and the next run repeats only what changed since. It does not see a change of the tests'
// support or of source in another folder: run with --force before you believe the report.

import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { PARTS } from './parts.js';
import { readJson } from './results.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    force: { type: 'boolean', default: false },
    concurrency: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '20' },
  },
});
const root = join(import.meta.dirname, '../..');
process.chdir(root);
// For vitest.config.js, which runs in other processes.
process.env.MUTATION_SECONDS = values.seconds;

for (const [name, files] of wanted(positionals)) {
  process.env.MUTATED_PART = name;
  const part = PARTS[name];
  forgetSurvivors(part, files);
  await new Stryker(optionsFor(part, files ?? part.files)).runMutationTest();
}
// Prints the scores and fails below the least score.
await import('./report.js');

/** The files to mutate, by part. A target is a part, or a part and files of its folder: `format:header,chunks`. */
function wanted(targets) {
  return (targets.length > 0 ? targets : Object.keys(PARTS)).map((target) => {
    const [name, only] = target.split(':');
    if (!Object.hasOwn(PARTS, name)) {
      throw new RangeError(`expected ${Object.keys(PARTS).join(', ')}, got ${target}`);
    }
    const { folder } = PARTS[name];
    return [name, only?.split(',').map((file) => `src/${folder}/${file}.ts`)];
  });
}

/** They are run again whenever they can be: Stryker takes one that runs at load for unchanged though tests were added. */
function forgetSurvivors({ result }, files) {
  const report = readJson(result);
  if (report === undefined) return;
  for (const [name, file] of Object.entries(report.files)) {
    if (files !== undefined && !files.includes(name)) continue;
    file.mutants = file.mutants.filter(({ status }) => status !== 'Survived');
  }
  writeFileSync(result, JSON.stringify(report));
}

function optionsFor(part, files) {
  return {
    mutate: files,
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutation/vitest.config.js', related: false },
    plugins: ['@stryker-mutator/vitest-runner'],
    reporters: ['progress-append-only'],
    ignorePatterns: [
      '**',
      '!package.json',
      '!src/**/*',
      '!build/*.js',
      '!test/{support,unit,property,vectors,security}/**/*',
      '!test/mutation/*.js',
    ],
    incremental: true,
    incrementalFile: part.result,
    force: values.force,
    // Not in the checkout: an interrupted run would leave tests there that `npm test` takes for its own.
    tempDirName: join(tmpdir(), 'bundleseal-mutation'),
    concurrency: Number(values.concurrency),
    // A busy machine is no reason to take a mutant for one that never ends.
    timeoutMS: 1000 * Number(values.seconds),
    timeoutFactor: 2,
    // Types were checked before, and a mutant needs none.
    disableTypeChecks: false,
    checkers: [],
    allowConsoleColors: false,
  };
}
