// SHA-256 at once, for what has no backend to wait for: the backends of browsers answer in a promise.

import { sha256 } from '@noble/hashes/sha2.js';

/** For a few bytes: it is JavaScript on every platform. See FIPS 180-4. */
export function sha256AtOnce(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}
