// Checks the numbers of a private key before it signs.

import { bitLength } from '../bytes.ts';
import { KeyFault } from './fault.ts';
import { checkPublicKey, checkSizes, type RsaPrivateKey } from './rsa.ts';

/**
 * Checks that the numbers of a private key belong together (RFC 8017 §3.2), because one signature with an altered
 * number would reveal the key. Also checks that no known attack on weak keys factors the modulus.
 *
 * @throws {@link KeyFault}
 */
export function checkPrivateKey(key: RsaPrivateKey, minBits?: number): RsaPrivateKey {
  checkSizes(key, minBits);
  const { n, e, d, p, q, dp, dq, qi } = key;
  const consistent =
    // Bounds the numbers before it multiplies them, because the input may contain numbers of any length.
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
  if (!consistent) throw new KeyFault('numbers');
  const weakness = weaknessOf(key);
  if (weakness !== undefined) throw new KeyFault('weak', weakness);
  // This check comes last: the numbers of a damaged key may look weak by accident, and "damaged" is the better
  // message.
  checkPublicKey(key, minBits);
  return key;
}

/**
 * The shorter prime may have this many bits fewer than half the modulus. FIPS 186-5 requires exactly half, but some
 * tools miss that by a few bits.
 */
const MAX_SHORTFALL = 32;

/**
 * Describes a weakness that lets anyone factor the modulus (FIPS 186-5 A.1.1 and A.1.3). `checkPrimes` tests whether
 * p and q are prime, which takes longer.
 */
function weaknessOf({ n, d, p, q }: RsaPrivateKey): string | undefined {
  const half = bitLength(n) / 2;
  const [smaller, larger] = p < q ? [p, q] : [q, p];
  if (bitLength(smaller) < half - MAX_SHORTFALL) return 'one of its primes is too small';
  if (bitLength(larger - smaller) <= half - 100) return 'its primes are too close to each other';
  // A private exponent this small can be computed from the public key (Wiener 1990).
  if (bitLength(d) <= half) return 'its private exponent is too small';
  return undefined;
}
