// Asynchronous readers of keys. They read keys in standard forms directly. For any other input they load
// `repair-or-explain.ts`, which repairs damage by CI variables and editors, or explains the fault.

import { BundleSealError } from '../errors.ts';
import { KeyFault } from './fault.ts';
import type { RsaPublicKey } from './rsa.ts';
import { type PublicKeyInput, strictPublicKey } from './strict.ts';

/**
 * Reads a public key.
 *
 * @throws `ERR_KEY_INVALID` if the input is not such a key; `TypeError` if its type cannot be a key.
 */
export function readPublicKey(
  input: PublicKeyInput,
  name = 'publicKey',
  minBits?: number,
): Promise<RsaPublicKey> {
  return readKey(input, (key) => strictPublicKey(key, name, minBits));
}

/** Returns the result of `strict` for the key, or for the repaired key. */
export async function readKey<Key>(
  input: PublicKeyInput,
  strict: (key: PublicKeyInput) => Key,
): Promise<Key> {
  try {
    return strict(input);
  } catch (error) {
    if (!(error instanceof KeyFault)) throw error;
  }
  const { repairOrExplain } = await import('./repair-or-explain.ts').catch(() => {
    throw new BundleSealError(
      'ERR_KEY_INVALID',
      'the key is not RSA in PEM, DER or JWK, or is damaged',
    );
  });
  return repairOrExplain(input, strict);
}
