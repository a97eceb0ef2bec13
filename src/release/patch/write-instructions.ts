// Writes the instructions of a patch with an encoder. See docs/patch-format.md#instructions.

import {
  BITS_AT_ONCE,
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
  PLAIN,
  PLAIN_LENGTH,
  SIGN,
} from './coding.ts';
import { createLiterals } from './encode-literal.ts';
import { bitWidth, type Models } from './models.ts';
import type { Encoder } from './range-encoder.ts';

export interface Copy {
  readonly kind: number;
  /** Start of the source in the address space. */
  readonly source: number;
  readonly length: number;
}

export interface InstructionWriter {
  /** Place of the next byte in the address space. */
  readonly position: number;
  /** Writes the next byte as a literal. */
  literal(): void;
  copy(copy: Copy): void;
  /** Writes the next `length` bytes without models. */
  plain(length: number): void;
}

/** @param space - The address space: the old image, followed by the new one. */
export function createInstructionWriter(
  encoder: Encoder,
  space: Uint8Array,
  oldLength: number,
): InstructionWriter {
  const { kinds, numbers, lengths } = createInstructionModels();
  const writeLiteral = createLiterals(encoder);
  let at = oldLength;
  // Distance from a new byte to its aligned place in the old image: the distance of the last copy from the old image.
  let alignment = oldLength;
  const distances = new Int32Array(NEAR_KINDS).fill(oldLength);
  // One bit for each of the last two instructions: 1 for a copy.
  let history = 0;
  // Number of bytes since the last copy.
  let run = 0;

  const byteAt = (index: number): number => (index < 0 ? 0 : (space[index] as number));

  const writeKind = (kind: number) => encoder.symbol(kinds, kindContext(history, run), kind);

  /** Writes a number from 0 to 2^31 - 1: how many bits it has, and then its bits below the highest one. */
  const writeNumber = (models: Models, context: number, value: number) => {
    const width = encoder.symbol(models, context, bitWidth(value));
    for (let left = width - 1; left > 0; ) {
      const count = Math.min(left, BITS_AT_ONCE);
      left -= count;
      encoder.bits(count, (value >>> left) & (2 ** count - 1));
    }
  };

  const number = (meaning: number, value: number) =>
    writeNumber(numbers, numberContext(meaning, history), value);

  const writeSource = (kind: number, source: number) => {
    if (kind < NEAR_KINDS) return;
    if (kind === FROM_NEW) {
      number(DISTANCE, at - MIN_DISTANCE - source);
      return;
    }
    const place = at - alignment;
    number(SIGN, source < place ? 1 : 0);
    number(OFFSET, Math.abs(source - place));
  };

  const pass = (length: number) => {
    at += length;
    run += length;
    history = (history << 1) & 3;
  };

  return {
    get position() {
      return at;
    },
    literal() {
      writeKind(LITERAL);
      const place = at - alignment;
      const isInside = place >= 1 && place + 2 < oldLength;
      const here = isInside ? byteAt(place) : 0;
      const around = isInside
        ? (byteAt(place - 1) << 24) | (here << 16) | (byteAt(place + 1) << 8) | byteAt(place + 2)
        : 0;
      const before = (byteAt(at - 3) << 16) | (byteAt(at - 2) << 8) | byteAt(at - 1);
      writeLiteral(space[at] as number, before, here, around, run);
      pass(1);
    },
    copy({ kind, source, length }) {
      writeKind(kind);
      writeSource(kind, source);
      writeNumber(lengths, lengthContext(kind, run), length - 1);
      const distance = kind < NEAR_KINDS ? (distances[kind] as number) : at - source;
      for (let index = Math.min(kind, NEAR_KINDS - 1); index > 0; index--) {
        distances[index] = distances[index - 1] as number;
      }
      distances[0] = distance;
      if (at - distance < oldLength) alignment = distance;
      at += length;
      run = 0;
      history = ((history << 1) | 1) & 3;
    },
    plain(length) {
      writeKind(PLAIN);
      number(PLAIN_LENGTH, length - 1);
      for (let index = 0; index < length; index++) encoder.bits(8, space[at + index] as number);
      pass(length);
    },
  };
}
