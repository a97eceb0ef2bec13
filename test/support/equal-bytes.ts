// Compares bytes in one loop. `toEqual` of Vitest compares them as any values, which takes a second for 200 kB.

import { expect } from 'vitest';

const DONE = Symbol.for('bundleseal tests compare bytes');

// A setup file runs once for each file of tests, also in a process that files share.
if (!Reflect.has(globalThis, DONE)) {
  Reflect.set(globalThis, DONE, true);
  expect.addEqualityTesters([
    (a, b) => {
      if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return undefined;
      if (a.constructor !== b.constructor || a.length !== b.length) return undefined;
      // For the rest, Vitest finds the difference and shows it.
      for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return undefined;
      return true;
    },
  ]);
}
