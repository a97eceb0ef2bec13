// The counts of all models of a decoder, in one array. See docs/patch-format.md#models.

import {
  INSTRUCTION_KINDS,
  KIND_CONTEXTS,
  LENGTH_CONTEXTS,
  NUMBER_CONTEXTS,
  WIDTHS,
} from './coding.ts';
import { FIND_CONTEXTS, FINDS, HALVES, HIGH_CONTEXTS, LOW_CONTEXTS } from './literals.ts';
import { createModels } from './models.ts';

// Where the counts of each model begin. A context takes a total and the counts of its symbols.
export const KINDS_AT = 0;
export const NUMBERS_AT: number = KINDS_AT + KIND_CONTEXTS * (INSTRUCTION_KINDS + 1);
export const LENGTHS_AT: number = NUMBERS_AT + NUMBER_CONTEXTS * (WIDTHS + 1);
export const FINDS_AT: number = LENGTHS_AT + LENGTH_CONTEXTS * (WIDTHS + 1);
export const HIGHS_AT: number = FINDS_AT + FIND_CONTEXTS * (FINDS + 1);
export const LOWS_AT: number = HIGHS_AT + HIGH_CONTEXTS * (HALVES + 1);
const END = LOWS_AT + LOW_CONTEXTS * (HALVES + 1);

export function createCounts(): Uint16Array {
  const counts = new Uint16Array(END);
  counts.set(createModels(INSTRUCTION_KINDS, KIND_CONTEXTS).counts, KINDS_AT);
  counts.set(createModels(WIDTHS, NUMBER_CONTEXTS).counts, NUMBERS_AT);
  counts.set(createModels(WIDTHS, LENGTH_CONTEXTS).counts, LENGTHS_AT);
  counts.set(createModels(FINDS, FIND_CONTEXTS).counts, FINDS_AT);
  counts.set(createModels(HALVES, HIGH_CONTEXTS).counts, HIGHS_AT);
  counts.set(createModels(HALVES, LOW_CONTEXTS).counts, LOWS_AT);
  return counts;
}
