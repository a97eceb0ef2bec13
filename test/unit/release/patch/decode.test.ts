// The steps of the decoder of a patch. The caller lets timers, input and aborts run between them.

import { describe, expect, it } from 'vitest';
import { decodeInstructions } from '../../../../src/release/patch/decode.ts';
import { createEncoder } from '../../../../src/release/patch/range-encoder.ts';
import {
  createInstructionWriter,
  type InstructionWriter,
} from '../../../../src/release/patch/write-instructions.ts';

const BASE = Uint8Array.of(7);
const LARGEST_STEP = 2 ** 18;

/** The number of bytes that the decoder has made at the end of each step, and what it has made in the end. */
function decode(length: number, encode: (instructions: InstructionWriter) => void) {
  const space = new Uint8Array(BASE.length + length).fill(7);
  const encoder = createEncoder();
  encode(createInstructionWriter(encoder, space, BASE.length));
  const room = new Uint8Array(space.length);
  room.set(BASE);
  const ends = [...decodeInstructions(encoder.finish(), room, BASE.length)];
  return { ends, isSame: room.every((byte, at) => byte === space[at]) };
}

describe('the steps of the decoder of a patch', () => {
  it('make at most 256 KiB if no instruction makes more', () => {
    const { ends, isSame } = decode(4 * LARGEST_STEP, (instructions) => {
      for (let at = BASE.length; at < 4 * LARGEST_STEP; at += LARGEST_STEP) {
        instructions.copy({ kind: 0, source: at - 1, length: LARGEST_STEP });
      }
    });
    expect(isSame).toBe(true);
    const sizes = ends.map((end, index) => end - (ends[index - 1] ?? 0));
    expect(Math.max(...sizes)).toBe(LARGEST_STEP);
    expect(ends.at(-1)).toBe(4 * LARGEST_STEP);
  });

  it('have at most 1,024 instructions', () => {
    const { ends, isSame } = decode(3000, (instructions) => {
      for (let made = 0; made < 3000; made++) instructions.literal();
    });
    expect(isSame).toBe(true);
    expect(ends).toEqual([1024, 2048, 3000]);
  });
});
