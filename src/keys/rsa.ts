// RSA keys as numbers, named as in RFC 8017 §3, and the checks of public keys.

import { bitLength } from '../bytes.ts';
import { MODULUS_BITS, PUBLIC_EXPONENT } from '../format/limits.ts';
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

/** Length of the modulus, in bytes: `k` in RFC 8017. */
export function modulusLength(key: RsaPublicKey): number {
  return Math.ceil(bitLength(key.n) / 8);
}

/** Checks a public key and returns it. @throws {@link KeyFault} */
export function checkPublicKey(key: RsaPublicKey, minBits?: number): RsaPublicKey {
  checkSizes(key, minBits);
  if (isWeak(key.n)) throw new KeyFault('weak');
  return key;
}

/** Checks the sizes of the modulus and the public exponent. @throws {@link KeyFault} */
export function checkSizes({ n, e }: RsaPublicKey, minBits: number = MODULUS_BITS.min): void {
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
}

/**
 * Whether a modulus has a small factor, or two factors so close that Fermat's method finds them at once.
 */
function isWeak(n: bigint): boolean {
  // One division of the long number tests five odd factors, whose product is below 2^53.
  for (let first = 3; first < 1000; first += 10) {
    const product = first * (first + 2) * (first + 4) * (first + 6) * (first + 8);
    const rest = Number(n % BigInt(product));
    for (let factor = first; factor < first + 10; factor += 2) {
      if (rest % factor === 0) return true;
    }
  }
  // The square root of n, rounded up. One step of Fermat's method: n = middle^2 - rest, and rest is a square.
  const middle = squareRoot(n - 1n) + 1n;
  const rest = middle ** 2n - n;
  return rest === 0n || squareRoot(rest) ** 2n === rest;
}

/** The square root, rounded down (Newton's method). */
function squareRoot(square: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(bitLength(square) / 2));
  for (;;) {
    const next = (root + square / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
