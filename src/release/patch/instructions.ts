// The instructions of a patch and the contexts in which they are coded. Encoder and decoder share this code. See
// docs/patch-format.md#instructions.

import { invalidPatch } from './invalid.ts';
import { createPredictor } from './predictor.ts';
import type { Coder } from './range-coder.ts';

/** Kinds of copies. Kinds 0 to 3 reuse the distance of the copy 1 to 4 copies ago. */
export const NEAR_KINDS = 4;
/** A copy from the old image, coded by its offset from the aligned place. */
export const FROM_OLD = 4;
/** A copy from the new image, coded by its distance. */
export const FROM_NEW = 5;
/** Plain bytes, coded without predictions because they are compressed already. */
const PLAIN = 6;

/** The smallest distance of a copy. It allows contexts to look ahead in the copy's source. */
export const MIN_DISTANCE = 4;

export interface Copy {
  readonly kind: number;
  /** Start of the source in the address space. */
  readonly source: number;
  readonly length: number;
}

export interface Instructions {
  /** Place of the next byte in the address space. */
  readonly position: number;
  /** Codes a literal. A decoder returns -1 if a copy or plain bytes follow instead. */
  literal(byte: number): number;
  /** Codes a copy. A decoder passes nothing, after {@link Instructions.literal} has returned -1. */
  copy(copy?: Copy): void;
  /**
   * Codes the next `length` bytes without predictions. A decoder reads them in {@link Instructions.copy}.
   */
  plain(length: number): void;
}

// The end of a copy is coded as a yes or no for one span of bytes after the other, and then for smaller spans within
// the last one.
const SPANS = [1, 4, 32, 256, 2048, 16_384];
// From these lengths of a copy on, coding starts with the next longer span.
const LONGER_FROM = [32, 1024, 8192, 65_536];
// The predictions for the bits of half a byte share one line of a processor's cache.
const LINE = ~15;
// Kinds of coded numbers. Each has a context and two sets of weights.
const SIGN = 0;
const OFFSET = 1;
const DISTANCE = 2;
const PLAIN_LENGTH = 3;
const NUMBERS = 4;

/**
 * @param space - The address space: the old image, followed by the new one. A decoder fills the new one.
 */
