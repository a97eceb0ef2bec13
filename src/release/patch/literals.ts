// What the encoder and the decoder of literals share. A literal is a byte that is not copied. Four tables remember which
// byte followed in which context. A literal is coded as the table that has it, or as a byte. See
// docs/patch-format.md#a-literal.

import { hashContext } from './models.ts';

export const TABLE_SLOTS: number = 2 ** 16;
export const TABLES = 4;
/** An entry of a table is a byte with this bit set, or 0 if the table has no byte for its context. */
export const PRESENT = 256;
const ENTRY = 511;
// Above the entry of the first table: how often in succession it was right, at most three times.
const SUCCESS = 512;
const MOST_SUCCESSES = 3;

/** Number of symbols that say which table has the literal. The last one says that none has it. */
export const FINDS: number = TABLES + 1;
export const FIND_CONTEXTS: number = 3 * 16 * 5 * (MOST_SUCCESSES + 1);
/** Number of values of half a byte. */
export const HALVES = 16;
export const HIGH_CONTEXTS: number = 2 * 256;
export const LOW_CONTEXTS: number = 2 * 32 * 16;

/** Returns the index in the first table. `around`: the four old bytes from the one before the aligned place on. */
export function slotA(around: number, last: number, run: number): number {
  return hashContext(around, 4 + Math.min(run, 3) + last * 8) & (TABLE_SLOTS - 1);
}

/** Returns the index in the second table. */
export function slotB(around: number, run: number): number {
  return hashContext(around, 4096 + Math.min(run, 3)) & (TABLE_SLOTS - 1);
}

/** Returns the index in the third table. `here`: the old byte at the aligned place. */
export function slotC(here: number, last: number, run: number): number {
  return hashContext((here << 16) | (Math.min(run, 3) << 8) | last, 4100) & (TABLE_SLOTS - 1);
}

/** Returns the index in the fourth table. `before`: the three bytes before the literal. */
export function slotD(before: number): number {
  return hashContext(before, 4101) & (TABLE_SLOTS - 1);
}

/** Returns the entry of the first table without its successes. */
export function withoutSuccesses(counted: number): number {
  return counted & ENTRY;
}

/** Returns the context in which the table is coded. `counted`: the entry of the first table with its successes. */
export function findContext(counted: number, b: number, c: number, d: number, run: number): number {
  const a = withoutSuccesses(counted);
  const present = (a >> 8) | ((b >> 8) << 1) | ((c >> 8) << 2) | ((d >> 8) << 3);
  // Number of different bytes in the tables.
  const different =
    (a === 0 ? 0 : 1) +
    (b === 0 || b === a ? 0 : 1) +
    (c === 0 || c === a || c === b ? 0 : 1) +
    (d === 0 || d === a || d === b || d === c ? 0 : 1);
  const known = (Math.min(run, 2) * 16 + present) * 5 + different;
  return known * (MOST_SUCCESSES + 1) + (counted >> 9);
}

/** Returns the next entry of the first table, with its successes, after a literal with the entry `entry`. */
export function countedAfter(counted: number, entry: number): number {
  if (withoutSuccesses(counted) !== entry) return entry;
  return counted >> 9 < MOST_SUCCESSES ? counted + SUCCESS : counted;
}

/** Returns the context of the upper half of a byte that no table has. */
export function highContext(here: number, last: number, run: number): number {
  return run === 0 ? here : 256 + last;
}

/** Returns the context of the lower half of a byte from that of its upper half. */
export function lowContext(ofHigh: number, high: number): number {
  return (ofHigh >> 3) * HALVES + high;
}
