// @ts-check The figures in bench/results.json, from which the pictures of the documentation are drawn.

/** @typedef {ReturnType<ReturnType<typeof import('./report.js').createReport>['all']>} Run */
/** @typedef {Omit<Run, 'machine'> & { machine: object, machines?: Record<string, object> }} Results */

/** Whether a picture shows figures of this part. @param {string} part */
export const isDrawn = (part) => part === 'job' || part === 'patches';

/**
 * Puts the figures of a run in the place of earlier figures of the same parts, and keeps those of other parts.
 *
 * @param {Results | undefined} before
 * @param {Run} run
 * @returns {Results}
 */
export function merged(before, { machine, figures: measured, missing }) {
  const figures = measured.filter(({ part }) => isDrawn(part));
  const parts = new Set(figures.map(({ part }) => part));
  const kept = before?.figures.filter(({ part }) => !parts.has(part)) ?? [];
  const partOf = (/** @type {string} */ why) => why.replace(/:.*/s, '');
  const others = before?.missing.filter((why) => !parts.has(partOf(why))) ?? [];
  const earlier = before?.machines ?? {};
  const machines = Object.fromEntries(
    [...new Set([...kept.map(({ part }) => part), ...parts])].map((part) => [
      part,
      parts.has(part) ? machine : (earlier[part] ?? before?.machine ?? machine),
    ]),
  );
  return {
    machine,
    machines,
    figures: [...kept, ...figures],
    missing: [...others, ...missing.filter((why) => isDrawn(partOf(why)))],
  };
}
