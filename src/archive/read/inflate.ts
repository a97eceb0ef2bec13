// Inflates data in pieces: RFC 1951.
//
// fflate is not safe for hostile data, so this library has its own inflater. fflate fills tables of 2^15 codes for
// each block, so a megabyte of blocks without content takes nine seconds. It accepts data that zlib refuses, such as
// ambiguous codes and contradicting lengths. Its interface does not tell where the deflated data ends, which a
// forward reader has to know. The tables of this inflater have 2^10 codes. It decodes longer codes, and the first
// symbols of each block, bit by bit, and fills a table only when that saves time. A megabyte of blocks without
// content takes as long as with zlib. It accepts exactly the data that zlib accepts.

import type { Awaitable } from '../../backend/backend.ts';
import type { BundleSealError } from '../../errors.ts';
import { WINDOW_LENGTH } from '../format/layout.ts';
import { invalid } from '../format/refuse.ts';
import { build, type Code, createCode, decodeLong, nextEntry } from './huffman.ts';

export interface Inflated {
  /** New memory, at most 96 KiB. */
  readonly bytes: Uint8Array;
  /** Number of input bytes that were used. The next call continues with the others. */
  readonly used: number;
  /** Whether the deflated data has ended. */
  readonly isEnd: boolean;
}

/** Inflates the data of one file in pieces. */
export interface PieceInflater {
  /**
   * Inflates from the beginning of `piece`. The next call continues in it if it was not used up.
   *
   * @param isLast - Whether no piece follows.
   * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID` if the bytes are not deflated data.
   */
  take(piece: Uint8Array, isLast: boolean): Awaitable<Inflated>;
  /** Releases its resources, also before the end of the data. */
  close?(): void;
}

/**
 * With this many bytes of input, or all bytes up to the end of the data, every call makes progress.
 */
export const INFLATE_INPUT = 8192;

const OUTPUT = 65_536;
// Size of the first output for content of unknown size, which may have a few bytes only. It grows when it is full.
const FIRST_OUTPUT = 4096;
const LONGEST_MATCH = 258;
const END_OF_BLOCK = 256;
const LONGEST_CODE = 15;
// Zero bytes after the input, so that four bytes can be read at once.
const PADDING = 8;

// The longest codes, in bits, that the tables decode.
const LITERAL_BITS = 10;
const DISTANCE_BITS = 8;
const LENGTH_BITS = 7;

// Extra bits and bases of the length codes from 257 on, and of the distance codes (RFC 1951 §3.2.5).
const EXTRA_OF_LENGTH = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
const EXTRA_OF_DISTANCE = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
const LENGTHS = /* @__PURE__ */ basesOf(EXTRA_OF_LENGTH, 3).fill(LONGEST_MATCH, 28);
const DISTANCES = /* @__PURE__ */ basesOf(EXTRA_OF_DISTANCE, 1);
// RFC 1951 §3.2.7.
const LEAST_TIMES = [3, 3, 11];
const EXTRA_OF_TIMES = [2, 3, 7];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function basesOf(extra: readonly number[], first: number): Uint16Array {
  const bases = new Uint16Array(extra.length);
  let base = first;
  extra.forEach((bits, i) => {
    bases[i] = base;
    base += 1 << bits;
  });
  return bases;
}

// The highest ratio of deflate: a length and a distance of one bit each make 258 bytes.
const MOST_FOR_A_BYTE = 1032;

/**
 * Refuses a claimed size if the deflated bytes are too few for it.
 *
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID`.
 */
export function checkDeflated(
  path: string,
  { size, compressedSize }: { readonly size: number; readonly compressedSize: number },
): void {
  if (size <= MOST_FOR_A_BYTE * compressedSize) return;
  throw invalid(
    `says that ${compressedSize} deflated bytes make ${size}, which is impossible: fetch or make the archive again`,
    path,
  );
}

type Codes = readonly [literals: Code, distances: Code];

/** The codes of the current block and their tables, in memory that each block reuses. */
interface Dynamic {
  readonly codes: Codes;
  readonly ofLengths: Code;
  readonly lengths: Uint8Array;
}

const createDynamic = (): Dynamic => ({
  codes: [createCode(LITERAL_BITS, 286), createCode(DISTANCE_BITS, 30)],
  ofLengths: createCode(LENGTH_BITS, 19),
  lengths: new Uint8Array(286 + 30),
});

let fixed: Codes | undefined;

