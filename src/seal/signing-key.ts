// The private key of a call that signs: local numbers, or an external signer.

import { readPublicKey } from '../keys/read.ts';
import { readPrivateKey } from '../keys/read-private.ts';
import type { RsaPrivateKey, RsaPublicKey } from '../keys/rsa.ts';
import { checkKeyInput, type PrivateKeyInput, type PublicKeyInput } from '../keys/strict.ts';
import { describe } from '../options.ts';

/**
 * A private key outside this process: in a key service, an HSM or another process.
 *
 * @example
 * ```ts
 * import { privateEncrypt, constants } from 'node:crypto';
 * import { encryptBundle, keygen, type Signer } from 'bundleseal';
 *
 * const { privateKey, publicKey } = await keygen();
 * const signer: Signer = {
 *   publicKey,
 *   sign: async (payload) =>
 *     privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, payload),
 * };
 * await encryptBundle(new Uint8Array(10), { privateKey: signer });
 * ```
 */
export interface Signer {
  /** The public half of the key that `sign` uses. */
  readonly publicKey: PublicKeyInput;
  /**
   * Signs `payload` as it is with PKCS#1 v1.5 block type 1: no hash, no DigestInfo (`C_Sign` or `C_SignRecover` with
   * `CKM_RSA_PKCS`, "raw PKCS#1 signing"). The payload is 104 bytes and contains the session key, so do not store or
   * log it. The result is as long as the modulus. bundleseal verifies it before it uses it.
   */
  sign(payload: Uint8Array): Promise<Uint8Array>;
}

/** A signing key, and the public numbers to verify its signatures. */
export type SigningKey =
  | { readonly publicKey: RsaPublicKey; readonly privateKey: RsaPrivateKey }
  | { readonly publicKey: RsaPublicKey; readonly signer: Signer };

/**
 * Reads the private key, or the public key of the signer.
 *
 * @throws `TypeError` at once if the type cannot be a key. Rejects with `ERR_KEY_INVALID` if the key is not
 * acceptable.
 */
export function readSigningKey(input: PrivateKeyInput | Signer): Promise<SigningKey> {
  if (!isSigner(input)) {
    checkKeyInput(input, 'privateKey');
    return readPrivateKey(input).then((privateKey) => ({ privateKey, publicKey: privateKey }));
  }
  if (typeof input.sign !== 'function') {
    throw new TypeError(`privateKey.sign expected a function, got ${describe(input.sign)}`);
  }
  const name = 'privateKey.publicKey';
  // Reads the property once, because a getter might return another key the next time.
  const named = input.publicKey;
  checkKeyInput(named, name);
  return readPublicKey(named, name).then((publicKey) => ({ signer: input, publicKey }));
}

export function isSigner(value: unknown): value is Signer {
  return typeof value === 'object' && value !== null && 'sign' in value;
}
