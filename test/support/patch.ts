// Runs the codec of patches synchronously.

import { decodeInstructions } from '../../src/release/patch/decode.ts';
import { encodeInstructions } from '../../src/release/patch/encode.ts';

function finish<T>(steps: Generator<number, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** @param space - The old image, and behind it the new one. */
export function encodeNow(space: Uint8Array, oldLength: number): Uint8Array {
  return finish(encodeInstructions(space, oldLength));
}

/** @param space - The old image, and behind it room for the new one. */
export function decodeNow(coded: Uint8Array, space: Uint8Array, oldLength: number): void {
  finish(decodeInstructions(coded, space, oldLength));
}
