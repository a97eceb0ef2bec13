// What the coded instructions of a patch make.

import { createInstructions } from './instructions.ts';
import { createDecoder } from './range-coder.ts';

// How many instructions are decoded, or bytes made by copies, before the caller may let others have their turn.
const INSTRUCTIONS_A_STEP = 1024;
const BYTES_A_STEP = 2 ** 18;

/**
 * Fills `space` behind the old image, and yields now and then how many bytes it has made.
 *
 * It takes time for the bytes that it makes, whatever the instructions say, because each of them makes at least one.
 *
 * @param space - The old image, and behind it room for the new one.
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
    if (instructions.literal(0) < 0) instructions.copy();
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
