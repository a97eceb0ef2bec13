// The encoder of the range coder of a patch: the range coder of LZMA, with adaptive models of symbols instead of bits. See
// docs/patch-format.md#range-coder.

import { FLUSHED_BYTES, learn, type Models, NARROW, WHOLE } from './models.ts';

/** Codes symbols in sequence. */
export interface Encoder {
  /**
   * Codes a symbol by the model of a context, and updates the model. Returns the symbol that it coded: an encoder that
   * makes unusual patches for tests may code another one.
   */
  symbol(models: Models, context: number, symbol: number): number;
  /** Codes 1 to 8 bits without a model. */
  bits(count: number, value: number): void;
  /** Ends the encoder and returns the coded bytes. */
  finish(): Uint8Array;
}

export function createEncoder(): Encoder {
  let bytes = new Uint8Array(65_536);
  let length = 0;
  // In typed arrays, because engines allocate memory for each value of a variable over 2^30.
  const low = new Uint32Array(1);
  const range = Uint32Array.of(WHOLE);
  // Whether `low` exceeded 32 bits: a carry into earlier bytes.
  let carry = 0;
  // The byte before `low`, which a carry may still increment, and the number of bytes of 255 between them.
  let held = 0;
  let heldFull = 0;

  const put = (byte: number) => {
    if (length === bytes.length) {
      const larger = new Uint8Array(length * 2);
      larger.set(bytes);
      bytes = larger;
    }
    bytes[length++] = byte;
  };
  const shift = () => {
    const value = low[0] as number;
    if (carry === 1 || value < 0xff00_0000) {
      put(held + carry);
      for (; heldFull > 0; heldFull--) put(255 + carry);
      held = value >>> 24;
      carry = 0;
    } else {
      heldFull++;
    }
    low[0] = value << 8;
  };
  /** Chooses the part of the range that begins at `start`. */
  const narrow = (start: number, length: number) => {
    const before = low[0] as number;
    low[0] = before + start;
    if ((low[0] as number) < before) carry = 1;
    range[0] = length;
    while ((range[0] as number) < NARROW) {
      range[0] = (range[0] as number) << 8;
      shift();
    }
  };

  return {
    symbol(models, context, symbol) {
      const { counts } = models;
      const base = context * (models.symbols + 1);
      const part = ((range[0] as number) / (counts[base] as number)) >>> 0;
      const place = base + 1 + symbol;
      let below = 0;
      for (let index = base + 1; index < place; index++) below += counts[index] as number;
      narrow(part * below, part * (counts[place] as number));
      learn(counts, base, models.symbols, place);
      return symbol;
    },
    bits(count, value) {
      const part = (range[0] as number) >>> count;
      narrow(value * part, part);
    },
    finish() {
      for (let index = 0; index < FLUSHED_BYTES; index++) shift();
      return bytes.slice(0, length);
    },
  };
}
