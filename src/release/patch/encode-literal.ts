// Encodes literals. See docs/patch-format.md#a-literal.

import {
  countedAfter,
  FIND_CONTEXTS,
  FINDS,
  findContext,
  HALVES,
  HIGH_CONTEXTS,
  highContext,
  LOW_CONTEXTS,
  lowContext,
  PRESENT,
  slotA,
  slotB,
  slotC,
  slotD,
  TABLE_SLOTS,
  TABLES,
  withoutSuccesses,
} from './literals.ts';
import { createModels } from './models.ts';
import type { Encoder } from './range-encoder.ts';

/**
 * Encodes a literal. Its surroundings are numbers and not an object, because most literals would allocate one.
 *
 * @param before - The three bytes before the literal, the last one lowest.
 * @param here - The byte at the aligned place in the old image, or 0.
 * @param around - The four bytes from the one before the aligned place on, or 0.
 * @param run - Number of literals and plain bytes since the last copy.
 */
export type EncodeLiteral = (
  byte: number,
  before: number,
  here: number,
  around: number,
  run: number,
) => void;

export function createLiterals(encoder: Encoder): EncodeLiteral {
  const finds = createModels(FINDS, FIND_CONTEXTS);
  const highs = createModels(HALVES, HIGH_CONTEXTS);
  const lows = createModels(HALVES, LOW_CONTEXTS);
  const [first, second, third, fourth] = Array.from(
    { length: TABLES },
    () => new Uint16Array(TABLE_SLOTS),
  ) as [Uint16Array, Uint16Array, Uint16Array, Uint16Array];

  return (byte, before, here, around, run) => {
    const last = before & 255;
    const atA = slotA(around, last, run);
    const atB = slotB(around, run);
    const atC = slotC(here, last, run);
    const atD = slotD(before);
    const counted = first[atA] as number;
    const b = second[atB] as number;
    const c = third[atC] as number;
    const d = fourth[atD] as number;
    const entry = byte | PRESENT;
    const wanted =
      entry === withoutSuccesses(counted)
        ? 0
        : entry === b
          ? 1
          : entry === c
            ? 2
            : entry === d
              ? 3
              : TABLES;
    const found = encoder.symbol(finds, findContext(counted, b, c, d, run), wanted);
    if (found === TABLES) {
      const context = highContext(here, last, run);
      encoder.symbol(highs, context, byte >> 4);
      encoder.symbol(lows, lowContext(context, byte >> 4), byte & 15);
    }
    first[atA] = countedAfter(counted, entry);
    second[atB] = entry;
    third[atC] = entry;
    fourth[atD] = entry;
  };
}
