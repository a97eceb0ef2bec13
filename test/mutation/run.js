// Changes the source, one mutant at a time, and sees whether a test notices:
//
//   npm ci --ignore-scripts --prefix test/mutation && node test/mutation/run.js [folders or files…] [--force]
//
// What was found is kept in results/, and only what changed since is run again: a change of the tests' own support, or
// of source in another folder, is not seen, so start from nothing (--force) before believing the report.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { FOLDERS } from './folders.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { force: { type: 'boolean', default: false } },
});
const root = join(import.meta.dirname, '../..');
process.chdir(root);

for (const target of positionals.length > 0 ? positionals : Object.keys(FOLDERS)) {
  const [, folder, file] = /^(?:src\/)?([a-z]+)(?:\/(.+))?$/.exec(target) ?? [];
  if (!Object.hasOwn(FOLDERS, folder ?? '')) {
    throw new RangeError(`expected one of ${Object.keys(FOLDERS)}, or a file of it, got ${target}`);
  }
  process.env.MUTATED_FOLDER = folder;
  await new Stryker(optionsFor(folder, `src/${folder}/${file ?? '*.ts'}`)).runMutationTest();
}

function optionsFor(folder, mutate) {
  return {
    mutate: [mutate],
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
    plugins: ['@stryker-mutator/vitest-runner'],
    reporters: ['clear-text', 'progress-append-only'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
    ignorePatterns: [
      '**',
      '!package.json',
      '!src/**/*',
      '!test/{support,unit,property,vectors,security}/**/*',
      '!test/mutation/*.{js,ts}',
    ],
    incremental: true,
    incrementalFile: `test/mutation/results/${folder}.json`,
    force: values.force,
    // Not in the checkout: an interrupted run would leave tests there that `npm test` takes for its own.
    tempDirName: join(tmpdir(), 'bundleseal-mutation'),
    concurrency: 2,
    // A busy machine is no reason to take a mutant for one that never ends.
    timeoutMS: 20_000,
    timeoutFactor: 2,
    // Types were checked before, and a mutant needs none.
    disableTypeChecks: false,
    checkers: [],
    allowConsoleColors: false,
  };
}
