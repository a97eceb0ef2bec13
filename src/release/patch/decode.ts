// Executes the coded instructions of a patch.

import { createInstructions } from './instructions.ts';
import { createDecoder } from './range-coder.ts';

// Number of instructions, or of bytes, after which the decoder yields to the caller.
const INSTRUCTIONS_A_STEP = 1024;
const BYTES_A_STEP = 2 ** 18;

/**
 * Fills `space` after the old image. Yields the number of bytes made so far in regular steps.
 *
 * Its time is proportional to the number of bytes, because each instruction makes at least one byte.
 *
 * @param space - The old image, followed by room for the new one.
 * @throws {@link BundleSealError} `ERR_PATCH_INVALID`
 */
export function* decodeInstructions(
  coded: Uint8Array,
  space: Uint8Array,
  oldLength: number,
): Generator<number, void> {
  const decoder = createDecoder(coded);
  const instructions = createInstructions(decoder, space, oldLength);
  let yielded = oldLength;
  let count = 0;
  while (instructions.position < space.length) {
    instructions.decode();
    count++;
    const { position } = instructions;
    if (count === INSTRUCTIONS_A_STEP || position - yielded >= BYTES_A_STEP) {
      count = 0;
      yielded = position;
      yield position - oldLength;
    }
  }
  decoder.end();
}
