// Codes literals: bytes that are not copied. Four tables remember which byte followed in which context. A literal is
// coded as the table that has it, or as a byte. See docs/patch-format.md#a-literal.

import { invalidPatch } from '../patch-header.ts';
import { createModels, hashContext } from './models.ts';
import type { Coder } from './range-coder.ts';

/**
 * Codes a literal. Its surroundings are numbers and not an object, because most literals would allocate one.
 *
 * @param byte - A decoder passes any byte.
 * @param before - The three bytes before the literal, the last one lowest.
 * @param here - The byte at the aligned place in the old image, or 0.
 * @param around - The four bytes from the one before the aligned place on, or 0.
 * @param run - Number of literals and plain bytes since the last copy.
 */
export type CodeLiteral = (
  byte: number,
  before: number,
  here: number,
  around: number,
  run: number,
) => number;

const SLOTS = 2 ** 16;
const TABLES = 4;
// An entry of a table is a byte with this bit set, or 0 if the table has no byte for its context.
const PRESENT = 256;
const ENTRY = 511;
// Above the entry of the first table: how often in succession it was right, at most three times.
const SUCCESS = 512;
const MOST_SUCCESSES = 3;
// The symbol of a literal that no table has.
const NONE = TABLES;

export function createLiterals(coder: Coder): CodeLiteral {
  const finds = createModels(TABLES + 1, 3 * 16 * 5 * (MOST_SUCCESSES + 1));
  const highs = createModels(16, 2 * 256);
  const lows = createModels(16, 2 * 32 * 16);
  const [first, second, third, fourth] = Array.from(
    { length: TABLES },
    () => new Uint16Array(SLOTS),
  ) as [Uint16Array, Uint16Array, Uint16Array, Uint16Array];

  const codeByte = (byte: number, last: number, here: number, run: number): number => {
    const isFirst = run === 0;
    const related = isFirst ? here : last;
    const high = coder.symbol(highs, isFirst ? related : 256 + related, byte >> 4);
    const context = ((isFirst ? 0 : 32) + (related >> 3)) * 16 + high;
    return high * 16 + coder.symbol(lows, context, byte & 15);
  };

  return (byte, before, here, around, run) => {
    const last = before & 255;
    const short = Math.min(run, 3);
    const slotA = hashContext(around, 4 + short + last * 8) & (SLOTS - 1);
    const slotB = hashContext(around, 4096 + short) & (SLOTS - 1);
    const slotC = hashContext((here << 16) | (short << 8) | last, 4100) & (SLOTS - 1);
    const slotD = hashContext(before, 4101) & (SLOTS - 1);
    const entryA = first[slotA] as number;
    const a = entryA & ENTRY;
    const b = second[slotB] as number;
    const c = third[slotC] as number;
    const d = fourth[slotD] as number;
    const present = (a === 0 ? 0 : 1) | (b === 0 ? 0 : 2) | (c === 0 ? 0 : 4) | (d === 0 ? 0 : 8);
    // Number of different bytes in the tables.
    const different =
      (a === 0 ? 0 : 1) +
      (b === 0 || b === a ? 0 : 1) +
      (c === 0 || c === a || c === b ? 0 : 1) +
      (d === 0 || d === a || d === b || d === c ? 0 : 1);
    const context =
      ((Math.min(run, 2) * 16 + present) * 5 + different) * (MOST_SUCCESSES + 1) + (entryA >> 9);
    const entry = byte | PRESENT;
    const found = coder.symbol(
      finds,
      context,
      entry === a ? 0 : entry === b ? 1 : entry === c ? 2 : entry === d ? 3 : NONE,
    );
    let coded = found === 0 ? a : found === 1 ? b : found === 2 ? c : d;
    if (found === NONE) coded = codeByte(byte, last, here, run) | PRESENT;
    if (coded === 0) throw invalidPatch('has a literal from an empty table');
    const isSuccess = a === coded && entryA >> 9 < MOST_SUCCESSES;
    first[slotA] = isSuccess ? entryA + SUCCESS : a === coded ? entryA : coded;
    second[slotB] = coded;
    third[slotC] = coded;
    fourth[slotD] = coded;
    return coded & 255;
  };
}