/** RFC 1951 §3.2.6. */
function fixedCodes(): Codes {
  if (fixed !== undefined) return fixed;
  const literals = createCode(LITERAL_BITS, 288);
  build(literals, new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280), false);
  const distances = createCode(DISTANCE_BITS, 32);
  build(distances, new Uint8Array(32).fill(5), false);
  fixed = [literals, distances];
  return fixed;
}

/**
 * The input of a call as bits. Bits after its end read as 0, and results that depend on them are not used.
 */
interface Bits {
  readonly bytes: Uint8Array;
  /** End of the input, in bits. */
  readonly end: number;
  position: number;
}

/** Returns at least the next 25 bits. */
function peek(bytes: Uint8Array, position: number): number {
  const i = position >>> 3;
  return (
    ((bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24)) >>>
    (position & 7)
  );
}

function take(bits: Bits, count: number): number {
  const value = peek(bits.bytes, bits.position) & ((1 << count) - 1);
  bits.position += count;
  return value;
}

/** The header of a block: its codes, or the number of stored bytes. */
type Block = number | Codes;

/** @returns `undefined` if the header is malformed. */
function readBlock(bits: Bits, dynamic: Dynamic): Block | undefined {
  const kind = take(bits, 2);
  if (kind === 0) {
    bits.position = (bits.position + 7) & ~7;
    const length = take(bits, 16);
    return take(bits, 16) === (length ^ 0xffff) ? length : undefined;
  }
  if (kind === 1) return fixedCodes();
  return kind === 2 && readCodes(bits, dynamic) ? dynamic.codes : undefined;
}

/** RFC 1951 §3.2.7. */
function readCodes(bits: Bits, { codes, ofLengths, lengths }: Dynamic): boolean {
  const literalCount = 257 + take(bits, 5);
  const distanceCount = 1 + take(bits, 5);
  if (literalCount > 286 || distanceCount > 30) return false;
  const orderCount = 4 + take(bits, 4);
  lengths.fill(0, 0, ORDER.length);
  for (let i = 0; i < orderCount; i++) lengths[ORDER[i] as number] = take(bits, 3);
  if (!build(ofLengths, lengths.subarray(0, ORDER.length), false)) return false;
  const count = literalCount + distanceCount;
  for (let i = 0; i < count; ) {
    // The code is complete, so every sequence of bits has a symbol.
    const entry = nextEntry(ofLengths, peek(bits.bytes, bits.position));
    bits.position += entry >> 9;
    const symbol = entry & 511;
    const repeat = symbol - 16;
    if (repeat < 0) {
      lengths[i++] = symbol;
      continue;
    }
    if (repeat === 0 && i === 0) return false;
    const repeated = repeat === 0 ? (lengths[i - 1] as number) : 0;
    const times = (LEAST_TIMES[repeat] as number) + take(bits, EXTRA_OF_TIMES[repeat] as number);
    if (i + times > count) return false;
    lengths.fill(repeated, i, i + times);
    i += times;
  }
  return (
    lengths[END_OF_BLOCK] !== 0 &&
    build(codes[0], lengths.subarray(0, literalCount), true) &&
    build(codes[1], lengths.subarray(literalCount, count), true)
  );
}

/** The result of decoding symbols until the block, the input or the room for output ends. */
interface Decoded {
  /** Position of the next byte in `out`. */
  readonly at: number;
  readonly isBlockEnd: boolean;
}

