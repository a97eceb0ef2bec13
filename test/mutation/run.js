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

for (const [folder, files] of wanted(positionals)) {
  process.env.MUTATED_FOLDER = folder;
  await new Stryker(optionsFor(folder, files)).runMutationTest();
}
// Says what was found, and fails where it is too little.
await import('./report.js');

/** What is to be mutated, by folder: `format`, `keys/pem.ts` and `src/keys/pem.ts` are all understood. */
function wanted(targets) {
  const folders = new Map();
  for (const target of targets.length > 0 ? targets : Object.keys(FOLDERS)) {
    const [, folder, file = '*.ts'] = /^(?:src\/)?(\w+)(?:\/(.+))?$/.exec(target) ?? [];
    if (!Object.hasOwn(FOLDERS, folder ?? '')) {
      throw new RangeError(`expected ${Object.keys(FOLDERS)}, or a file of one, got ${target}`);
    }
    folders.set(folder, [...(folders.get(folder) ?? []), `src/${folder}/${file}`]);
  }
  return folders;
}

function optionsFor(folder, files) {
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
      '!test/{support,unit,property,vectors,security}/**/*',
      '!test/mutation/*.js',
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
