// The statistics by which side channels are looked for.

import { describe, expect, it } from 'vitest';
import { largestT, welch } from '../../../bench/side-channels/welch.js';
import { createRandom } from '../../fuzz/mutate.ts';

describe("Welch's t", () => {
  it('is that of a worked example', () => {
    // Means 3 and 4, variances 2.5 and 10/3: t is -1 / sqrt(2.5 / 5 + (10 / 3) / 4).
    const t = welch([1, 2, 3, 4, 5], [2, 3, 5, 6]);
    expect(t).toBeCloseTo(-1 / Math.sqrt(0.5 + 10 / 12), 10);
  });

  it('is 0 if nothing varies', () => {
    expect(welch([1, 1, 1], [1, 1, 1])).toBe(0);
  });
});

describe('the largest t over croppings', () => {
  const random = createRandom(1);
  const times = (mean: number) =>
    Array.from(
      { length: 2000 },
      () => mean + random() * 10 + (random() < 0.05 ? 1000 * random() : 0),
    );

  it('stays low for times of one kind, and sees a hundredth of the noise', () => {
    expect(largestT(times(100), times(100))).toBeLessThan(4.5);
    expect(largestT(times(100), times(101))).toBeGreaterThan(4.5);
  });
});
