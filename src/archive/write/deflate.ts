// Content deflated in pieces that do not depend on each other, so that any number of threads can share them and the
// result is always the same: each piece is given what stands before it, which it may refer to, and ends on a whole byte.

import { concatAll, type OwnBytes } from '../../bytes.ts';
import { joined } from '../pieces.ts';
import { type Flush, type OpenStream, SLICE, type ZlibStream } from './zlib.ts';

/** How hard to try, from 0 (not at all) to 9. */
export type Level = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** Bytes of content in a piece; the last piece of a file has fewer. */
export const PIECE_LENGTH: number = 8 * SLICE;

/** Bytes that deflate can refer to (RFC 1951, section 2). */
export const WINDOW_LENGTH = 32_768;

export interface Piece {
  /** The content, and before it what may be referred to. Nobody else has this memory. */
  readonly bytes: Uint8Array;
  /** Bytes that stand before the content. */
  readonly window: number;
  /** Whether the file ends with it. */
  readonly isLast: boolean;
}

/** Cuts content into pieces. */
export interface Cutter {
  /** Takes the next bytes; gives a piece once it is certain that the file does not end with it. */
  push(bytes: Uint8Array): Piece | undefined;
  /** The last piece; `undefined` where there was no content. */
  end(): Piece | undefined;
}

export function createCutter(): Cutter {
  let parts: Uint8Array[] = [];
  let length = 0;
  let before: OwnBytes = new Uint8Array(0);

  function cut(isLast: boolean): Piece {
    const bytes = concatAll([before, ...parts]);
    const piece = { bytes, window: before.length, isLast };
    before = bytes.subarray(Math.max(0, bytes.length - WINDOW_LENGTH));
    parts = [];
    length = 0;
    return piece;
  }

  return {
    push(bytes) {
      const whole = length === PIECE_LENGTH ? cut(false) : undefined;
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
 * Deflates a piece, one slice for each step. `take` is given the result, in memory that is used again.
 *
 * The window is deflated too and the result dropped: it puts zlib in the state that it has after those bytes. That is a
 * sixteenth of the work, and makes the result as small as if the file were not cut.
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
    for (let at = window; ; at += SLICE) {
      const isEnd = at + SLICE >= bytes.length;
      const flush = isEnd ? (isLast ? END : WHOLE_BYTE) : GO_ON;
      stream.write(bytes.subarray(at, at + SLICE), flush, take);
      if (isEnd) return;
      yield;
    }
  } finally {
    stream.end();
  }
}

/** The piece deflated, in memory of its own. */
export function deflateAll(open: OpenStream, piece: Piece, level: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const _ of deflateSteps(open, piece, level, (bytes) => parts.push(bytes.slice())));
  return joined(parts);
}
