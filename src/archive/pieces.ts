// Joins pieces of bytes.

import { concatAll } from '../bytes.ts';

export function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** Joins pieces. Returns a single piece itself, without a copy. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  return concatAll(pieces);
}
