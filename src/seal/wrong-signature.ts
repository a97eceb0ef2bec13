// Why a signature came out wrong: the key, or the machine. Nothing is released in either case.

import { randomBytes } from '../backend/random.ts';
import { BundleSealError } from '../errors.ts';
import type { RsaPrivateKey } from '../keys/rsa.ts';

/**
 * The error for a signature that the public operation did not confirm. Whether p and q are prime is asked only now:
 * with one that is not, no signature comes out right, and the question takes many times as long as a signature.
 */
export async function wrongSignature({ p, q }: RsaPrivateKey): Promise<BundleSealError> {
  try {
    await checkPrimes({ p, q });
  } catch (error) {
    return error as BundleSealError;
  }
  return new BundleSealError(
    'ERR_SIGNER_FAILED',
    'the signature came out wrong and was not released: the machine or its memory is faulty, do not use it for signing',
  );
}

/**
 * Asks whether p and q are prime, which takes up to some seconds. A composite may pass every other check: a
 * Carmichael number signs as a prime does, and whoever factors it has the private key.
 *
 * @throws {@link BundleSealError} `ERR_KEY_INVALID`
 */
export async function checkPrimes({ p, q }: Pick<RsaPrivateKey, 'p' | 'q'>): Promise<void> {
  const { isProbablePrimeRSA } = await import('micro-rsa-dsa-dh/primality.js');
  for (const [name, value] of Object.entries({ p, q })) {
    if (isProbablePrimeRSA(value, randomBytes)) continue;
    throw new BundleSealError(
      'ERR_KEY_INVALID',
      `the number ${name} of the RSA private key is no prime, so the key is not to be used: it is damaged or was made by a faulty tool, make a new pair with keygen()`,
    );
  }
}
