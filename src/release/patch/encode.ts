// Codes the instructions of a patch.

import { chooseInstructions } from './choose-instructions.ts';
import { createEncoder } from './range-encoder.ts';
import { createInstructionWriter } from './write-instructions.ts';

// Size of the blocks that are tested for compressed data, in bytes.
const BLOCK = 4096;
// A block counts as compressed if two of its bytes are equal at most this many times as often as in random bytes.
const EVENNESS = 1.3;
// The shortest run of literals that becomes an instruction of plain bytes.
const SHORTEST_PLAIN = 64;

/**
 * Codes the instructions that make the new image from the old one. Yields the number of processed bytes of the new
 * image in regular steps.
 *
 * @param space - The old image, followed by the new one.
 * @returns The coded instructions.
 */
export function* encodeInstructions(
  space: Uint8Array,
  oldLength: number,
): Generator<number, Uint8Array> {
  const encoder = createEncoder();
  const instructions = createInstructionWriter(encoder, space, oldLength);
  const isCompressed = judgeBlocks(space.subarray(oldLength));
  const isIncompressible = (at: number) => isCompressed[(at - oldLength) >>> 12] === 1;

  // Number of pending literals. If there are enough of them, they become plain bytes.
  let waiting = 0;
  const release = () => {
    if (waiting >= SHORTEST_PLAIN) {
      instructions.plain(waiting);
    } else {
      for (; waiting > 0; waiting--) instructions.literal();
    }
    waiting = 0;
  };
  yield* chooseInstructions(space, oldLength, isIncompressible, {
    literal() {
      if (isIncompressible(instructions.position + waiting)) {
        waiting++;
      } else {
        release();
        instructions.literal();
      }
    },
    copy(copy) {
      release();
      instructions.copy(copy);
    },
  });
  release();
  return encoder.finish();
}

/** Returns for each block 1 if its bytes are distributed as evenly as in compressed data. */
function judgeBlocks(image: Uint8Array): Uint8Array {
  const verdicts = new Uint8Array(Math.ceil(image.length / BLOCK));
  const counts = new Int32Array(256);
  for (let block = 0; block < verdicts.length; block++) {
    const start = block * BLOCK;
    const end = Math.min(start + BLOCK, image.length);
    counts.fill(0);
    for (let at = start; at < end; at++) {
      const byte = image[at] as number;
      counts[byte] = (counts[byte] as number) + 1;
    }
    let equalPairs = 0;
    for (const count of counts) equalPairs += count * count;
    if (equalPairs * 256 <= EVENNESS * (end - start) ** 2) verdicts[block] = 1;
  }
  return verdicts;
}
