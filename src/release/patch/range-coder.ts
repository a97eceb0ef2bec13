// The range coder of a patch: the range coder of LZMA with probabilities of 12 bits. See
// docs/patch-format.md#range-coder.

import { invalidPatch } from './invalid.ts';

/**
 * Codes bits in sequence. An encoder writes its argument and returns it. A decoder ignores its argument and returns
 * the value that it reads. Therefore encoder and decoder can share one description of the instructions.
 */
export interface Coder {
  readonly isDecoder: boolean;
  /** @param probability - Probability that the bit is 1, in 1/4096: from 1 to 4095. */
  bit(probability: number, bit: number): number;
  /** Codes a byte without a prediction. */
  byte(value: number): number;
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
    isDecoder: true,
    bit(probability) {
      const whole = range[0] as number;
      const value = code[0] as number;
      const bound = (whole >>> 12) * probability;
      if (value < bound) {
        range[0] = bound;
        if (bound < NARROW) widen();
        return 1;
      }
      const rest = whole - bound;
      range[0] = rest;
      code[0] = value - bound;
      if (rest < NARROW) widen();
      return 0;
    },
    byte() {
      const part = (range[0] as number) >>> 8;
      const value = Math.floor((code[0] as number) / part);
      if (value > 255) throw invalidPatch('has a coded byte that is out of range');
      range[0] = part;
      code[0] = (code[0] as number) - value * part;
      widen();
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
  // Up to 33 bits. The highest bit is a carry into earlier bytes.
  let low = 0;
  let range = WHOLE;
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
    const carry = low >= 2 ** 32 ? 1 : 0;
    if (carry === 1 || low < 0xff00_0000) {
      put(held + carry);
      for (; heldFull > 0; heldFull--) put(255 + carry);
      held = Math.floor(low / 2 ** 24) & 255;
    } else {
      heldFull++;
    }
    low = (low % 2 ** 24) * 256;
  };
  const widen = () => {
    while (range < NARROW) {
      range = (range << 8) >>> 0;
      shift();
    }
  };

  return {
    isDecoder: false,
    bit(probability, bit) {
      const bound = (range >>> 12) * probability;
      if (bit === 1) {
        range = bound;
      } else {
        low += bound;
        range -= bound;
      }
      if (range < NARROW) widen();
      return bit;
    },
    byte(value) {
      range >>>= 8;
      low += value * range;
      widen();
      return value;
    },
    finish() {
      for (let index = 0; index < FLUSHED_BYTES; index++) shift();
      return bytes.slice(0, length);
    },
  };
}
