import fc from 'fast-check';
import { expect } from 'vitest';
import { PARTS } from './parts.js';

// The same cases in every run, so that its result is the same.
fc.configureGlobal({ seed: 2 });

// Loads the mutated files before the first test. Stryker would otherwise attribute what runs when a module loads to the one test
// that happens to import it first, and judge mutants of that code by this test alone. Not before a test that mocks modules:
// mocks do not reach modules that are loaded already.
const { files, mocking } = PARTS[process.env.MUTATED_PART];
const { testPath } = expect.getState();
if (!mocking.some((test) => testPath?.endsWith(test))) {
  await Promise.all(files.map((file) => import(/* @vite-ignore */ `../../${file}`)));
}
