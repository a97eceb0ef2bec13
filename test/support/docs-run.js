// Runs examples of the documentation, one after another in one process, each in a folder of its own:
//
//   node docs-run.js RESULTS FOLDER…
//
// RESULTS gets an object with the error of each folder's example.mjs, or null. The library is loaded once, and keys
// are fixed.

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { provideWeb } from './docs-web.js';
import { generateFixedPairs } from './fixed-pairs.js';

/**
 * How long an example may wait, in milliseconds. Tests of other suites may occupy the processor.
 */
const PATIENCE = 60_000;

const [output, ...folders] = process.argv.slice(2).map((path) => resolve(path));
const results = {};
let stray;
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error) => {
    stray ??= error;
  });
}

generateFixedPairs();
const variables = { ...process.env };
for (const folder of folders) {
  process.chdir(folder);
  process.env = { ...variables };
  provideWeb();
  stray = undefined;
  try {
    const late = sleep(PATIENCE, undefined, { ref: false }).then(() => {
      throw new Error(`does not end in ${PATIENCE} ms`);
    });
    await Promise.race([import(pathToFileURL(join(folder, 'example.mjs')).href), late]);
    // Waits, so that failures of work that the example left running appear here.
    await sleep(20);
  } catch (error) {
    stray ??= error ?? new Error('undefined was thrown');
  }
  results[folder] = stray === undefined ? null : inspect(stray);
}
writeFileSync(output, JSON.stringify(results));
process.exit();
