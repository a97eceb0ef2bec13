// The id of a key, and the public half of a private key.

import type { Backend } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { toHex } from '../bytes.ts';
import { encodeSpki, keyDigest } from './encode.ts';
import { encodePem } from './pem.ts';
import { readEitherKey, readPrivateKey } from './read-private.ts';
import type { RsaPublicKey } from './rsa.ts';
import type { PrivateKeyInput, PublicKeyInput } from './strict.ts';

/**
 * Computes the id of a key: the SHA-256 of its public half as a DER SubjectPublicKeyInfo. Both halves of a pair have
 * the same id. The header of a sealed bundle names its key by this id.
 *
 * @param key - The public or the private key.
 * @returns 64 lower-case hex characters.
 * @throws {@link BundleSealError} `ERR_KEY_INVALID` if the input is not an RSA key that the format accepts. The message
 * says what the input is.
 * @throws `TypeError` if the type of the input cannot be a key.
 * @see docs/format.md#header
 * @example
 * ```ts
 * import { keygen, keyId } from 'bundleseal';
 *
 * const pair = await keygen();
 * console.log((await keyId(pair.publicKey)) === pair.keyId);
 * ```
 */
export async function keyId(key: PublicKeyInput | PrivateKeyInput): Promise<string> {
  const publicKey = await readEitherKey(key);
  return keyIdOf(await selectBackend(), publicKey);
}

/**
 * Computes the public key for the app from a private key.
 *
 * @param privateKey - PEM, DER or JWK, without a passphrase.
 * @returns A SubjectPublicKeyInfo in PEM (`PUBLIC KEY`).
 * @throws {@link BundleSealError} `ERR_KEY_INVALID` if the input is not an RSA private key that the format accepts. The
 * message says what the input is.
 * @throws `TypeError` if the type of the input cannot be a key.
 * @see RFC 5280 §4.1, RFC 7468 §13
 * @example
 * ```ts
 * import { keygen, publicKeyOf } from 'bundleseal';
 *
 * const { privateKey, publicKey } = await keygen();
 * console.log((await publicKeyOf(privateKey)) === publicKey);
 * ```
 */
export async function publicKeyOf(privateKey: PrivateKeyInput): Promise<string> {
  return encodePem('PUBLIC KEY', encodeSpki(await readPrivateKey(privateKey)));
}

export async function keyIdOf(backend: Backend, key: RsaPublicKey): Promise<string> {
  return toHex(await keyDigest(backend, key));
}
