// Finds private keys in large files, such as a script into which a bundler has inlined a key.

import { findInText } from './find-private.ts';

/** Gets the next piece of a file. Describes the private key that it completes, or returns `undefined`. */
export type KeySearch = (piece: Uint8Array) => string | undefined;

// Each form of a key has one of these texts: PEM ("PRIVATE KEY"), base64 of "-----BEGIN" (LS0tLS1CRUdJTi), the type of a
// JWK, and base64 of DER. Node searches texts of up to six characters four times as fast as longer ones.
const MARKERS = ['VATE K', 'CRUdJT', 'kty', 'MII'];
const LONGEST_MARKER = Math.max(...MARKERS.map((marker) => marker.length));
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

function hasMarker({ buffer, byteOffset, length }: Uint8Array): boolean {
  const bytes = Buffer.from(buffer as ArrayBuffer, byteOffset, length);
  return MARKERS.some((marker) => bytes.includes(marker, 0, 'latin1'));
}
