// Synchronous SHA-256 for code that cannot await a backend. In browsers, native SHA-256 is asynchronous.

import { sha256 } from '@noble/hashes/sha2.js';

/** Computes SHA-256 (FIPS 180-4) in JavaScript on every platform, so use it for few bytes only. */
export function sha256AtOnce(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}
