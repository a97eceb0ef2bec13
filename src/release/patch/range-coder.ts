// The range coder of a patch: the range coder of LZMA, with adaptive models of symbols instead of bits. See
// docs/patch-format.md#range-coder.

import { invalidPatch } from '../patch-header.ts';
import { learn, type Models } from './models.ts';

/**
 * Codes symbols in sequence. An encoder writes its last argument and returns it. A decoder ignores its last argument and
 * returns the value that it reads. Therefore encoder and decoder can share the description of a literal.
 */
export interface Coder {
  /** Codes a symbol by the model of a context, and updates the model. */
  symbol(models: Models, context: number, symbol: number): number;
  /** Codes 1 to 8 bits without a model. */
  bits(count: number, value: number): number;
}

export interface Decoder extends Coder {
  /** @throws `ERR_PATCH_INVALID` unless the coded bytes end exactly here. */
  end(): void;
}

export interface Encoder extends Coder {
  /** Ends the encoder and returns the coded bytes. */
  finish(): Uint8Array;
}

// The range is shifted by a byte as soon as it is below this value.
const NARROW = 2 ** 24;
const WHOLE = 0xffff_ffff;
const FLUSHED_BYTES = 5;

/** Makes a decoder. It throws `ERR_PATCH_INVALID` if it needs a byte after the end. */
export function createDecoder(coded: Uint8Array): Decoder {
  // The state is in typed arrays, because engines allocate memory for each value of a variable over 2^30.
  const range = Uint32Array.of(WHOLE);
  const code = new Uint32Array(1);
  let at = 0;

  const nextByte = (): number => {
    if (at >= coded.length) throw invalidPatch('is cut short');
    return coded[at++] as number;
  };
  const widen = () => {
    while ((range[0] as number) < NARROW) {
      range[0] = (range[0] as number) << 8;
      code[0] = ((code[0] as number) << 8) | nextByte();
    }
  };

  if (nextByte() !== 0) throw invalidPatch('has coded bytes that do not begin with zero');
  for (let index = 1; index < FLUSHED_BYTES; index++)
    code[0] = ((code[0] as number) << 8) | nextByte();

  return {
    symbol(models, context) {
      const { counts } = models;
      const base = context * (models.symbols + 1);
      const total = counts[base] as number;
      const part = ((range[0] as number) / total) >>> 0;
      const value = code[0] as number;
      const last = base + models.symbols;
      let place = base + 1;
      let below = 0;
      let rest = part * (counts[place] as number);
      while (below + rest <= value) {
        if (place === last) throw outOfRange();
        below += rest;
        rest = part * (counts[++place] as number);
      }
      range[0] = rest;
      code[0] = value - below;
      if (rest < NARROW) widen();
      learn(models, base, place);
      return place - base - 1;
    },
    bits(count) {
      const part = (range[0] as number) >>> count;
      const value = ((code[0] as number) / part) >>> 0;
      if (value >>> count !== 0) throw outOfRange();
      range[0] = part;
      code[0] = (code[0] as number) - value * part;
      if (part < NARROW) widen();
      return value;
    },
    end() {
      if (at !== coded.length || code[0] !== 0) {
        throw invalidPatch('has coded bytes behind its last instruction');
      }
    },
  };
}

export function createEncoder(): Encoder {
  let bytes = new Uint8Array(65_536);
  let length = 0;
  // In typed arrays, as in the decoder.
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
      learn(models, base, place);
      return symbol;
    },
    bits(count, value) {
      const part = (range[0] as number) >>> count;
      narrow(value * part, part);
      return value;
    },
    finish() {
      for (let index = 0; index < FLUSHED_BYTES; index++) shift();
      return bytes.slice(0, length);
    },
  };
}

function outOfRange() {
  return invalidPatch('has a coded symbol that is out of range');
}
