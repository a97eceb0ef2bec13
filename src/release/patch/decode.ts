// Executes the coded instructions of a patch. See docs/patch-format.md#instructions.

import { invalidPatch } from '../patch-header.ts';
import {
  BITS_AT_ONCE,
  DISTANCE,
  FROM_NEW,
  INSTRUCTION_KINDS,
  kindContext,
  LITERAL,
  lengthContext,
  MIN_DISTANCE,
  NEAR_KINDS,
  numberContext,
  OFFSET,
  PLAIN,
  PLAIN_LENGTH,
  SIGN,
  WIDTHS,
} from './coding.ts';
import { createCounts, KINDS_AT, LENGTHS_AT, NUMBERS_AT } from './counts.ts';
import { createTables, decodeLiteral } from './decode-literal.ts';
import { decodeBits, decodeSymbol, endRange, startRange } from './range-decoder.ts';

// Number of instructions, or of bytes, after which the decoder yields to the caller.
const INSTRUCTIONS_A_STEP = 1024;
const BYTES_A_STEP = 2 ** 18;
// A copy of more bytes than this is faster by a call of the engine.
const LONG = 64;

// Indexes of the state between two steps. It begins with the distances of the last copies.
const AT = NEAR_KINDS;
// Distance from a new byte to its aligned place in the old image: the distance of the last copy from the old image.
const ALIGNMENT = AT + 1;
// One bit for each of the last two instructions: 1 for a copy.
const HISTORY = AT + 2;
// Number of bytes since the last copy.
const RUN = AT + 3;
// Number of values in `copies` after the step.
const COPIES = AT + 4;
const STATE = AT + 5;

/**
 * Fills `space` after the old image. Yields the number of bytes made so far in regular steps.
 *
 * Its time is proportional to the number of bytes, because each instruction makes at least one byte.
 *
 * @param space - The old image, followed by room for the new one.
 * @param copied - Called after each step with source, place and length of each long copy that does not overlap itself.
 * @throws {@link BundleSealError} `ERR_PATCH_INVALID`
 */
export function* decodeInstructions(
  coded: Uint8Array,
  space: Uint8Array,
  oldLength: number,
  copied: (source: number, at: number, length: number) => void = () => {},
): Generator<number, void> {
  const range = startRange(coded);
  const counts = createCounts();
  const tables = createTables();
  const state = new Int32Array(STATE).fill(oldLength, 0, ALIGNMENT + 1);
  const copies = new Int32Array(3 * INSTRUCTIONS_A_STEP);
  for (let at = oldLength; at < space.length; ) {
    at = decodeStep(coded, range, counts, tables, space, oldLength, state, copies);
    const end = state[COPIES] as number;
    for (let index = 0; index < end; index += 3) {
      copied(copies[index] as number, copies[index + 1] as number, copies[index + 2] as number);
    }
    yield at - oldLength;
  }
  endRange(coded, range);
}

/**
 * Executes the next instructions and returns the place of the next byte.
 *
 * One function executes all kinds of instructions, because V8 then keeps their state in registers. Its arguments are
 * numbers and typed arrays for the reason that range-decoder.ts gives.
 */
function decodeStep(
  coded: Uint8Array,
  range: Uint32Array,
  counts: Uint16Array,
  tables: Uint16Array,
  space: Uint8Array,
  oldLength: number,
  state: Int32Array,
  copies: Int32Array,
): number {
  const end = space.length;
  let at = state[AT] as number;
  let alignment = state[ALIGNMENT] as number;
  let history = state[HISTORY] as number;
  let run = state[RUN] as number;
  let copy = 0;
  const stop = Math.min(end, at + BYTES_A_STEP);
  for (let left = INSTRUCTIONS_A_STEP; at < stop && left > 0; left--) {
    const base = KINDS_AT + kindContext(history, run) * (INSTRUCTION_KINDS + 1);
    const kind = decodeSymbol(coded, range, counts, base, INSTRUCTION_KINDS);
    if (kind === LITERAL) {
      const place = at - alignment;
      let here = 0;
      let around = 0;
      if (place >= 1 && place + 2 < oldLength) {
        here = space[place] as number;
        around =
          ((space[place - 1] as number) << 24) |
          (here << 16) |
          ((space[place + 1] as number) << 8) |
          (space[place + 2] as number);
      }
      const before =
        ((at < 3 ? 0 : (space[at - 3] as number)) << 16) |
        ((at < 2 ? 0 : (space[at - 2] as number)) << 8) |
        (at < 1 ? 0 : (space[at - 1] as number));
      space[at++] = decodeLiteral(coded, range, counts, tables, before, here, around, run);
      run++;
      history = (history << 1) & 3;
    } else if (kind === PLAIN) {
      const length = decodeNumber(coded, range, counts, numberBase(PLAIN_LENGTH, history)) + 1;
      if (length > end - at) throw tooLong();
      for (let index = 0; index < length; index++) space[at + index] = decodeBits(coded, range, 8);
      at += length;
      run += length;
      history = (history << 1) & 3;
    } else {
      let source: number;
      if (kind < NEAR_KINDS) {
        source = at - (state[kind] as number);
      } else if (kind === FROM_NEW) {
        source =
          at - MIN_DISTANCE - decodeNumber(coded, range, counts, numberBase(DISTANCE, history));
      } else {
        const isBelow = decodeNumber(coded, range, counts, numberBase(SIGN, history)) !== 0;
        const offset = decodeNumber(coded, range, counts, numberBase(OFFSET, history));
        source = at - alignment + (isBelow ? -offset : offset);
      }
      const distance = at - source;
      if (source < 0 || distance < MIN_DISTANCE) throw invalidPatch('copies from outside');
      const length = decodeNumber(coded, range, counts, lengthBase(kind, run)) + 1;
      if (length > end - at) throw tooLong();
      if (length > LONG && distance >= length) {
        space.copyWithin(at, source, source + length);
        copies[copy++] = source;
        copies[copy++] = at;
        copies[copy++] = length;
      } else {
        // In ascending order, because a copy may read bytes that it has made.
        for (let index = 0; index < length; index++) {
          space[at + index] = space[source + index] as number;
        }
      }
      for (let index = Math.min(kind, NEAR_KINDS - 1); index > 0; index--) {
        state[index] = state[index - 1] as number;
      }
      state[0] = distance;
      if (source < oldLength) alignment = distance;
      at += length;
      run = 0;
      history = ((history << 1) | 1) & 3;
    }
  }
  state[AT] = at;
  state[ALIGNMENT] = alignment;
  state[HISTORY] = history;
  state[RUN] = run;
  state[COPIES] = copy;
  return at;
}

/** Decodes a number by the context whose total is at `base`. */
function decodeNumber(
  coded: Uint8Array,
  range: Uint32Array,
  counts: Uint16Array,
  base: number,
): number {
  const width = decodeSymbol(coded, range, counts, base, WIDTHS);
  if (width < 2) return width;
  let value = 1;
  for (let left = width - 1; left > 0; ) {
    const count = Math.min(left, BITS_AT_ONCE);
    left -= count;
    value = (value << count) | decodeBits(coded, range, count);
  }
  return value;
}

function numberBase(meaning: number, history: number): number {
  return NUMBERS_AT + numberContext(meaning, history) * (WIDTHS + 1);
}

function lengthBase(kind: number, run: number): number {
  return LENGTHS_AT + lengthContext(kind, run) * (WIDTHS + 1);
}

function tooLong() {
  return invalidPatch('makes more bytes than it declares');
}
