// Limits the work of reading a config. The project may be untrusted, so neither the size nor the structure of its
// config may block the command.

import type { Node, Unsure } from './syntax.ts';

/** In characters. A typical config has some thousands. */
export const MAX_TEXT_LENGTH: number = 2 ** 20;

/**
 * The most levels of nodes. Code that works on the tree may recurse, because the tree is not deeper.
 */
export const MAX_DEPTH = 400;

export const TOO_DEEP: Unsure = { unsure: 'it is nested too deeply to be read' };

export const TOO_LARGE: Unsure = { unsure: 'it is too large for a config of Capacitor' };

export const TOO_INVOLVED: Unsure = { unsure: 'it is too complex to be read without running it' };

// Following names and spreads can take exponentially many steps. A typical config needs less than a thousand.
const MAX_STEPS = 1_000_000;

const steps = new WeakMap<Node, number>();

class TooInvolved extends Error {}

/** Counts steps of work on a tree. Beyond the limit, {@link withinBounds} stops the work. */
export function spend(tree: Node, count = 1): void {
  const spent = stepsOf(tree) + count;
  steps.set(tree, spent);
  if (spent > MAX_STEPS) throw new TooInvolved();
}

/** Returns the number of steps counted on a tree. */
export function stepsOf(tree: Node): number {
  return steps.get(tree) ?? 0;
}

/** Returns the result of `work`, or `TOO_INVOLVED` if it exceeds the limits. */
export function withinBounds<T>(work: () => T): T | Unsure {
  try {
    return work();
  } catch (error) {
    // A long chain of constants can overflow the stack before the limit of steps is reached.
    if (error instanceof TooInvolved || error instanceof RangeError) return TOO_INVOLVED;
    throw error;
  }
}