/** @returns `undefined` if there is no such symbol, or its distance leads before the beginning. */
function decodeSymbols(
  bits: Bits,
  [literals, distances]: Codes,
  out: Uint8Array,
  from: number,
): Decoded | undefined {
  const { bytes, end } = bits;
  const literalMask = literals.table.length - 1;
  const room = out.length - LONGEST_MATCH;
  let { position } = bits;
  let at = from;
  while (at <= room) {
    let held = peek(bytes, position);
    const entry = (literals.table[held & literalMask] as number) || decodeLong(literals, held);
    let next = position + (entry === 0 ? LONGEST_CODE : entry >> 9);
    const symbol = entry & 511;
    if (symbol < END_OF_BLOCK && entry !== 0) {
      if (next > end) break;
      out[at++] = symbol;
      position = next;
      continue;
    }
    if (symbol === END_OF_BLOCK) {
      if (next > end) break;
      bits.position = next;
      return { at, isBlockEnd: true };
    }
    const i = symbol - END_OF_BLOCK - 1;
    let isRight = entry !== 0 && i < LENGTHS.length;
    let length = 0;
    let distance = 0;
    if (isRight) {
      const lengthBits = EXTRA_OF_LENGTH[i] as number;
      length = (LENGTHS[i] as number) + (peek(bytes, next) & ((1 << lengthBits) - 1));
      next += lengthBits;
      held = peek(bytes, next);
      const pair = nextEntry(distances, held);
      next += pair === 0 ? LONGEST_CODE : pair >> 9;
      const j = pair & 511;
      isRight = pair !== 0 && j < DISTANCES.length;
      const distanceBits = (EXTRA_OF_DISTANCE[j] as number) ?? 0;
      distance = (DISTANCES[j] as number) + (peek(bytes, next) & ((1 << distanceBits) - 1));
      next += distanceBits;
    }
    // Bits after the end of the input are not part of the data, so this result is not used.
    if (next > end) break;
    if (!isRight || distance > at) return undefined;
    position = next;
    for (const stop = at + length; at < stop; at++) out[at] = out[at - distance] as number;
  }
  bits.position = position;
  return { at, isBlockEnd: false };
}

/**
 * Makes an inflater. Each piece except the last one must have INFLATE_INPUT bytes or more.
 *
 * @param size - The inflated size, if it is known. The inflater does not allocate more memory than it needs.
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID` if the bytes are not deflated data.
 * @see RFC 1951
 */
export function createInflater(
  path: string,
  size: number = Number.POSITIVE_INFINITY,
): { take(piece: Uint8Array): Inflated } {
  // The window to which matches may refer, followed by the new output.
  const largest = Math.min(WINDOW_LENGTH + OUTPUT, size) + LONGEST_MATCH;
  let out = new Uint8Array(size === Number.POSITIVE_INFINITY ? FIRST_OUTPUT : largest);
  const dynamic = createDynamic();
  let at = 0;
  // Number of bits of the first input byte that were used before.
  let offset = 0;
  let isLast = false;
  // The current block, if there is one.
  let block: Block | undefined;

  /** Makes one step. Returns false if more input or room is needed. */
  function step(bits: Bits): boolean {
    if (block === undefined) {
      const start = bits.position;
      isLast = take(bits, 1) === 1;
      block = readBlock(bits, dynamic);
      if (bits.position > bits.end) {
        // Bits after the end of the input are not part of the data, so this result is not used.
        bits.position = start;
        isLast = false;
        block = undefined;
        return false;
      }
      if (block === undefined) throw refused(path);
    }
    if (typeof block === 'number') {
      const length = Math.min(block, (bits.end - bits.position) / 8, out.length - at);
      const first = bits.position / 8;
      out.set(bits.bytes.subarray(first, first + length), at);
      at += length;
      bits.position += 8 * length;
      block = block === length ? undefined : block - length;
      return block === undefined;
    }
    const decoded = decodeSymbols(bits, block, out, at);
    if (decoded === undefined) throw refused(path);
    at = decoded.at;
    if (decoded.isBlockEnd) block = undefined;
    return decoded.isBlockEnd;
  }

  /** Makes room if the output is full. */
  function grow(): boolean {
    if (out.length === largest || out.length - at >= LONGEST_MATCH) return false;
    const grown = new Uint8Array(Math.min(4 * out.length, largest));
    grown.set(out.subarray(0, at));
    out = grown;
    return true;
  }

  function takePiece(piece: Uint8Array): Inflated {
    const bytes = new Uint8Array(piece.length + PADDING);
    bytes.set(piece);
    const bits: Bits = { bytes, end: 8 * piece.length, position: offset };
    const from = at;
    const isAtEnd = () => isLast && block === undefined;
    while (!isAtEnd() && (step(bits) || grow()));
    const isEnd = isAtEnd();
    // The remaining bits of the last byte have no meaning.
    const used = isEnd ? Math.ceil(bits.position / 8) : bits.position >>> 3;
    offset = bits.position - 8 * used;
    const inflated = out.slice(from, at);
    if (at > WINDOW_LENGTH) {
      out.copyWithin(0, at - WINDOW_LENGTH, at);
      at = WINDOW_LENGTH;
    }
    return { bytes: inflated, used, isEnd };
  }

  return { take: takePiece };
}

export const refused = (path: string): BundleSealError =>
  invalid('holds data that can not be inflated: fetch or make the archive again', path);