export function createInstructions(
  coder: Coder,
  space: Uint8Array,
  oldLength: number,
): Instructions {
  const end = space.length;
  const { isDecoder } = coder;
  // Sizes the tables by the image, so that a small image does not wait for the allocation of large ones.
  const maxBits = 4 + bitLength(end - oldLength);
  const kinds = createPredictor({ bits: [12, 16, 18, 16], maxBits, sets: 11, rate: 3 });
  const literals = createPredictor({ bits: [16, 18, 19, 21], maxBits, sets: 32, rate: 6 });
  const ends = createPredictor({ bits: [10, 18, 19, 19], maxBits, sets: 96, rate: 2 });
  const shortSpans = createPredictor({ bits: [10, 18, 19, 19], maxBits, sets: 48, rate: 2 });
  const longSpans = createPredictor({ bits: [12, 12, 13, 16], maxBits, sets: 6, rate: 3 });
  const numbers = createPredictor({ bits: [12, 13, 14, 14], maxBits, sets: 2 * NUMBERS, rate: 3 });

  let at = oldLength;
  // Distance from a new byte to its aligned place in the old image: the distance of the last copy from the old image.
  let alignment = oldLength;
  const distances = new Int32Array(NEAR_KINDS).fill(oldLength);
  // One bit for each of the last eight instructions: 1 for a copy.
  let history = 0;
  // Number of bytes since the last copy.
  let run = 0;

  const setContexts = () => {
    const last = byteAt(at - 1);
    const lastTwo = (last << 8) | byteAt(at - 2);
    const aligned = at - alignment;
    let here = 0;
    let around = 0;
    if (aligned >= 1 && aligned + 2 < oldLength) {
      here = byteAt(aligned);
      around =
        (byteAt(aligned - 1) << 24) |
        (here << 16) |
        (byteAt(aligned + 1) << 8) |
        byteAt(aligned + 2);
    }
    const short = Math.min(run, 3);
    const literal = literals.contexts;
    literal[0] = hash(last, 1) & LINE;
    literal[1] = hash(lastTwo, 2) & LINE;
    literal[2] = hash((here << 16) | (short << 8) | last, 3) & LINE;
    literal[3] = hash(around, 4 + short) & LINE;
    const kind = kinds.contexts;
    kind[0] = hash((history << 8) | short, 10);
    kind[1] = hash((lastTwo << 8) | short, 11);
    kind[2] = hash(around, 12 + short);
    kind[3] = hash((here << 16) | (last << 8) | Math.min(run, 20), 16);
  };

  const byteAt = (index: number): number =>
    index < 0 ? 0 : index < end ? (space[index] as number) : 0;

  /** Codes a number from 0 to 2^31 - 1: its number of bits, then the bits below the highest one. */
  const number = (what: number, value: number): number => {
    numbers.contexts[0] = hash(what, 20);
    numbers.contexts[1] = hash((what << 8) | (history & 3), 21);
    numbers.contexts[2] = hash((what << 8) | Math.min(run, 255), 22);
    numbers.contexts[3] = hash((what << 8) | byteAt(at - 1), 23);
    const width = bitLength(value);
    let node = 1;
    for (let bit = 4; bit >= 0; bit--) {
      node = node * 2 + numbers.code(coder, (width >> bit) & 1, node, what);
    }
    const bits = node - 32;
    if (bits < 2) return bits;
    let coded = 1;
    for (let bit = bits - 2; bit >= 0; bit--) {
      // Each of the three bits below the highest is predicted from the bits above it.
      const place = coded < 8 ? 256 + bits * 16 + coded : 1024 + bits * 32 + bit;
      coded = coded * 2 + numbers.code(coder, (value >>> bit) & 1, place, NUMBERS + what);
    }
    return coded;
  };

  /**
   * Codes whether a copy that has made this many bytes ends before the next byte (level 0), or within the next span.
   */
  const endsWithin = (
    level: number,
    kind: number,
    source: number,
    made: number,
    isEnd: number,
  ): number => {
    const from = source + made;
    const last = byteAt(from - 1);
    const next = byteAt(from);
    if (level > 1) {
      const contexts = longSpans.contexts;
      contexts[0] = hash((bitLength(made) << 8) | (level << 4) | kind, 50);
      contexts[1] = hash((last << 8) | level, 51);
      contexts[2] = hash((level << 8) | (history & 31), 52);
      contexts[3] = hash((next << 16) | (last << 8) | level, 53);
      return longSpans.code(coder, isEnd, 0, level);
    }
    const second = byteAt(from + 1);
    const ahead = (next << 24) | (second << 16) | (byteAt(from + 2) << 8) | byteAt(from + 3);
    const between = (last << 16) | (next << 8) | (Math.min(made, 8) << 4) | kind;
    if (level === 1) {
      const contexts = shortSpans.contexts;
      contexts[0] = hash((kind << 8) | Math.min(made, 32), 40);
      contexts[1] = hash(between, 41);
      contexts[2] = hash(ahead, 42);
      contexts[3] = hash((last << 16) | (second << 8) | next, 43);
      return shortSpans.code(coder, isEnd, 0, (kind << 3) | Math.min(made >> 2, 7));
    }
    const contexts = ends.contexts;
    contexts[0] = hash((kind << 8) | Math.min(made, 31), 30);
    contexts[1] = hash(between, 31);
    contexts[2] = hash(ahead, 32);
    contexts[3] = hash((last << 24) | (byteAt(from - 2) << 16) | (next << 8) | second, 33);
    return ends.code(coder, isEnd, 0, (kind << 4) | Math.min(made, 15));
  };

  /** When decoding, copies the bytes between the two places. */
  const make = (source: number, from: number, to: number) => {
    if (!isDecoder) return;
    // Uses copyWithin only for more than a few bytes, and only if the copy does not read bytes that it makes itself.
    if (to - from > 4 && at - source >= to - from) {
      space.copyWithin(at + from, source + from, source + to);
      return;
    }
    for (let index = from; index < to; index++) space[at + index] = space[source + index] as number;
  };

  /** Codes the length of a copy. When decoding, makes the bytes at the same time. */
  const extent = (kind: number, source: number, length: number): number => {
    let bound = end - at;
    let isInside = false;
    let made = 1;
    let level = levelAt(made);
    make(source, 0, 1);
    while (made < bound) {
      const until = Math.min(made + (SPANS[level] as number), bound);
      // A copy that ends in a span, but not in an earlier part of it, ends in the last part.
      const isKnown = isInside && until === bound;
      if (isKnown || endsWithin(level, kind, source, made, length < until ? 1 : 0) === 1) {
        if (level === 0) return made;
        isInside = true;
        bound = until;
        level--;
      } else {
        make(source, made, until);
        made = until;
        if (!isInside) level = levelAt(made);
      }
    }
    return made;
  };

  const codeNibble = (nibble: number, set: number): number => {
    let node = 1;
    for (let bit = 3; bit >= 0; bit--) {
      node = node * 2 + literals.code(coder, (nibble >> bit) & 1, node, set + 3 - bit);
    }
    return node & 15;
  };

  const codeKind = (kind: number): number => {
    let node = 1;
    for (let bit = 2; bit >= 0; bit--) {
      node = node * 2 + kinds.code(coder, (kind >> bit) & 1, node + 1, 10 - bit);
    }
    return node - 8;
  };

  const codeSource = (kind: number, source: number): number => {
    if (kind < NEAR_KINDS) return at - (distances[kind] as number);
    if (kind === FROM_NEW) return at - MIN_DISTANCE - number(DISTANCE, at - MIN_DISTANCE - source);
    const aligned = at - alignment;
    const isBelow = number(SIGN, source < aligned ? 1 : 0) !== 0;
    const offset = number(OFFSET, Math.abs(source - aligned));
    return isBelow ? aligned - offset : aligned + offset;
  };

  const codePlain = (length: number) => {
    const coded = number(PLAIN_LENGTH, length - 1) + 1;
    if (coded > end - at) throw invalidPatch('makes more bytes than it declares');
    for (let index = 0; index < coded; index++) {
      space[at + index] = coder.byte(space[at + index] as number);
    }
    at += coded;
    run += coded;
    history = (history << 1) & 255;
  };

  return {
    get position() {
      return at;
    },
    literal(byte) {
      setContexts();
      const weights = Math.min(run, 7);
      if (kinds.code(coder, byte < 0 ? 1 : 0, 1, weights) === 1) return -1;
      const set = Math.min(run, 3) * 8;
      const high = codeNibble(byte >> 4, set);
      const contexts = literals.contexts;
      for (let index = 0; index < contexts.length; index++) {
        contexts[index] = hash(contexts[index] as number, 60 + high) & LINE;
      }
      const coded = (high << 4) | codeNibble(byte & 15, set + 4);
      space[at++] = coded;
      run++;
      history = (history << 1) & 255;
      return coded;
    },
    copy(copy) {
      if (copy !== undefined) this.literal(-1);
      const kind = codeKind(copy === undefined ? 0 : copy.kind);
      if (kind === PLAIN) return codePlain(0);
      if (kind > PLAIN) throw invalidPatch('has an instruction of an unknown kind');
      const source = codeSource(kind, copy === undefined ? 0 : copy.source);
      const distance = at - source;
      if (source < 0 || distance < MIN_DISTANCE) throw invalidPatch('copies from outside');
      const length = extent(kind, source, copy === undefined ? 0 : copy.length);
      for (let index = kind < NEAR_KINDS ? kind : NEAR_KINDS - 1; index > 0; index--) {
        distances[index] = distances[index - 1] as number;
      }
      distances[0] = distance;
      if (source < oldLength) alignment = distance;
      at += length;
      run = 0;
      history = ((history << 1) | 1) & 255;
    },
    plain(length) {
      this.literal(-1);
      codeKind(PLAIN);
      codePlain(length);
    },
  };
}

/** Returns the level of spans to start with after this many bytes of a copy. */
function levelAt(made: number): number {
  let level = 1;
  for (const from of LONGER_FROM) if (made >= from) level++;
  return level;
}

/** Number of bits of a number up to 2^31 - 1; 0 for 0. */
export function bitLength(value: number): number {
  return 32 - Math.clz32(value);
}

/** Hashes the value of a context. The salt separates the contexts. */
function hash(value: number, salt: number): number {
  let mixed = Math.imul(value + Math.imul(salt, 0x2545_f491), 0x9e37_79b1);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x85eb_ca77);
  return mixed ^ (mixed >>> 13);
}
