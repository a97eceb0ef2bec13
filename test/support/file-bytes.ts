// Contents of files in tests: compared without the time that a matcher takes, and sealed without chance.

import { expect, vi } from 'vitest';
import { same } from './bytes.ts';

/** As `toEqual`, which takes seconds for more than a few KiB. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length);
  expect(same(actual, expected)).toBe(true);
}

/** Gives everyone the same session key, so that a test can compare sealed bytes. `vi.restoreAllMocks` ends it. */
export function withoutChance(): void {
  vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
    new Uint8Array((array as Uint8Array).buffer).fill(7);
    return array;
  });
}
