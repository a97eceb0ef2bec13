// Decodes literals. See docs/patch-format.md#a-literal.

import { invalidPatch } from '../patch-header.ts';
import { FINDS_AT, HIGHS_AT, LOWS_AT } from './counts.ts';
import {
  countedAfter,
  FINDS,
  findContext,
  HALVES,
  highContext,
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
import { decodeSymbol } from './range-decoder.ts';

/** Makes the four tables, one behind the other. */
export function createTables(): Uint16Array {
  return new Uint16Array(TABLES * TABLE_SLOTS);
}

/**
 * Decodes a literal and returns its byte.
 *
 * @param before - The three bytes before the literal, the last one lowest.
 * @param here - The byte at the aligned place in the old image, or 0.
 * @param around - The four bytes from the one before the aligned place on, or 0.
 * @param run - Number of literals and plain bytes since the last copy.
 */
export function decodeLiteral(
  coded: Uint8Array,
  range: Uint32Array,
  counts: Uint16Array,
  tables: Uint16Array,
  before: number,
  here: number,
  around: number,
  run: number,
): number {
  const last = before & 255;
  const atA = slotA(around, last, run);
  const atB = TABLE_SLOTS + slotB(around, run);
  const atC = 2 * TABLE_SLOTS + slotC(here, last, run);
  const atD = 3 * TABLE_SLOTS + slotD(before);
  const counted = tables[atA] as number;
  const b = tables[atB] as number;
  const c = tables[atC] as number;
  const d = tables[atD] as number;
  const base = FINDS_AT + findContext(counted, b, c, d, run) * (FINDS + 1);
  const found = decodeSymbol(coded, range, counts, base, FINDS);
  let entry = found === 0 ? withoutSuccesses(counted) : found === 1 ? b : found === 2 ? c : d;
  if (found === TABLES) {
    entry = decodeByte(coded, range, counts, highContext(here, last, run)) | PRESENT;
  }
  if (entry === 0) throw invalidPatch('has a literal from an empty table');
  tables[atA] = countedAfter(counted, entry);
  tables[atB] = entry;
  tables[atC] = entry;
  tables[atD] = entry;
  return entry & 255;
}

function decodeByte(
  coded: Uint8Array,
  range: Uint32Array,
  counts: Uint16Array,
  context: number,
): number {
  const high = decodeSymbol(coded, range, counts, HIGHS_AT + context * (HALVES + 1), HALVES);
  const base = LOWS_AT + lowContext(context, high) * (HALVES + 1);
  return high * HALVES + decodeSymbol(coded, range, counts, base, HALVES);
}
