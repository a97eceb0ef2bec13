// RSA keys as numbers, in the names of RFC 8017 §3, and what makes one acceptable.

import { bitLength } from '../bytes.ts';
import { MODULUS_BITS, PUBLIC_EXPONENT } from '../limits.ts';
import { KeyFault } from './fault.ts';

export interface RsaPublicKey {
  /** The modulus. */
  readonly n: bigint;
  /** The public exponent. */
  readonly e: bigint;
}

export interface RsaPrivateKey extends RsaPublicKey {
  /** The private exponent. */
  readonly d: bigint;
  readonly p: bigint;
  readonly q: bigint;
  /** d mod (p - 1). */
  readonly dp: bigint;
  /** d mod (q - 1). */
  readonly dq: bigint;
  /** q^-1 mod p. */
  readonly qi: bigint;
}

/** `k` in RFC 8017: bytes of the modulus. */
export function modulusLength(key: RsaPublicKey): number {
  return Math.ceil(bitLength(key.n) / 8);
}

/** Gives the key back. @throws {@link KeyFault} */
export function checkPublicKey<Key extends RsaPublicKey>(
  key: Key,
  minBits: number = MODULUS_BITS.min,
): Key {
  const { n, e } = key;
  const bits = bitLength(n);
  if (bits < minBits) throw new KeyFault('bits', `${bits} bits and at least ${minBits}`);
  if (bits > MODULUS_BITS.max || bits % 8 !== 0 || n % 2n === 0n) {
    throw new KeyFault('modulus', bits);
  }
  if (e % 2n === 0n || e < PUBLIC_EXPONENT.min || e > PUBLIC_EXPONENT.max) {
    throw new KeyFault(
      'exponent',
      e % 2n === 0n ? 'even' : e < PUBLIC_EXPONENT.min ? 'too small' : 'too large',
    );
  }
  return key;
}
