import type { PublicKeyInput } from '../keys/strict.ts';

/**
 * A private key that is elsewhere: in a key service, an HSM, another process.
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
   * Signs with PKCS#1 v1.5 block type 1 over `payload` as it stands: no hash, no DigestInfo (`C_SignRecover`
   * with `CKM_RSA_PKCS`, "raw PKCS#1 signing"). The payload is 104 bytes and holds the session key: it
   * must not be kept, nor reach a log. The answer, as long as the modulus, is checked before it is used.
   */
  sign(payload: Uint8Array): Promise<Uint8Array>;
}

export function isSigner(value: unknown): value is Signer {
  return typeof value === 'object' && value !== null && 'sign' in value;
}
