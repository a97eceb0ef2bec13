// The range coder of a patch: the one of LZMA, with probabilities of 12 bits. See docs/patch-format.md#range-coder.

import { invalidPatch } from './invalid.ts';

/**
 * Codes one decision after the other. An encoder writes the value that it is given and returns it; a decoder ignores
 * the value and returns the one that it reads. One description of the instructions serves both.
 */
export interface Coder {
  readonly isDecoder: boolean;
  /** @param probability - That the bit is 1, in 1/4096: from 1 to 4095. */
  bit(probability: number, bit: number): number;
  /** A byte about which no prediction is made. */
  byte(value: number): number;
}

export interface Decoder extends Coder {
  /** @throws `ERR_PATCH_INVALID` unless the coded bytes end exactly here. */
  end(): void;
}

export interface Encoder extends Coder {
  /** The coded bytes. The encoder takes nothing after that. */
  finish(): Uint8Array;
}

// The range is widened by a byte as soon as it is below this.
const NARROW = 2 ** 24;
const WHOLE = 0xffff_ffff;
const FLUSHED_BYTES = 5;

/** @throws `ERR_PATCH_INVALID` as soon as it wants a byte that is not there. */
export function createDecoder(coded: Uint8Array): Decoder {
  // In typed arrays, because engines allocate memory for each new value of a variable over 2^30.
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
  // Up to 33 bits: the highest is a carry into the bytes before.
  let low = 0;
  let range = WHOLE;
  // The byte before `low`, which a carry may still raise, and how many bytes of 255 stand between them.
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
