// Deflates content in independent pieces, so that the result is the same with any number of threads. Each piece comes
// with the window before it, to which it may refer, and ends on a whole byte.

import { WINDOW_LENGTH } from '../format/layout.ts';
import { copyTo, joinLoans, type Memory, newMemory } from './memory.ts';
import { DEFLATE_SLICE, type Flush, type OpenStream, type ZlibStream } from './zlib.ts';

/** The compression level, from 0 (none) to 9. */
export type Level = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** Bytes of content in a piece. The last piece of a file may have fewer. */
export const DEFLATE_PIECE: number = 8 * DEFLATE_SLICE;

export interface Piece {
  /** The window followed by the content, in memory that no other code can access. A loan if the cutter has a memory. */
  readonly bytes: Uint8Array;
  /** Length of the window in bytes. */
  readonly window: number;
  /** Whether this is the last piece of the file. */
  readonly isLast: boolean;
}

/** Cuts content into pieces. */
export interface Cutter {
  /** Takes the next bytes. Returns a piece once it is certain that another one follows. */
  push(bytes: Uint8Array): Piece | undefined;
  /** Returns the last piece, or `undefined` if there was no content. */
  end(): Piece | undefined;
}

/**
 * @param isPrivate - Whether no other code can access the memory of the bytes, so that a piece may use it without a
 * copy.
 * @param memory - Lends the memory of pieces. The cutter gives back loans that it gets as bytes.
 */
export function createCutter(isPrivate = false, memory: Memory = newMemory): Cutter {
  let parts: Uint8Array[] = [];
  let length = 0;
  let before: Uint8Array = new Uint8Array(0);

  function cut(isLast: boolean): Piece {
    const [first] = parts;
    const isAlone = isPrivate && before.length === 0 && parts.length === 1;
    const bytes = isAlone ? (first as Uint8Array) : joinLoans(memory, [before, ...parts]);
    const piece = { bytes, window: before.length, isLast };
    // A copy, because the piece may be given back before the next one is cut.
    if (!isLast) before = new Uint8Array(bytes.subarray(-WINDOW_LENGTH));
    parts = [];
    length = 0;
    return piece;
  }

  return {
    push(bytes) {
      const whole = length === DEFLATE_PIECE ? cut(false) : undefined;
      parts.push(bytes);
      length += bytes.length;
      return whole;
    },
    end: () => (length === 0 ? undefined : cut(true)),
  };
}

const GO_ON: Flush = 0;
const WHOLE_BYTE: Flush = 2;
const END: Flush = 4;

/**
 * Deflates a piece, one slice for each step. `take` gets the result in reused memory.
 *
 * It deflates the window first and drops that result, to put zlib into the state after those bytes. This adds a
 * sixteenth of the work, and makes the result as small as if the file were deflated in one piece.
 */
export function* deflateSteps(
  open: OpenStream,
  { bytes, window, isLast }: Piece,
  level: number,
  take: (bytes: Uint8Array) => void,
): Generator<void, void> {
  const stream: ZlibStream = open(level);
  try {
    if (window > 0) {
      stream.write(bytes.subarray(0, window), WHOLE_BYTE, () => {});
      yield;
    }
    for (let at = window; ; at += DEFLATE_SLICE) {
      const isEnd = at + DEFLATE_SLICE >= bytes.length;
      const flush = isEnd ? (isLast ? END : WHOLE_BYTE) : GO_ON;
      stream.write(bytes.subarray(at, at + DEFLATE_SLICE), flush, take);
      if (isEnd) return;
      yield;
    }
  } finally {
    stream.end();
  }
}

/** Deflates a piece into a loan. */
export function deflateAll(
  open: OpenStream,
  piece: Piece,
  level: number,
  memory: Memory = newMemory,
): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const _ of deflateSteps(open, piece, level, (bytes) => parts.push(copyTo(memory, bytes))));
  return joinLoans(memory, parts);
}
