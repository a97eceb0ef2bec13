// Predicts the probability that the next bit of a patch is 1. It mixes the predictions of several contexts, weighted
// by their recent accuracy. It computes with integers only, so that every platform gets the same numbers. See
// docs/patch-format.md#predictions.

import type { Coder } from './range-coder.ts';

export interface Predictor {
  /** One hash for each context. The caller sets them before the first bit of a symbol. */
  readonly contexts: Int32Array;
  /**
   * Codes a bit and learns from it.
   *
   * @param node - Identifies the bit of the symbol and the bits before it.
   * @param set - The set of weights to use.
   */
  code(coder: Coder, bit: number, node: number, set: number): number;
}

// The logistic function: 4096 / (1 + e^-x) at x = -8, -7.5 … 8.
const KNOTS = [
  1, 2, 3, 6, 10, 16, 27, 45, 73, 120, 194, 310, 488, 747, 1101, 1546, 2047, 2549, 2994, 3348, 3607,
  3785, 3901, 3975, 4022, 4050, 4068, 4079, 4085, 4089, 4092, 4093, 4094,
];
// The argument is in 1/256, from -LIMIT to LIMIT.
const LIMIT = 2047;
const KNOT_DISTANCE_BITS = 7;
const SQUASHED = new Int16Array(2 * LIMIT + 1);
// The inverse function, indexed by the probability in 1/4096.
const STRETCHED = new Int16Array(4096);

const PROBABILITY_BITS = 20;
const COUNT_BITS = 8;
const MOST = 2 ** COUNT_BITS - 1;
// The share of its error by which a prediction is corrected, in 1/1024, indexed by the number of earlier corrections.
const RATES = new Int32Array(MOST + 1);

const EVEN = 2 ** (PROBABILITY_BITS - 1 + COUNT_BITS);
const MOST_LIKELY = 2 ** PROBABILITY_BITS - 1;
const MAX_WEIGHT = 2 ** 17 - 1;
const FIRST_WEIGHT = 5461;
const CONTEXTS = 4;

fillTables();

/**
 * @param options.bits - For each of the four contexts, log2 of its number of predictions.
 * @param options.maxBits - The upper limit of `bits` for every context.
 * @param options.sets - Number of sets of weights.
 * @param options.rate - Learning rate of the weights.
 */
export function createPredictor(options: {
  readonly bits: readonly [number, number, number, number];
  readonly maxBits: number;
  readonly sets: number;
  readonly rate: number;
}): Predictor {
  const { bits, maxBits, sets, rate } = options;
  const [maskA, maskB, maskC, maskD] = bits.map((width) => 2 ** Math.min(width, maxBits) - 1) as [
    number,
    number,
    number,
    number,
  ];
  const startB = maskA + 1;
  const startC = startB + maskB + 1;
  const startD = startC + maskC + 1;
  // Each entry has a probability of 20 bits, followed by 8 bits with the number of corrections.
  const predictions = new Int32Array(startD + maskD + 1).fill(EVEN);
  const weights = new Int32Array(CONTEXTS * sets).fill(FIRST_WEIGHT);
  const contexts = new Int32Array(CONTEXTS);

  return {
    contexts,
    // Unrolled for each context. This code runs millions of times for a patch, and a loop would take twice as long.
    code(coder, bit, node, set) {
      const a = ((contexts[0] as number) ^ node) & maskA;
      const b = startB + (((contexts[1] as number) ^ node) & maskB);
      const c = startC + (((contexts[2] as number) ^ node) & maskC);
      const d = startD + (((contexts[3] as number) ^ node) & maskD);
      const fromA = predictions[a] as number;
      const fromB = predictions[b] as number;
      const fromC = predictions[c] as number;
      const fromD = predictions[d] as number;
      const inputA = STRETCHED[fromA >> 16] as number;
      const inputB = STRETCHED[fromB >> 16] as number;
      const inputC = STRETCHED[fromC >> 16] as number;
      const inputD = STRETCHED[fromD >> 16] as number;
      const weight = set * CONTEXTS;
      const weightA = weights[weight] as number;
      const weightB = weights[weight + 1] as number;
      const weightC = weights[weight + 2] as number;
      const weightD = weights[weight + 3] as number;
      const sum =
        (Math.imul(weightA, inputA) +
          Math.imul(weightB, inputB) +
          Math.imul(weightC, inputC) +
          Math.imul(weightD, inputD)) >>
        14;
      const bounded = sum > LIMIT ? LIMIT : Math.max(sum, -LIMIT);
      const probability = SQUASHED[bounded + LIMIT] as number;
      const coded = coder.bit(probability, bit);

      const error = Math.imul((coded << 12) - probability, rate);
      weights[weight] = corrected(weightA, inputA, error);
      weights[weight + 1] = corrected(weightB, inputB, error);
      weights[weight + 2] = corrected(weightC, inputC, error);
      weights[weight + 3] = corrected(weightD, inputD, error);
      const target = coded === 1 ? MOST_LIKELY : 0;
      predictions[a] = learned(fromA, target);
      predictions[b] = learned(fromB, target);
      predictions[c] = learned(fromC, target);
      predictions[d] = learned(fromD, target);
      return coded;
    },
  };
}

function corrected(weight: number, input: number, error: number): number {
  const moved = weight + ((Math.imul(input, error) + 2048) >> 12);
  return moved > MAX_WEIGHT ? MAX_WEIGHT : Math.max(moved, -MAX_WEIGHT);
}

function learned(prediction: number, target: number): number {
  const count = prediction & MOST;
  const probability = prediction >> COUNT_BITS;
  const moved = probability + (Math.imul(target - probability, RATES[count] as number) >> 10);
  return (moved << COUNT_BITS) | (count < MOST ? count + 1 : count);
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
