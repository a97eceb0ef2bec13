// The decoder of the range coder of a patch. See docs/patch-format.md#range-coder.
//
// All its functions, and all others that decode, are functions of their module with numbers and typed arrays as
// arguments. Do not make them closures or methods, and do not pass them objects: when V8 collects a closure or the last
// object of a shape, it also drops the machine code that depends on it. The next call would start in the interpreter
// again, and take three times as long (docs/decisions/patch-coding.md).

import { invalidPatch } from '../patch-header.ts';
import { FLUSHED_BYTES, learn, NARROW, WHOLE } from './models.ts';

// Indexes of the state of a decoder: its range, its code, and the place of the next coded byte.
const RANGE = 0;
const CODE = 1;
const AT = 2;

/** Starts a decoder and returns its state. All functions here throw `ERR_PATCH_INVALID` if a byte is missing. */
export function startRange(coded: Uint8Array): Uint32Array {
  const range = Uint32Array.of(WHOLE, 0, 0);
  if (nextByte(coded, range) !== 0) {
    throw invalidPatch('has coded bytes that do not begin with zero');
  }
  for (let index = 1; index < FLUSHED_BYTES; index++) {
    range[CODE] = ((range[CODE] as number) << 8) | nextByte(coded, range);
  }
  return range;
}

/** Decodes a symbol of the context whose total is at `base`, and updates its counts. */
export function decodeSymbol(
  coded: Uint8Array,
  range: Uint32Array,
  counts: Uint16Array,
  base: number,
  symbols: number,
): number {
  const total = counts[base] as number;
  const part = ((range[RANGE] as number) / total) >>> 0;
  // No product exceeds the range, so `imul` and `>>>` keep all values in 32 bits.
  let value = range[CODE] as number;
  if (value >= Math.imul(part, total) >>> 0) throw outOfRange();
  let place = base + 1;
  let share = Math.imul(part, counts[place] as number) >>> 0;
  while (value >= share) {
    value = (value - share) >>> 0;
    place++;
    share = Math.imul(part, counts[place] as number) >>> 0;
  }
  narrow(coded, range, share, value);
  learn(counts, base, symbols, place);
  return place - base - 1;
}

/** Decodes 1 to 8 bits without a model. */
export function decodeBits(coded: Uint8Array, range: Uint32Array, count: number): number {
  const part = (range[RANGE] as number) >>> count;
  const code = range[CODE] as number;
  const value = (code / part) >>> 0;
  if (value >>> count !== 0) throw outOfRange();
  narrow(coded, range, part, (code - Math.imul(value, part)) >>> 0);
  return value;
}

/** @throws `ERR_PATCH_INVALID` unless the coded bytes end exactly here. */
export function endRange(coded: Uint8Array, range: Uint32Array): void {
  if (range[AT] !== coded.length || range[CODE] !== 0) {
    throw invalidPatch('has coded bytes behind its last instruction');
  }
}

function narrow(coded: Uint8Array, range: Uint32Array, length: number, code: number): void {
  let wide = length;
  let next = code;
  while (wide < NARROW) {
    wide = (wide << 8) >>> 0;
    next = ((next << 8) | nextByte(coded, range)) >>> 0;
  }
  range[RANGE] = wide;
  range[CODE] = next;
}

function nextByte(coded: Uint8Array, range: Uint32Array): number {
  const at = range[AT] as number;
  if (at >= coded.length) throw invalidPatch('is cut short');
  range[AT] = at + 1;
  return coded[at] as number;
}

function outOfRange() {
  return invalidPatch('has a coded symbol that is out of range');
}
