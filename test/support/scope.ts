// How much of a test runs. `npm test` takes samples where `npm run test:long` takes everything: fewer random cases, and
// the preferred backend alone where the code under test is the same over each. vitest.config.ts says which of them it is.

import type { BackendName } from '../../src/index.ts';
import { BACKENDS, isNode } from './backends.ts';

// Vitest passes the scope in the variables of the process; in Chromium Vite replaces the words `import.meta.env`.
const variables = isNode
  ? process.env
  : (import.meta as { readonly env?: Readonly<Record<string, string>> }).env;
const isLong = variables?.['TEST_SCOPE'] === 'long';

/** The part of the random cases that `npm test` runs. Chromium runs the same code in another engine. */
const SHARE = isNode ? 1 / 3 : 1 / 10;

/** For tests of what lies above the backends. Tests of what differs between them run over `BACKENDS`. */
export const PREFERRED_BACKENDS: readonly BackendName[] = firstOf(BACKENDS);

/** The first of several ways to the same code; the long run takes all. For cases that take a second or more. */
export function firstOf<T>(all: readonly T[]): readonly T[] {
  return isLong ? all : all.slice(0, 1);
}

/** Each `step`th of the cases, from the one at `start` on; the long run takes all. */
export function everyNth<T>(all: readonly T[], step: number, start = 0): readonly T[] {
  return isLong ? all : all.filter((_, i) => i % step === start % step);
}

/** How much of something costly to make; the long run makes all of it. */
export function quarter(count: number): number {
  return isLong ? count : Math.ceil(count / 4);
}

/** How often to repeat a random case that runs `count` times in the long run. */
export function runs(count: number): number {
  return isLong ? count : Math.min(count, Math.max(4, Math.ceil(count * SHARE)));
}
