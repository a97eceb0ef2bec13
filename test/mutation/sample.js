// A reporter for Stryker that keeps a random sample of the mutants and takes all others out of the plan.
//
// Stryker can choose mutants by file and line alone, and a range of lines brings the mutants inside a larger one along. It does
// hand its plan to every reporter before it starts; this one marks each mutant outside the sample as ignored. `run.js` checks
// that the result has as many other mutants as were asked for, so that an update of Stryker can't void a sample silently.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, reasonFor } from './results.js';

// The reasons that the result gives for a mutant that is not run.
const NOT_DRAWN = 'Not in the sample';
const KNOWN = 'Has a reason in survivors/';

/**
 * Draws the same mutants for the same seed and source, on every machine: those whose SHA-256 with the seed is lowest.
 *
 * @param mutants - Mutants as Stryker describes them.
 */
export function draw(mutants, { size, seed }) {
  return mutants
    .map((mutant) => ({ mutant, rank: rankOf(mutant, seed) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, size)
    .map(({ mutant }) => mutant);
}

function rankOf({ fileName, location: { start, end }, mutatorName, replacement }, seed) {
  const file = nameOf(fileName);
  const place = [start.line, start.column, end.line, end.column];
  return createHash('sha256')
    .update(JSON.stringify([seed, file, ...place, mutatorName, replacement]))
    .digest('hex');
}

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

function nameOf(fileName) {
  return relative(process.cwd(), fileName).replaceAll('\\', '/');
}

function settle(planned, status, statusReason) {
  planned.plan = 'EarlyResult';
  planned.mutant = { ...planned.mutant, status, statusReason };
}

class SampleReporter {
  static inject = [];

  onMutationTestingPlanReady({ mutantPlans }) {
    const size = Number(process.env.MUTATION_SAMPLE);
    const seed = Number(process.env.MUTATION_SEED);
    const drawn = new Set(
      draw(
        mutantPlans.map(({ mutant }) => mutant),
        { size, seed },
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
      `Sample: ${drawn.size} of ${mutantPlans.length} mutants, seed ${seed}; ${known} are known to survive`,
    );
  }

  /** Shows a survivor at once, so that its test can be written while the run goes on. */
  onMutantTested({ status, fileName, location, mutatorName, replacement }) {
    if (status !== 'Survived' && status !== 'NoCoverage') return;
    console.log(
      `${status}: ${nameOf(fileName)}:${location.start.line} ${mutatorName} → ${replacement}`,
    );
  }
}

export const strykerPlugins = [
  { kind: 'Reporter', name: 'sample', injectableClass: SampleReporter },
];
