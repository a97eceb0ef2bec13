// Reads bytes forward and lets the caller look ahead.

import { joined } from '../../bytes.ts';
import type { Source } from '../../sources/input.ts';

/** A position in an input that is read forward. */
export interface Cursor {
  /** Offset of the next byte in the archive. */
  readonly offset: number;
  /**
   * Returns the next bytes: at least `length`, or fewer at the end of the input. The view is valid until the next
   * call.
   */
  peek(length: number): Promise<Uint8Array>;
  /** Moves forward by `length` bytes, which `peek` has returned before. */
  skip(length: number): void;
}

/**
 * Makes a cursor.
 *
 * @param next - Returns the following bytes. Returns no bytes at the end of the input.
 * @param start - Offset of the first byte.
 */
export function createCursor(next: () => Promise<Uint8Array>, start = 0): Cursor {
  let held: Uint8Array = new Uint8Array(0);
  let isEnd = false;
  // No getter: V8 makes a map for each object with one, and an archive has a cursor for each file. Maps are in the old
  // generation, so each keeps its file's closures there until the next full collection.
  const cursor = {
    offset: start,
    async peek(length: number) {
      const parts = held.length === 0 ? [] : [held];
      let total = held.length;
      while (total < length && !isEnd) {
        const bytes = await next();
        isEnd = bytes.length === 0;
        total += bytes.length;
        if (!isEnd) parts.push(bytes);
      }
      held = joined(parts);
      return held;
    },
    skip(length: number) {
      cursor.offset += length;
      held = held.subarray(length);
    },
  };
  return cursor;
}

/** Makes a cursor over a part of a source. It reads `piece` bytes at a time. */
export function rangeCursor(
  source: Source,
  { start, end, piece }: { start: number; end: number; piece: number },
  signal: AbortSignal | undefined,
): Cursor {
  let at = start;
  const length = source.bytes === undefined ? piece : Number.POSITIVE_INFINITY;
  return createCursor(async () => {
    const from = at;
    at = Math.min(end, at + length);
    return from === at ? new Uint8Array(0) : source.read(from, at, signal);
  }, start);
}
