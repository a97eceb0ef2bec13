// The scope of a test. `npm run test:long` runs all cases. `npm test` runs samples: fewer random cases, and only the
// preferred backend if the tested code is the same over each. vitest.config.ts sets the scope.

import type { BackendName } from '../../src/index.ts';
import { BACKENDS, isNode } from './backends.ts';

// Vitest passes the scope in the variables of the process; in Chromium Vite replaces the words `import.meta.env`.
const variables = isNode
  ? process.env
  : (import.meta as { readonly env?: Readonly<Record<string, string>> }).env;
const isLong = variables?.['TEST_SCOPE'] === 'long';

/** The part of the random cases that `npm test` runs. Chromium runs the same code in another engine. */
const SHARE = isNode ? 1 / 10 : 1 / 15;

/**
 * For tests of code above the backends. Tests of differences between backends run over `BACKENDS`.
 */
export const PREFERRED_BACKENDS: readonly BackendName[] = firstOf(BACKENDS);

/**
 * Returns the first of several variants; the long run gets all of them. For cases that take a second or more.
 */
export function firstOf<T>(all: readonly T[]): readonly T[] {
  return isLong ? all : all.slice(0, 1);
}

/** Each `step`th of the cases, from the one at `start` on; the long run takes all. */
export function everyNth<T>(all: readonly T[], step: number, start = 0): readonly T[] {
  return isLong ? all : all.filter((_, i) => i % step === start % step);
}

/**
 * As `everyNth` in Chromium; Node takes all cases. For what takes a while to compute and is the same in each runtime.
 */
export function everyNthInPage<T>(all: readonly T[], step: number, start = 0): readonly T[] {
  return isNode ? all : everyNth(all, step, start);
}

/** How much of something costly to make; the long run makes all of it. */
export function quarter(count: number): number {
  return isLong ? count : Math.ceil(count / 4);
}

/** As `quarter`, for what takes a second or more each. */
export function eighth(count: number): number {
  return isLong ? count : Math.ceil(count / 8);
}

/** Returns how often to repeat a random case that runs `count` times in the long run. */
export function runs(count: number): number {
  return isLong ? count : Math.min(count, Math.max(4, Math.ceil(count * SHARE)));
}
