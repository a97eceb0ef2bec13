// Finds private keys in large files, such as a script into which a bundler has inlined a key.

import { findInText, INLINED_MARKERS, includesAny } from './find-private.ts';

/** Gets the next piece of a file. Describes the private key that it completes, or returns `undefined`. */
export type KeySearch = (piece: Uint8Array) => string | undefined;

const LONGEST_MARKER = Math.max(...INLINED_MARKERS.map((marker) => marker.length));
// A key may lie in two pieces. The largest key that this library accepts, RSA of 16,384 bits, takes 17 KB in base64 of PEM.
const OVERLAP = 2 ** 15;

/**
 * Makes a search for a private key in a file of any size: PEM, base64 of PEM or of DER, and JWK. Needs Node's `Buffer`.
 *
 * It looks closer only where the native search of Node finds a marker, so it takes less than a millisecond for a megabyte.
 */
export function createKeySearch(): KeySearch {
  let tail: Uint8Array = new Uint8Array(0);
  let isTailMarked = false;
  return (piece) => {
    const isMarked = isTailMarked || hasMarker(piece) || hasMarker(seam(tail, piece));
    const isShort = piece.length < OVERLAP;
    const both = isMarked || isShort ? Buffer.concat([tail, piece]) : piece;
    const found = isMarked ? findInText((both as Buffer).toString('latin1')) : undefined;
    // A copy, because the caller may use the memory of the piece again.
    tail = Uint8Array.from(both.subarray(-OVERLAP));
    isTailMarked = isMarked && hasMarker(tail);
    return found;
  };
}

/** The bytes around the place where two pieces meet. */
function seam(before: Uint8Array, after: Uint8Array): Uint8Array {
  return Buffer.concat([before.subarray(-LONGEST_MARKER), after.subarray(0, LONGEST_MARKER)]);
}

const hasMarker = (bytes: Uint8Array): boolean => includesAny(bytes, INLINED_MARKERS);
