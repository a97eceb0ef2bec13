// Why a signature came out wrong: the key, or the machine. Nothing is released in either case.

import { randomBytes } from '../backend/random.ts';
import { BundleSealError } from '../errors.ts';
import type { RsaPrivateKey } from '../keys/rsa.ts';

/**
 * The error for a signature that the public operation did not confirm. Whether p and q are prime is asked only now:
 * with one that is not, no signature comes out right, and the question takes many times as long as a signature.
 */
export async function wrongSignature({ p, q }: RsaPrivateKey): Promise<BundleSealError> {
  const { isProbablePrimeRSA } = await import('micro-rsa-dsa-dh/primality.js');
  const composite = isProbablePrimeRSA(p, randomBytes)
    ? isProbablePrimeRSA(q, randomBytes)
      ? undefined
      : 'q'
    : 'p';
  return composite === undefined
    ? new BundleSealError(
        'ERR_SIGNER_FAILED',
        'the signature came out wrong and was not released: the machine or its memory is faulty, do not use it for signing',
      )
    : new BundleSealError(
        'ERR_KEY_INVALID',
        `the number ${composite} of the RSA private key is no prime, so the key cannot sign: it is damaged or was made by a faulty tool, make a new pair with keygen()`,
      );
}
