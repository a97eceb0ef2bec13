// RSA keys as numbers, in the names of RFC 8017 §3, and what makes one acceptable.

import { bitLength } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { MODULUS_BITS, PUBLIC_EXPONENT } from '../limits.ts';

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

/** Gives the key back. @throws {@link BundleSealError} `ERR_KEY_INVALID`. */
export function checkPublicKey<Key extends RsaPublicKey>(
  key: Key,
  minBits: number = MODULUS_BITS.min,
): Key {
  const { n, e } = key;
  const bits = bitLength(n);
  if (bits < minBits) {
    throw keyInvalid(
      `the RSA key has ${bits} bits and at least ${minBits} are required: make a new pair with keygen()`,
    );
  }
  if (bits > MODULUS_BITS.max || bits % 8 !== 0 || n % 2n === 0n) {
    throw keyInvalid(
      `the RSA modulus (${bits} bits) must be odd, of at most ${MODULUS_BITS.max} bits and a multiple of 8: make a new pair with keygen()`,
    );
  }
  if (e % 2n === 0n || e < PUBLIC_EXPONENT.min || e > PUBLIC_EXPONENT.max) {
    const what = e % 2n === 0n ? 'even' : e < PUBLIC_EXPONENT.min ? 'too small' : 'too large';
    throw keyInvalid(
      `the RSA public exponent is ${what}: it must be odd, from ${PUBLIC_EXPONENT.min} to 2^32 - 1; make a new pair with keygen()`,
    );
  }
  return key;
}

/**
 * Checks that the numbers of a private key belong together (RFC 8017 §3.2). A key of which one was
 * altered would give itself away with its first signature.
 *
 * @throws {@link BundleSealError} `ERR_KEY_INVALID`.
 */
export function checkPrivateKey(key: RsaPrivateKey, minBits?: number): RsaPrivateKey {
  checkPublicKey(key, minBits);
  const { n, e, d, p, q, dp, dq, qi } = key;
  const consistent =
    // Bounded before they are multiplied.
    p > 1n &&
    q > 1n &&
    p < n &&
    q < n &&
    p * q === n &&
    d < n &&
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    dp === d % (p - 1n) &&
    dq === d % (q - 1n) &&
    qi < p &&
    (qi * q) % p === 1n;
  if (!consistent) {
    throw keyInvalid(
      'the numbers of the RSA private key do not belong together (n = p·q, e·d ≡ 1): the key is damaged, take it from its backup or make a new pair with keygen()',
    );
  }
  return key;
}

export function keyInvalid(message: string): BundleSealError {
  return new BundleSealError('ERR_KEY_INVALID', message);
}
