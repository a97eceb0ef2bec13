// What the coded instructions of a patch make.

import { createInstructions } from './instructions.ts';
import { createDecoder } from './range-coder.ts';

/**
 * Fills `space` behind the old image.
 *
 * It takes time for the bytes that it makes, whatever the instructions say, because each of them makes at least one.
 *
 * @param space - The old image, and behind it room for the new one.
 * @throws {@link BundleSealError} `ERR_PATCH_INVALID`
 */
export function decodeInstructions(coded: Uint8Array, space: Uint8Array, oldLength: number): void {
  const decoder = createDecoder(coded);
  const instructions = createInstructions(decoder, space, oldLength);
  while (instructions.position < space.length) {
    if (instructions.literal(0) < 0) instructions.copy();
  }
  decoder.end();
}
