// Seals a stored bundle for a new key.

import type { BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { concat, isBytes } from '../bytes.ts';
import { encodeSeal } from '../format/header.ts';
import type { PrivateKeyInput, PublicKeyInput } from '../keys/strict.ts';
import { checkOptions, describe } from '../options.ts';
import { sealHeader } from '../seal/seal.ts';
import { readSigningKey, type Signer } from '../seal/signing-key.ts';
import { openInput } from '../sources/input.ts';
import { checkBody, openHeaderFrom, openSeal, readPublicKeys } from './open-header.ts';

/** Options of {@link resealBundle}. */
export interface ResealOptions {
  /** The public key that the bundle was sealed for, or several. The key id in the header selects one. */
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  /** The new private key, or a {@link Signer}. */
  readonly privateKey: PrivateKeyInput | Signer;
  /** Aborts the call: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The backend that does the work. Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/**
 * Seals a stored bundle for a new key. The body does not change, so one stored body can have a seal for each key.
 *
 * The call verifies the old signature first. Metadata, chunks and session key do not change, so everyone who could open
 * the bundle with the old key can still decrypt the body. The call does not verify the body: both signatures cover the
 * same digests of its chunks.
 *
 * @param sealed - A sealed bundle, or a seal in base64url.
 * @param options.publicKey - The public key that the bundle was sealed for, or several.
 * @param options.privateKey - The new private key: PEM, DER, JWK, or a {@link Signer}.
 * @returns A new sealed bundle for a bundle, or a new seal for a seal.
 * @throws The errors of {@link decryptBundle} for the header and the length of the body, and those of {@link
 * encryptBundle} for the private key.
 * @see docs/format.md
 * @example
 * ```ts
 * import { decryptBundle, encryptBundle, keygen, resealBundle } from 'bundleseal';
 *
 * const [old, next] = await Promise.all([keygen(), keygen()]);
 * const { seal, ciphertext } = await encryptBundle(new Uint8Array(10), {
 *   privateKey: old.privateKey,
 * });
 * const newSeal = await resealBundle(seal, { publicKey: old.publicKey, privateKey: next.privateKey });
 * await decryptBundle(ciphertext, { seal: newSeal, publicKey: next.publicKey });
 * ```
 */
export async function resealBundle(sealed: Uint8Array, options: ResealOptions): Promise<Uint8Array>;
/** Makes a seal of a new key from a seal in base64url. The body of the bundle does not change. */
export async function resealBundle(seal: string, options: ResealOptions): Promise<string>;
export async function resealBundle(
  sealedOrSeal: Uint8Array | string,
  options: ResealOptions,
): Promise<Uint8Array | string> {
  checkOptions('resealBundle', options, {
    publicKey: 'any',
    privateKey: 'any',
    signal: 'signal',
    backend: 'any',
  });
  const isText = typeof sealedOrSeal === 'string';
  if (!isText && !isBytes(sealedOrSeal)) {
    throw new TypeError(
      `sealedOrSeal expected a Uint8Array or a base64url string, got ${describe(sealedOrSeal)}`,
    );
  }
  const { signal } = options;
  signal?.throwIfAborted();
  const key = await readSigningKey(options.privateKey);
  const backend = await selectBackend(options.backend);
  const keys = await readPublicKeys(backend, options.publicKey);
  const { header, parts, secrets } = isText
    ? await openSeal(backend, sealedOrSeal, keys, {})
    : await openHeaderFrom(backend, openInput(sealedOrSeal, 'sealedOrSeal'), keys, {});
  try {
    const { layout, headerLength } = header;
    if (!isText) await checkBody(header, sealedOrSeal.length - headerLength);
    const { metadata, digests } = parts;
    const fields = { kind: header.kind, layout, metadata, digests };
    const sealed = await sealHeader(backend, key, fields, secrets, signal);
    if (isText) return encodeSeal(sealed.header);
    // Memory that is resizable may have shrunk while the signer worked.
    await checkBody(header, sealedOrSeal.length - headerLength);
    return concat(sealed.header, sealedOrSeal.subarray(headerLength));
  } finally {
    secrets.sessionKey.fill(0);
  }
}
