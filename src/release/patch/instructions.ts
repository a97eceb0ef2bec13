// The instructions of a patch and the contexts in which they are coded. Encoder and decoder share this code. See
// docs/patch-format.md#instructions.

import { invalidPatch } from '../patch-header.ts';
import { createLiterals } from './literals.ts';
import { bitWidth, createModels, type Models } from './models.ts';
import type { Coder } from './range-coder.ts';

/** Kinds of copies. Kinds 0 to 3 reuse the distance of the copy 1 to 4 copies ago. */
export const NEAR_KINDS = 4;
/** A copy from the old image, coded by its offset from the aligned place. */
export const FROM_OLD = 4;
/** A copy from the new image, coded by its distance. */
export const FROM_NEW = 5;
/** Plain bytes, coded without models because they are compressed already. */
const PLAIN = 6;
const LITERAL = 7;
const KINDS = 8;

/** The smallest distance of a copy. */
export const MIN_DISTANCE = 1;

export interface Copy {
  readonly kind: number;
  /** Start of the source in the address space. */
  readonly source: number;
  readonly length: number;
}

export interface Instructions {
  /** Place of the next byte in the address space. */
  readonly position: number;
  /** Decodes an instruction and makes its bytes. */
  decode(): void;
  /** Encodes the next byte as a literal. */
  literal(): void;
  copy(copy: Copy): void;
  /** Encodes the next `length` bytes without models. */
  plain(length: number): void;
}

// Numbers have at most 31 bits.
const WIDTHS = 32;
// The bits of a number below its highest one are coded in pieces of up to this many bits.
const PIECE = 8;
// What the numbers mean.
const SIGN = 0;
const OFFSET = 1;
const DISTANCE = 2;
const PLAIN_LENGTH = 3;
const NUMBERS = 4;

// Places in the array of aligned bytes.
const HERE = 0;
const AROUND = 1;
// A copy of more bytes than this is faster by a call of the engine.
const LONG = 64;

/**
 * @param space - The address space: the old image, followed by the new one. A decoder fills the new one.
 */
export function createInstructions(
  coder: Coder,
  space: Uint8Array,
  oldLength: number,
): Instructions {
  const end = space.length;
  const kinds = createModels(KINDS, 4 * 3);
  const numbers = createModels(WIDTHS, NUMBERS * 4);
  const lengths = createModels(WIDTHS, (NEAR_KINDS + 1) * 4);
  const codeLiteral = createLiterals(coder);

  let at = oldLength;
  // Distance from a new byte to its aligned place in the old image: the distance of the last copy from the old image.
  let alignment = oldLength;
  const distances = new Int32Array(NEAR_KINDS).fill(oldLength);
  // One bit for each of the last two instructions: 1 for a copy.
  let history = 0;
  // Number of bytes since the last copy.
  let run = 0;
  // The byte at the aligned place, and the four bytes from the one before it on. In a typed array, because engines
  // allocate memory for each value of a variable over 2^30.
  const aligned = new Int32Array(2);

  const byteAt = (index: number): number => (index < 0 ? 0 : (space[index] as number));

  const lookAround = () => {
    const place = at - alignment;
    if (place < 1 || place + 2 >= oldLength) {
      aligned.fill(0);
      return;
    }
    const here = space[place] as number;
    aligned[HERE] = here;
    aligned[AROUND] =
      ((space[place - 1] as number) << 24) |
      (here << 16) |
      ((space[place + 1] as number) << 8) |
      (space[place + 2] as number);
  };

  const codeKind = (kind: number): number =>
    coder.symbol(kinds, history * 3 + Math.min(run, 2), kind);

  /** Codes a number from 0 to 2^31 - 1: how many bits it has, and then its bits below the highest one. */
  const codeNumber = (models: Models, context: number, value: number): number => {
    const width = coder.symbol(models, context, bitWidth(value));
    if (width < 2) return width;
    let coded = 1;
    for (let left = width - 1; left > 0; ) {
      const count = Math.min(left, PIECE);
      left -= count;
      coded = (coded << count) | coder.bits(count, (value >>> left) & (2 ** count - 1));
    }
    return coded;
  };

  const number = (what: number, value: number): number =>
    codeNumber(numbers, what * 4 + history, value);

  const codeSource = (kind: number, source: number): number => {
    if (kind < NEAR_KINDS) return at - (distances[kind] as number);
    if (kind === FROM_NEW) return at - MIN_DISTANCE - number(DISTANCE, at - MIN_DISTANCE - source);
    const place = at - alignment;
    const isBelow = number(SIGN, source < place ? 1 : 0) !== 0;
    const offset = number(OFFSET, Math.abs(source - place));
    return isBelow ? place - offset : place + offset;
  };

  const codeLength = (kind: number, length: number): number =>
    codeNumber(lengths, Math.min(kind, NEAR_KINDS) * 4 + Math.min(run, 3), length - 1) + 1;

  /** Makes the bytes of a copy, in ascending order: a copy may read bytes that it has made. */
  const make = (source: number, length: number) => {
    if (length > LONG && at - source >= length) {
      space.copyWithin(at, source, source + length);
    } else {
      for (let index = 0; index < length; index++)
        space[at + index] = space[source + index] as number;
    }
  };

  const codeCopy = (kind: number, copy?: Copy) => {
    const source = codeSource(kind, copy === undefined ? 0 : copy.source);
    const distance = at - source;
    if (source < 0 || distance < MIN_DISTANCE) throw invalidPatch('copies from outside');
    const length = codeLength(kind, copy === undefined ? 1 : copy.length);
    if (length > end - at) throw tooLong();
    if (coder.isDecoder) make(source, length);
    for (let index = Math.min(kind, NEAR_KINDS - 1); index > 0; index--) {
      distances[index] = distances[index - 1] as number;
    }
    distances[0] = distance;
    if (source < oldLength) alignment = distance;
    at += length;
    run = 0;
    history = ((history << 1) | 1) & 3;
  };

  const pass = (length: number) => {
    at += length;
    run += length;
    history = (history << 1) & 3;
  };

  const codePlain = (length: number) => {
    const coded = number(PLAIN_LENGTH, length - 1) + 1;
    if (coded > end - at) throw tooLong();
    for (let index = 0; index < coded; index++) {
      space[at + index] = coder.bits(8, space[at + index] as number);
    }
    pass(coded);
  };

  const literal = () => {
    lookAround();
    const before = (byteAt(at - 3) << 16) | (byteAt(at - 2) << 8) | byteAt(at - 1);
    const here = aligned[HERE] as number;
    const around = aligned[AROUND] as number;
    space[at] = codeLiteral(space[at] as number, { before, here, around, run });
    pass(1);
  };

  return {
    get position() {
      return at;
    },
    decode() {
      const kind = codeKind(0);
      if (kind === LITERAL) literal();
      else if (kind === PLAIN) codePlain(1);
      else codeCopy(kind);
    },
    literal() {
      codeKind(LITERAL);
      literal();
    },
    copy(copy) {
      codeKind(copy.kind);
      codeCopy(copy.kind, copy);
    },
    plain(length) {
      codeKind(PLAIN);
      codePlain(length);
    },
  };
}

function tooLong() {
  return invalidPatch('makes more bytes than it declares');
}
