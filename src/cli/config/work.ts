// What reading a config may cost. A config is a file of a project that may have been cloned a minute ago, so neither
// its size nor its shape may hold the command up.

import type { Node, Unsure } from './syntax.ts';

/** Characters. A config of an app has some thousands. */
export const MAX_TEXT_LENGTH: number = 2 ** 20;

/** Nodes inside each other. Everything above the parsers may recurse, since nothing is deeper than this. */
export const MAX_DEPTH = 400;

export const TOO_DEEP: Unsure = { unsure: 'it is nested too deeply to be read' };

export const TOO_LARGE: Unsure = { unsure: 'it is too large for a config of Capacitor' };

export const TOO_INVOLVED: Unsure = { unsure: 'it is too involved to be read without running it' };

// Following names and spreads can take exponentially many steps. An ordinary config takes less than a thousand.
const MAX_STEPS = 1_000_000;

const steps = new WeakMap<Node, number>();

class TooInvolved extends Error {}

/** Counts steps of work on a tree; beyond their limit {@link withinBounds} ends. */
export function spend(tree: Node, count = 1): void {
  const spent = stepsOf(tree) + count;
  steps.set(tree, spent);
  if (spent > MAX_STEPS) throw new TooInvolved();
}

/** Steps that were counted on a tree. */
export function stepsOf(tree: Node): number {
  return steps.get(tree) ?? 0;
}

/** What `work` gives, or that the text is too involved for it. */
export function withinBounds<T>(work: () => T): T | Unsure {
  try {
    return work();
  } catch (error) {
    // A long chain of constants that stand for each other fills the stack before the steps are spent.
    if (error instanceof TooInvolved || error instanceof RangeError) return TOO_INVOLVED;
    throw error;
  }
}
