// Synchronous readers of keys in every form. They import `repair-or-explain.ts` statically. The entries that open bundles
// must not import this file, so that apps stay small.

import { KeyFault } from './fault.ts';
import { decodePem, type Pem } from './pem.ts';
import { repairOrExplain } from './repair-or-explain.ts';
import type { RsaPrivateKey, RsaPublicKey } from './rsa.ts';
import { type PrivateKeyInput, type PublicKeyInput, strictPublicKey } from './strict.ts';
import { strictEitherKey, strictPrivateKey } from './strict-private.ts';

/**
 * Reads a public key.
 *
 * @throws `ERR_KEY_INVALID` if the input is not such a key; `TypeError` if its type cannot be a key.
 */
export function parsePublicKey(
  input: PublicKeyInput,
  name = 'publicKey',
  minBits?: number,
): RsaPublicKey {
  return repairOrExplain(input, (key) => strictPublicKey(key, name, minBits));
}

/** Reads a private key and checks that its numbers belong together. @throws as {@link parsePublicKey} does. */
export function parsePrivateKey(
  input: PrivateKeyInput,
  name = 'privateKey',
  minBits?: number,
): RsaPrivateKey {
  return repairOrExplain(input, (key) => strictPrivateKey(key, name, minBits));
}

/**
 * Reads a public or private key and returns its public numbers. @throws as {@link parsePublicKey} does.
 */
export function parseEitherKey(
  input: PublicKeyInput | PrivateKeyInput,
  minBits?: number,
): RsaPublicKey {
  return repairOrExplain(input, (key) => strictEitherKey(key, 'key', minBits));
}

/** Decodes the only PEM block in a text. @throws `ERR_KEY_INVALID` if there is none. */
export function parsePem(text: string): Pem {
  return repairOrExplain(text, (pem) => {
    if (typeof pem !== 'string') throw new KeyFault('text');
    return decodePem(pem);
  });
}
