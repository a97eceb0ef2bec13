// What makes the numbers of a private key ones that may sign.

import { KeyFault } from './fault.ts';
import { checkPublicKey, type RsaPrivateKey } from './rsa.ts';

/**
 * Checks that the numbers of a private key belong together (RFC 8017 §3.2). A key of which one was
 * altered would give itself away with its first signature.
 *
 * @throws {@link KeyFault}
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
  if (!consistent) throw new KeyFault('numbers');
  return key;
}
