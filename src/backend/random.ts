// Random bytes. Every backend takes them from the platform.

import { BundleSealError } from '../errors.ts';

/** Returns cryptographically secure random bytes, at most 65,536. */
export function randomBytes(length: number): Uint8Array {
  const source: Partial<Crypto> | undefined = globalThis.crypto;
  if (typeof source?.getRandomValues !== 'function') {
    throw new BundleSealError(
      'ERR_BACKEND_UNAVAILABLE',
      'this runtime has no crypto.getRandomValues: it can open bundles, but to seal bundles or make keys, use a runtime or a polyfill with a secure source of randomness',
    );
  }
  return source.getRandomValues(new Uint8Array(length));
}
