// Executes the coded instructions of a patch. See docs/patch-format.md#instructions.

import { invalidPatch } from '../patch-header.ts';
import {
  createInstructionModels,
  DISTANCE,
  FROM_NEW,
  kindContext,
  LITERAL,
  lengthContext,
  MIN_DISTANCE,
  NEAR_KINDS,
  numberContext,
  OFFSET,
  PIECE,
  PLAIN,
  PLAIN_LENGTH,
  SIGN,
} from './coding.ts';
import { createLiterals } from './literals.ts';
import type { Models } from './models.ts';
import { createDecoder } from './range-coder.ts';

// Number of instructions, or of bytes, after which the decoder yields to the caller.
const INSTRUCTIONS_A_STEP = 1024;
const BYTES_A_STEP = 2 ** 18;
// A copy of more bytes than this is faster by a call of the engine.
const LONG = 64;

/**
 * Fills `space` after the old image. Yields the number of bytes made so far in regular steps.
 *
 * Its time is proportional to the number of bytes, because each instruction makes at least one byte.
 *
 * @param space - The old image, followed by room for the new one.
 * @param copied - Called with source, place and length of each long copy that does not overlap itself.
 * @throws {@link BundleSealError} `ERR_PATCH_INVALID`
 */
export function* decodeInstructions(
  coded: Uint8Array,
  space: Uint8Array,
  oldLength: number,
  copied: (source: number, at: number, length: number) => void = () => {},
): Generator<number, void> {
  const decoder = createDecoder(coded);
  const step = createSteps(decoder, space, oldLength, copied);
  for (let at = oldLength; at < space.length; ) {
    at = step();
    yield at - oldLength;
  }
  decoder.end();
}

/**
 * Returns a function that executes the next instructions and returns the place of the next byte.
 *
 * One function executes all kinds of instructions, because V8 then keeps their state in registers. Small functions that
 * the encoder shares took a quarter longer (docs/decisions/patch-coding.md).
 */
function createSteps(
  { symbol, bits }: ReturnType<typeof createDecoder>,
  space: Uint8Array,
  oldLength: number,
  copied: (source: number, at: number, length: number) => void,
): () => number {
  const end = space.length;
  const { kinds, numbers, lengths } = createInstructionModels();
  const decodeLiteral = createLiterals({ symbol, bits });
  const distances = new Int32Array(NEAR_KINDS).fill(oldLength);
  let at = oldLength;
  // Distance from a new byte to its aligned place in the old image: the distance of the last copy from the old image.
  let alignment = oldLength;
  // One bit for each of the last two instructions: 1 for a copy.
  let history = 0;
  // Number of bytes since the last copy.
  let run = 0;

  const number = (models: Models, context: number): number => {
    const width = symbol(models, context, 0);
    if (width < 2) return width;
    let value = 1;
    for (let left = width - 1; left > 0; ) {
      const count = Math.min(left, PIECE);
      left -= count;
      value = (value << count) | bits(count, 0);
    }
    return value;
  };

  return () => {
    const stop = Math.min(end, at + BYTES_A_STEP);
    for (let left = INSTRUCTIONS_A_STEP; at < stop && left > 0; left--) {
      const kind = symbol(kinds, kindContext(history, run), 0);
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
        space[at++] = decodeLiteral(0, before, here, around, run);
        run++;
        history = (history << 1) & 3;
      } else if (kind === PLAIN) {
        const length = number(numbers, numberContext(PLAIN_LENGTH, history)) + 1;
        if (length > end - at) throw tooLong();
        for (let index = 0; index < length; index++) space[at + index] = bits(8, 0);
        at += length;
        run += length;
        history = (history << 1) & 3;
      } else {
        let source: number;
        if (kind < NEAR_KINDS) {
          source = at - (distances[kind] as number);
        } else if (kind === FROM_NEW) {
          source = at - MIN_DISTANCE - number(numbers, numberContext(DISTANCE, history));
        } else {
          const isBelow = number(numbers, numberContext(SIGN, history)) !== 0;
          const offset = number(numbers, numberContext(OFFSET, history));
          source = at - alignment + (isBelow ? -offset : offset);
        }
        const distance = at - source;
        if (source < 0 || distance < MIN_DISTANCE) throw invalidPatch('copies from outside');
        const length = number(lengths, lengthContext(kind, run)) + 1;
        if (length > end - at) throw tooLong();
        if (length > LONG && distance >= length) {
          space.copyWithin(at, source, source + length);
          copied(source, at, length);
        } else {
          // In ascending order, because a copy may read bytes that it has made.
          for (let index = 0; index < length; index++) {
            space[at + index] = space[source + index] as number;
          }
        }
        for (let index = Math.min(kind, NEAR_KINDS - 1); index > 0; index--) {
          distances[index] = distances[index - 1] as number;
        }
        distances[0] = distance;
        if (source < oldLength) alignment = distance;
        at += length;
        run = 0;
        history = ((history << 1) | 1) & 3;
      }
    }
    return at;
  };
}

function tooLong() {
  return invalidPatch('makes more bytes than it declares');
}
