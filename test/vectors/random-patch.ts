// Random instructions, the same in every run. They bring a decoder into states that the patches of an encoder reach
// only after many KB.

import { FROM_NEW, NEAR_KINDS } from '../../src/release/patch/coding.ts';
import type { InstructionWriter } from '../../src/release/patch/write-instructions.ts';

/** Returns a generator of integers from 0 to before `below`. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * Draws instructions that fill `space`, and codes them.
 *
 * @param space - The old image, the list of the new one, and room for the contents of the new one.
 * @param start - The index of that room.
 */
export function drawInstructions(
  instructions: InstructionWriter,
  space: Uint8Array,
  oldLength: number,
  start: number,
): void {
  const random = createRandom(1);
  const distances: number[] = Array.from({ length: NEAR_KINDS }, () => oldLength);
  let alignment = oldLength;

  /** Makes a byte that depends on the aligned one, so that tables find it, or another letter, or any byte. */
  const makeByte = (at: number) => {
    const draw = random(20);
    const aligned = space[at - alignment] as number;
    space[at] = draw < 12 ? aligned ^ 1 : draw < 18 ? 97 + random(8) : random(256);
  };
  const near = (place: number, width: number) => place - width + random(2 * width + 1);
  /** Draws a source, often around an end of the old image, because the literals that follow are aligned with it. */
  const drawSource = (kind: number, at: number): number => {
    if (kind < NEAR_KINDS) return at - (distances[kind] as number);
    if (kind === FROM_NEW) return random(3) === 0 ? at - 1 - random(4) : random(at);
    const draw = random(4);
    if (draw === 0) return near(0, 3);
    if (draw === 1) return near(oldLength, 6);
    return draw === 2 ? near(at - alignment, 12) : random(oldLength);
  };
  const copy = (kind: number, at: number, left: number) => {
    const source = drawSource(kind, at);
    if (source < 0 || source >= at) return;
    const length = Math.min(left, 1 + random(random(4) === 0 ? 20 : 4));
    for (let i = 0; i < length; i++) space[at + i] = space[source + i] as number;
    instructions.copy({ kind, source, length });
    distances.splice(Math.min(kind, NEAR_KINDS - 1), 1);
    distances.unshift(at - source);
    if (source < oldLength) alignment = at - source;
  };

  while (instructions.position < start) instructions.literal();
  while (instructions.position < space.length) {
    const at = instructions.position;
    const left = space.length - at;
    const draw = random(12);
    if (draw <= FROM_NEW) {
      copy(draw, at, left);
    } else if (draw === FROM_NEW + 1) {
      const length = Math.min(left, 1 + random(9));
      for (let i = 0; i < length; i++) makeByte(at + i);
      instructions.plain(length);
    } else {
      for (let i = Math.min(left, 1 + random(5)); i > 0; i--) {
        makeByte(instructions.position);
        instructions.literal();
      }
    }
  }
}
