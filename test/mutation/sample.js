// A reporter for Stryker that keeps a random sample of the mutants and takes all others out of the plan.
//
// Stryker can choose mutants by file and line alone, and a range of lines brings the mutants inside a larger one along. It does
// hand its plan to every reporter before it starts; this one marks each mutant outside the sample as ignored. `run.js` checks
// that the result has as many other mutants as were asked for, so that an update of Stryker can't void a sample silently.

import { createHash } from 'node:crypto';
import { relative } from 'node:path';

/** The reason that the result gives for a mutant that was not drawn. */
export const NOT_DRAWN = 'Not in the sample';

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
  const file = relative(process.cwd(), fileName).replaceAll('\\', '/');
  const place = [start.line, start.column, end.line, end.column];
  return createHash('sha256')
    .update(JSON.stringify([seed, file, ...place, mutatorName, replacement]))
    .digest('hex');
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
    for (const planned of mutantPlans) {
      if (drawn.has(planned.mutant)) continue;
      planned.plan = 'EarlyResult';
      planned.mutant = { ...planned.mutant, status: 'Ignored', statusReason: NOT_DRAWN };
    }
    console.log(`Sample: ${drawn.size} of ${mutantPlans.length} mutants, seed ${seed}`);
  }

  /** Shows a survivor at once, so that its test can be written while the run goes on. */
  onMutantTested({ status, fileName, location, mutatorName, replacement }) {
    if (status !== 'Survived' && status !== 'NoCoverage') return;
    const file = relative(process.cwd(), fileName);
    console.log(`${status}: ${file}:${location.start.line} ${mutatorName} → ${replacement}`);
  }
}

export const strykerPlugins = [
  { kind: 'Reporter', name: 'sample', injectableClass: SampleReporter },
];
