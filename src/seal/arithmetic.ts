// RSA operations in pure JavaScript (RFC 8017 §5.2), for runtimes without signatures with message recovery. The caller
// verifies every signature with the public operation before it releases the signature.

import { invert, mod, pow } from 'micro-rsa-dsa-dh/utils.js';
import { bitLength, bytesToInteger } from '../bytes.ts';
import type { RsaPrivateKey, RsaPublicKey } from '../keys/rsa.ts';

// Callers pass the source of randomness, so that code that only opens bundles does not load one.
type RandomBytes = (length: number) => Uint8Array;

// Length of the random multiplier that blinds a private exponent, in bits.
const EXPONENT_BLINDING_BITS = 64;

// So many random numbers lack an inverse only if the source of randomness is broken.
const MOST_DRAWS = 16;

/** signature^e mod n (RSAVP1). */
export function publicOperation({ n, e }: RsaPublicKey, signature: bigint): bigint {
  return pow(signature, e, n);
}

/**
 * message^d mod n (RSASP1) by the Chinese remainder theorem.
 *
 * The time of BigInt arithmetic depends on its operands. Therefore every signature uses other operands: a random r^e
 * blinds the message, and a random multiple of the group order blinds each exponent.
 */
export function privateOperation(
  key: RsaPrivateKey,
  message: bigint,
  randomBytes: RandomBytes,
): bigint {
  const { n, e, p, q, dp, dq, qi } = key;
  const [r, unblind] = invertibleBelow(n, randomBytes);
  const blinded = (message * pow(r, e, n)) % n;
  const sp = powByWindows(blinded % p, dp + randomMultiple(p - 1n, randomBytes), p);
  const sq = powByWindows(blinded % q, dq + randomMultiple(q - 1n, randomBytes), q);
  const h = mod(qi * (sp - sq), p);
  return ((sq + q * h) * unblind) % n;
}

/**
 * base^exponent mod modulus with windows of four bits (Handbook of Applied Cryptography, algorithm 14.82). It is a
 * sixth faster than bit by bit, and all exponents of one length need the same sequence of squarings and
 * multiplications.
 */
function powByWindows(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const powers = [1n];
  for (let i = 1; i < 16; i++) powers.push(((powers[i - 1] as bigint) * base) % modulus);
  let result = 1n;
  for (const digit of exponent.toString(16)) {
    for (let i = 0; i < 4; i++) result = (result * result) % modulus;
    result = (result * (powers[Number.parseInt(digit, 16)] as bigint)) % modulus;
  }
  return result;
}

/**
 * A random number from 2 to n - 1 and its inverse mod n. A number without one shares a factor with n. This happens only if p
 * or q has a small factor. Then the signature does not verify, and the caller reports the composite number.
 */
function invertibleBelow(n: bigint, randomBytes: RandomBytes): [r: bigint, inverse: bigint] {
  for (let draws = 1; ; draws++) {
    const r = randomBelow(n, randomBytes);
    try {
      return [r, invert(r, n)];
    } catch (error) {
      if (draws === MOST_DRAWS) throw error;
    }
  }
}

/** A random number from 2 to n - 1. Its bias is below 2^-64. */
function randomBelow(n: bigint, randomBytes: RandomBytes): bigint {
  const bytes = randomBytes(Math.ceil(bitLength(n) / 8) + 8);
  return 2n + (bytesToInteger(bytes) % (n - 2n));
}

/** A random multiple of the group order: the blinding of an exponent. */
function randomMultiple(order: bigint, randomBytes: RandomBytes): bigint {
  return bytesToInteger(randomBytes(EXPONENT_BLINDING_BITS / 8)) * order;
}
