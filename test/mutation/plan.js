// A reporter for Stryker that changes its plan: it takes every mutant outside a random sample out of it, and has mutants judged by
// all tests of the part if that is asked for.
//
// Stryker can choose mutants by file and line alone, and a range of lines brings the mutants inside a larger one along. It does
// hand its plan to every reporter before it starts. `run.js` checks that the result has as many mutants as were asked for, so that
// an update of Stryker can't void a sample silently.

import { readFileSync } from 'node:fs';
import { describe, reasonFor } from './results.js';
import { draw, nameOf } from './sample.js';

// The reasons that the result gives for a mutant that is not run.
const NOT_DRAWN = 'Not in the sample';
const KNOWN = 'Has a reason in survivors/';

/** Whether survivors/ has a reason for a mutant. It counts as a survivor then, and is not run. */
function isKnown({ fileName, location: { start, end }, mutatorName, replacement }) {
  const file = nameOf(fileName);
  // A plan counts lines and columns from 0, and a report counts them from 1.
  const location = { start: fromOne(start), end: fromOne(end) };
  const lines = readFileSync(fileName, 'utf8').split('\n');
  const mutant = describe(file, lines, { location, mutatorName, replacement });
  return reasonFor(file.split('/')[1], mutant) !== undefined;
}

function fromOne({ line, column }) {
  return { line: line + 1, column: column + 1 };
}

function settle(planned, status, statusReason) {
  planned.plan = 'EarlyResult';
  planned.mutant = { ...planned.mutant, status, statusReason };
}

/** Keeps a sample of the mutants. Those with a reason are not run again. */
function keepSample(mutantPlans, sample) {
  const drawn = new Set(
    draw(
      mutantPlans.map(({ mutant }) => mutant),
      sample,
    ),
  );
  let known = 0;
  for (const planned of mutantPlans) {
    if (!drawn.has(planned.mutant)) settle(planned, 'Ignored', NOT_DRAWN);
    else if (isKnown(planned.mutant)) {
      known += 1;
      settle(planned, 'Survived', KNOWN);
    }
  }
  console.log(
    `Sample: ${drawn.size} of ${mutantPlans.length} mutants, seed ${sample.seed}; ${known} are known to survive`,
  );
}

/**
 * Without a filter, every test runs. Code that runs once, at its first use, seems to be reached by the test alone that came
 * first.
 */
function runAllTests(mutantPlans) {
  for (const { plan, runOptions } of mutantPlans) {
    if (plan !== 'Run') continue;
    runOptions.testFilter = undefined;
    runOptions.mutantActivation = 'static';
    runOptions.reloadEnvironment = true;
  }
}

class PlanReporter {
  static inject = [];

  onMutationTestingPlanReady({ mutantPlans }) {
    const { MUTATION_SAMPLE, MUTATION_SEED, MUTATION_ALL_TESTS } = process.env;
    if (MUTATION_SAMPLE !== undefined) {
      keepSample(mutantPlans, { size: Number(MUTATION_SAMPLE), seed: Number(MUTATION_SEED) });
    }
    if (MUTATION_ALL_TESTS) runAllTests(mutantPlans);
  }

  /** Shows a survivor at once, so that its test can be written while the run goes on. */
  onMutantTested({ status, fileName, location, mutatorName, replacement }) {
    if (status !== 'Survived' && status !== 'NoCoverage') return;
    console.log(
      `${status}: ${nameOf(fileName)}:${location.start.line} ${mutatorName} → ${replacement}`,
    );
  }
}

export const strykerPlugins = [{ kind: 'Reporter', name: 'plan', injectableClass: PlanReporter }];
