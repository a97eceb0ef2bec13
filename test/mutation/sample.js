// Draws a random sample of mutants.

import { createHash } from 'node:crypto';
import { relative } from 'node:path';

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

export function nameOf(fileName) {
  return relative(process.cwd(), fileName).replaceAll('\\', '/');
}
