// Keys as the asynchronous calls read them: at once where they are spelt by the book. Only for others the module is
// loaded that repairs what CI variables and editors do to a key, and says what is wrong with the rest.

import { BundleSealError } from '../errors.ts';
import { KeyFault } from './fault.ts';
import type { RsaPublicKey } from './rsa.ts';
import { type PublicKeyInput, strictPublicKey } from './strict.ts';

/**
 * Reads a public key.
 *
 * @throws `ERR_KEY_INVALID` naming what came instead; `TypeError` for what can't be a key.
 */
export function readPublicKey(
  input: PublicKeyInput,
  name = 'publicKey',
  minBits?: number,
): Promise<RsaPublicKey> {
  return readKey(input, (key) => strictPublicKey(key, name, minBits));
}

/** What `strict` makes of a key as it is, or once it is repaired. */
export async function readKey<Key>(
  input: PublicKeyInput,
  strict: (key: PublicKeyInput) => Key,
): Promise<Key> {
  try {
    return strict(input);
  } catch (error) {
    if (!(error instanceof KeyFault)) throw error;
  }
  const { repairOrExplain } = await import('./diagnose.ts').catch(() => {
    throw new BundleSealError('ERR_KEY_INVALID', 'this is no RSA key');
  });
  return repairOrExplain(input, strict);
}
