// How likely the next bit of a patch is 1: the predictions of several contexts, each weighed by how good it has been
// lately. Integers alone, so that every platform gets the same numbers. See docs/patch-format.md#predictions.

import type { Coder } from './range-coder.ts';

export interface Predictor {
  /** A hash for each context; the caller sets them before the first bit of a symbol. */
  readonly contexts: Int32Array;
  /**
   * Codes a bit and learns from it.
   *
   * @param node - Which bit of the symbol this is, given those before it.
   * @param set - Which set of weights counts.
   */
  code(coder: Coder, bit: number, node: number, set: number): number;
}

// The logistic function: 4096 / (1 + e^-x) at x = -8, -7.5 … 8.
const KNOTS = [
  1, 2, 3, 6, 10, 16, 27, 45, 73, 120, 194, 310, 488, 747, 1101, 1546, 2047, 2549, 2994, 3348, 3607,
  3785, 3901, 3975, 4022, 4050, 4068, 4079, 4085, 4089, 4092, 4093, 4094,
];
// Its argument is in 1/256: from -LIMIT to LIMIT.
const LIMIT = 2047;
const KNOT_DISTANCE_BITS = 7;
const SQUASHED = new Int16Array(2 * LIMIT + 1);
// The inverse: by probability, in 1/4096.
const STRETCHED = new Int16Array(4096);

const PROBABILITY_BITS = 20;
const COUNT_BITS = 8;
const MOST = 2 ** COUNT_BITS - 1;
// By how much of its error a prediction is corrected, in 1/1024, by how often it was corrected before.
const RATES = new Int32Array(MOST + 1);

const EVEN = 2 ** (PROBABILITY_BITS - 1 + COUNT_BITS);
const MOST_LIKELY = 2 ** PROBABILITY_BITS - 1;
const MAX_WEIGHT = 2 ** 17 - 1;
const FIRST_WEIGHT = 5461;

fillTables();

/**
 * @param options.bits - For each context, log2 of the predictions that are kept for it.
 * @param options.sets - How many sets of weights there are.
 * @param options.rate - How fast the weights learn.
 */
export function createPredictor(options: {
  readonly bits: readonly number[];
  readonly sets: number;
  readonly rate: number;
}): Predictor {
  const { bits, sets, rate } = options;
  const count = bits.length;
  const masks = Int32Array.from(bits, (width) => 2 ** width - 1);
  const starts = new Int32Array(count);
  let size = 0;
  for (let index = 0; index < count; index++) {
    starts[index] = size;
    size += (masks[index] as number) + 1;
  }
  // Each holds a probability of 20 bits, and in the 8 bits below how often it was corrected.
  const predictions = new Int32Array(size).fill(EVEN);
  const weights = new Int32Array(count * sets).fill(FIRST_WEIGHT);
  const contexts = new Int32Array(count);
  const slots = new Int32Array(count);
  const inputs = new Int32Array(count);

  return {
    contexts,
    code(coder, bit, node, set) {
      const firstWeight = set * count;
      let sum = 0;
      for (let index = 0; index < count; index++) {
        const slot =
          (starts[index] as number) +
          (((contexts[index] as number) ^ node) & (masks[index] as number));
        const input = STRETCHED[(predictions[slot] as number) >> 16] as number;
        slots[index] = slot;
        inputs[index] = input;
        sum += (weights[firstWeight + index] as number) * input;
      }
      sum >>= 14;
      const bounded = sum > LIMIT ? LIMIT : Math.max(sum, -LIMIT);
      const probability = SQUASHED[bounded + LIMIT] as number;
      const coded = coder.bit(probability, bit);

      const error = ((coded << 12) - probability) * rate;
      const target = coded === 1 ? MOST_LIKELY : 0;
      for (let index = 0; index < count; index++) {
        const at = firstWeight + index;
        const weight = (weights[at] as number) + (((inputs[index] as number) * error + 2048) >> 12);
        weights[at] = weight > MAX_WEIGHT ? MAX_WEIGHT : Math.max(weight, -MAX_WEIGHT);
        const slot = slots[index] as number;
        const prediction = predictions[slot] as number;
        const corrected = prediction & MOST;
        const probable = prediction >> COUNT_BITS;
        const now = probable + (((target - probable) * (RATES[corrected] as number)) >> 10);
        predictions[slot] = (now << COUNT_BITS) | (corrected < MOST ? corrected + 1 : corrected);
      }
      return coded;
    },
  };
}

function fillTables(): void {
  for (let value = -LIMIT; value <= LIMIT; value++) {
    const shifted = value + LIMIT + 1;
    const knot = shifted >> KNOT_DISTANCE_BITS;
    const part = shifted & 127;
    const below = KNOTS[knot] as number;
    const above = KNOTS[knot + 1] as number;
    SQUASHED[value + LIMIT] = (below * (128 - part) + above * part + 64) >> KNOT_DISTANCE_BITS;
  }
  let probability = 0;
  for (let value = -LIMIT; value <= LIMIT; value++) {
    while (probability <= (SQUASHED[value + LIMIT] as number)) STRETCHED[probability++] = value;
  }
  STRETCHED.fill(LIMIT, probability);
  for (let corrected = 0; corrected <= MOST; corrected++) {
    RATES[corrected] = Math.floor(10_240 / (10 * corrected + 16) + 0.5);
  }
}
