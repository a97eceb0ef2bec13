// The instructions of a patch as bytes.

import { createInstructions } from './instructions.ts';
import { parse } from './parse.ts';
import { createEncoder } from './range-coder.ts';

// Bytes that are judged together.
const BLOCK = 4096;
// How much more often than in random bytes two bytes may be equal in what counts as compressed already.
const EVENNESS = 1.3;
// Fewer of them than this are not worth an instruction of their own.
const SHORTEST_PLAIN = 64;

/**
 * Codes the instructions that make the new image of the old one, and yields now and then how many bytes of the new one
 * are done.
 *
 * @param space - The old image, and behind it the new one.
 * @returns The coded instructions.
 */
export function* encodeInstructions(
  space: Uint8Array,
  oldLength: number,
): Generator<number, Uint8Array> {
  const encoder = createEncoder();
  const instructions = createInstructions(encoder, space, oldLength);
  const isCompressed = judgeBlocks(space.subarray(oldLength));
  const isIncompressible = (at: number) => isCompressed[(at - oldLength) >>> 12] === 1;

  // Literals that wait, because enough of them become plain bytes.
  let waiting = 0;
  const release = () => {
    if (waiting >= SHORTEST_PLAIN) {
      instructions.plain(waiting);
    } else {
      for (; waiting > 0; waiting--) instructions.literal(space[instructions.position] as number);
    }
    waiting = 0;
  };
  yield* parse(space, oldLength, isIncompressible, {
    literal(byte) {
      if (isIncompressible(instructions.position + waiting)) {
        waiting++;
      } else {
        release();
        instructions.literal(byte);
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

/** For each block: 1 if its bytes are spread as evenly as those of compressed data. */
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
