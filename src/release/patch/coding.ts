// What the encoder and the decoder of a patch share: the kinds of instructions, and the contexts of their symbols. See
// docs/patch-format.md#instructions.

import { createModels, type Models } from './models.ts';

/** Kinds of copies. Kinds 0 to 3 reuse the distance of the copy 1 to 4 copies ago. */
export const NEAR_KINDS = 4;
/** A copy from the old image, coded by its offset from the aligned place. */
export const FROM_OLD = 4;
/** A copy from the new image, coded by its distance. */
export const FROM_NEW = 5;
/** Plain bytes, coded without models because they are compressed already. */
export const PLAIN = 6;
export const LITERAL = 7;
export const INSTRUCTION_KINDS = 8;

/** The smallest distance of a copy. */
export const MIN_DISTANCE = 1;

/** Number of widths of a number, which has at most 31 bits. */
export const WIDTHS = 32;
/** The bits of a number below its highest one are coded in pieces of up to this many bits. */
export const BITS_AT_ONCE = 8;

/** The meanings of numbers. Each has models of its own. */
export const SIGN = 0;
export const OFFSET = 1;
export const DISTANCE = 2;
export const PLAIN_LENGTH = 3;
const NUMBERS = 4;

export const KIND_CONTEXTS: number = 4 * 3;
export const NUMBER_CONTEXTS: number = NUMBERS * 4;
export const LENGTH_CONTEXTS: number = (NEAR_KINDS + 1) * 4;

/** The models of all symbols except those of literals. */
export interface InstructionModels {
  readonly kinds: Models;
  readonly numbers: Models;
  readonly lengths: Models;
}

export function createInstructionModels(): InstructionModels {
  return {
    kinds: createModels(INSTRUCTION_KINDS, KIND_CONTEXTS),
    numbers: createModels(WIDTHS, NUMBER_CONTEXTS),
    lengths: createModels(WIDTHS, LENGTH_CONTEXTS),
  };
}

/**
 * @param history - One bit for each of the last two instructions: 1 for a copy.
 * @param run - Number of bytes since the last copy.
 */
export function kindContext(history: number, run: number): number {
  return history * 3 + Math.min(run, 2);
}

export function numberContext(meaning: number, history: number): number {
  return meaning * 4 + history;
}

export function lengthContext(kind: number, run: number): number {
  return Math.min(kind, NEAR_KINDS) * 4 + Math.min(run, 3);
}
