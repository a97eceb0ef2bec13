// Changes the source, one mutant at a time, and checks that a test fails:
//
//   npm ci --ignore-scripts --prefix test/mutation && node test/mutation/run.js [parts or files…] [options]
//
//   --sample N         a random sample of N mutants of each part
//   --seed N           another sample than that of seed 1
//   --all-tests        every test of the part for each mutant that is run, also those that do not seem to reach it
//   --force            runs everything again
//   --concurrency N    processes, 2 by default
//   --seconds N        for each test, 20 by default
//
// results/ keeps the outcome, and the next run repeats only what changed since. It does not see a change of the tests'
// support or of source in another folder: run with --force before you believe the report.

import { execFileSync } from 'node:child_process';
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
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    'all-tests': { type: 'boolean', default: false },
    force: { type: 'boolean', default: false },
    concurrency: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '20' },
  },
});
const sample =
  values.sample === undefined ? undefined : { size: positive('sample'), seed: positive('seed') };
const root = join(import.meta.dirname, '../..');
process.chdir(root);
const commit = execFileSync('git', ['rev-parse', '--short=7', 'HEAD'], { encoding: 'utf8' }).trim();
// For vitest.config.js, which runs in other processes, and for plan.js.
process.env.MUTATION_SECONDS = values.seconds;
process.env.MUTATION_ALL_TESTS = values['all-tests'] ? '1' : '';
if (sample !== undefined) {
  process.env.MUTATION_SAMPLE = String(sample.size);
  process.env.MUTATION_SEED = String(sample.seed);
}

for (const [name, files] of wanted(positionals)) {
  process.env.MUTATED_PART = name;
  const part = PARTS[name];
  const result = sample === undefined ? part.result : part.sample;
  forgetSurvivors(result, files);
  await new Stryker(optionsFor(result, files ?? part.files)).runMutationTest();
  record(result, sample);
}
// Prints the scores and fails below the least score.
await import('./report.js');

function positive(name) {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`--${name} takes a whole number above 0, got ${values[name]}`);
}

/** The files to mutate, by part. A target is a part, or a part and files of its folder: `format:header,chunks`. */
function wanted(targets) {
  return (targets.length > 0 ? targets : Object.keys(PARTS)).map((target) => {
    const [name, only] = target.split(':');
    if (!Object.hasOwn(PARTS, name)) {
      throw new RangeError(`expected ${Object.keys(PARTS).join(', ')}, got ${target}`);
    }
    if (only !== undefined && sample !== undefined) {
      throw new RangeError(`--sample draws from whole parts: give ${name} instead of ${target}`);
    }
    const { folder } = PARTS[name];
    return [name, only?.split(',').map((file) => `src/${folder}/${file}.ts`)];
  });
}

/**
 * Has every survivor run again: Stryker reuses the result of a mutant that runs at load even if tests were added. Until the run
 * has ended, the result has no commit and does not count, because it lacks the survivors.
 */
function forgetSurvivors(result, files) {
  const report = readJson(result);
  if (report === undefined) return;
  for (const [name, file] of Object.entries(report.files)) {
    if (files !== undefined && !files.includes(name)) continue;
    file.mutants = file.mutants.filter(({ status }) => status !== 'Survived');
  }
  writeFileSync(result, JSON.stringify({ ...report, commit: undefined }));
}

/** Adds to a result what Stryker does not say: the commit, and the sample. */
function record(result, sample) {
  const report = readJson(result);
  const mutants = Object.values(report.files).flatMap((file) => file.mutants);
  const ran = mutants.filter(({ status }) => status !== 'Ignored').length;
  const expected = Math.min(mutants.length, sample?.size ?? mutants.length);
  if (ran !== expected)
    throw new Error(`${ran} mutants were run instead of ${expected}: ${result}`);
  writeFileSync(result, JSON.stringify({ ...report, commit, sample }));
}

function optionsFor(result, files) {
  return {
    mutate: files,
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutation/vitest.config.js', related: false },
    plugins: ['@stryker-mutator/vitest-runner', './test/mutation/plan.js'],
    reporters: ['plan', 'progress-append-only'],
    ignorePatterns: [
      '**',
      '!package.json',
      '!src/**/*',
      '!build/*.js',
      '!test/{support,unit,property,vectors,security}/**/*',
      '!test/mutation/*.js',
    ],
    incremental: true,
    incrementalFile: result,
    force: values.force,
    // Not in the checkout: an interrupted run would leave tests there that `npm test` would run.
    tempDirName: join(tmpdir(), `bundleseal-mutation-${process.pid}`),
    concurrency: Number(values.concurrency),
    // Generous, so that a mutant on a busy machine does not count as one that never ends.
    timeoutMS: 1000 * Number(values.seconds),
    timeoutFactor: 2,
    // The first run has all tests of the part, and takes long on a busy machine.
    dryRunTimeoutMinutes: 30,
    // `npm run types` checks the source, and mutants need no types.
    disableTypeChecks: false,
    checkers: [],
    allowConsoleColors: false,
  };
}
