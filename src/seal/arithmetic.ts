// RSA operations in pure JavaScript, for runtimes without signatures with message recovery: RFC 8017 §5.2. The caller
// checks every result with the public operation before it is released.

import { invert, mod, pow } from 'micro-rsa-dsa-dh/utils.js';
import { bitLength, bytesToInteger } from '../bytes.ts';
import type { RsaPrivateKey, RsaPublicKey } from '../keys/rsa.ts';

// A parameter, so that opening, which needs no randomness, does not load a source of it.
type RandomBytes = (length: number) => Uint8Array;

// Bits by which a private exponent is lengthened anew for each signature.
const EXPONENT_BLINDING_BITS = 64;

/** signature^e mod n (RSAVP1). */
export function publicOperation({ n, e }: RsaPublicKey, signature: bigint): bigint {
  return pow(signature, e, n);
}

/**
 * message^d mod n (RSASP1) by the Chinese remainder theorem. BigInt arithmetic takes time that depends on its
 * operands, so the message is blinded by a random r^e, and each exponent by a random multiple of the order of its
 * group: so no two measurements are of the same operation.
 */
export function privateOperation(
  key: RsaPrivateKey,
  message: bigint,
  randomBytes: RandomBytes,
): bigint {
  const { n, e, p, q, dp, dq, qi } = key;
  const r = randomBelow(n, randomBytes);
  // If r has no inverse, it shares a factor with n. The chance is 2^-1500, and `invert` throws.
  const unblind = invert(r, n);
  const blinded = (message * pow(r, e, n)) % n;
  const sp = powByWindows(blinded % p, dp + randomMultiple(p - 1n, randomBytes), p);
  const sq = powByWindows(blinded % q, dq + randomMultiple(q - 1n, randomBytes), q);
  const h = mod(qi * (sp - sq), p);
  return ((sq + q * h) * unblind) % n;
}

/**
 * base^exponent mod modulus, four bits of the exponent at a time: a sixth faster than one by one, and the
 * same sequence of squarings and multiplications for every exponent of a length (HAC, algorithm 14.82).
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

/** Uniform but for a bias under 2^-64, from 2 to n - 1. */
function randomBelow(n: bigint, randomBytes: RandomBytes): bigint {
  const bytes = randomBytes(Math.ceil(bitLength(n) / 8) + 8);
  return 2n + (bytesToInteger(bytes) % (n - 2n));
}

function randomMultiple(order: bigint, randomBytes: RandomBytes): bigint {
  return bytesToInteger(randomBytes(EXPONENT_BLINDING_BITS / 8)) * order;
}
