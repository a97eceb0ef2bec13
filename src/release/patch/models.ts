// Adaptive models: how often each symbol was coded in each context, and the hash that chooses a context. See
// docs/patch-format.md#models.

export interface Models {
  /** For each context the total of its counts, followed by the count of each symbol. */
  readonly counts: Uint16Array;
  /** Number of symbols of a context. */
  readonly symbols: number;
}

// A coded symbol counts this much.
const STEP = 24;
// If the total of a context exceeds this value, its counts are halved, so that recent symbols count more.
const MOST = 8192;

export function createModels(symbols: number, contexts: number): Models {
  const counts = new Uint16Array(contexts * (symbols + 1)).fill(1);
  for (let at = 0; at < counts.length; at += symbols + 1) counts[at] = symbols;
  return { counts, symbols };
}

/** Updates the counts of the context that begins at `base` after a symbol, whose count is at `place`. */
export function learn(counts: Uint16Array, base: number, symbols: number, place: number): void {
  counts[place] = (counts[place] as number) + STEP;
  const total = (counts[base] as number) + STEP;
  counts[base] = total;
  if (total > MOST) halve(counts, base, symbols);
}

/** Not a part of `learn`, so that engines inline the rest of it. */
function halve(counts: Uint16Array, base: number, symbols: number): void {
  let halved = 0;
  for (let index = base + 1; index <= base + symbols; index++) {
    const count = ((counts[index] as number) + 1) >> 1;
    counts[index] = count;
    halved += count;
  }
  counts[base] = halved;
}

/** Number of bits of a number up to 2^31 - 1; 0 for 0. */
export function bitWidth(value: number): number {
  return 32 - Math.clz32(value);
}

/** Hashes the value of a context. The salt separates the contexts. */
export function hashContext(value: number, salt: number): number {
  let mixed = Math.imul(value + Math.imul(salt, 0x2545_f491), 0x9e37_79b1);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x85eb_ca77);
  return mixed ^ (mixed >>> 13);
}

/** The range coder shifts its range by a byte as soon as it is below this value. */
export const NARROW: number = 2 ** 24;
/** The range at the start. */
export const WHOLE = 0xffff_ffff;
/** Number of bytes that an encoder writes at its end, and that a decoder reads at its start. */
export const FLUSHED_BYTES = 5;
