// Generates RSA keys in pure JavaScript from random probable primes (FIPS 186-5 appendix A.1.3). micro-rsa-dsa-dh
// tests for primality. This module has its own loop, because `IFCPrimes` of that package blocks the thread for
// several seconds.

import { isProbablePrimeRSA } from 'micro-rsa-dsa-dh/primality.js';
import { gcd, invert, sqrt } from 'micro-rsa-dsa-dh/utils.js';
import { bytesToInteger } from '../bytes.ts';
import type { RsaPrivateKey } from './rsa.ts';

const E = 65_537n;

/**
 * Generates an RSA key with public exponent 65537.
 *
 * @param bits - Bits of the modulus.
 * @param pause - Called after the test of each composite candidate. A test takes tens of milliseconds, and for a prime
 * tenths of a second.
 */
export async function generateRsaKey(
  bits: number,
  randomBytes: (length: number) => Uint8Array,
  pause: () => Promise<void>,
): Promise<RsaPrivateKey> {
  for (;;) {
    const p = await generatePrime(bits, undefined, randomBytes, pause);
    const q = await generatePrime(bits, p, randomBytes, pause);
    const lambda = ((p - 1n) * (q - 1n)) / gcd(p - 1n, q - 1n);
    const d = invert(E, lambda);
    // FIPS 186-5 A.1.1, criterion 3. The chance that a key fails it is negligible.
    if (d <= 1n << BigInt(bits / 2)) continue;
    return { n: p * q, e: E, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: invert(q, p) };
  }
}

async function generatePrime(
  bits: number,
  other: bigint | undefined,
  randomBytes: (length: number) => Uint8Array,
  pause: () => Promise<void>,
): Promise<bigint> {
  const least = sqrt(1n << BigInt(bits - 1));
  const distance = 1n << BigInt(bits / 2 - 100);
  for (;;) {
    const candidate = bytesToInteger(randomBytes(bits / 16)) | 1n;
    if (candidate <= least || gcd(candidate - 1n, E) !== 1n) continue;
    if (other !== undefined && absolute(candidate - other) <= distance) continue;
    if (isProbablePrimeRSA(candidate, randomBytes)) return candidate;
    await pause();
  }
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
