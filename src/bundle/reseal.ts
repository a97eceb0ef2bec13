// A new key's seal for a bundle that is already stored.

import type { BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { concat } from '../bytes.ts';
import { checkBodyLength, encodeHead } from '../format/header.ts';
import { keyDigest } from '../keys/identity.ts';
import { modulusLength } from '../keys/rsa.ts';
import type { PrivateKeyInput, PublicKeyInput } from '../keys/strict.ts';
import { checkOptions, describe } from '../options.ts';
import { signSeal } from '../seal/seal.ts';
import type { Signer } from '../seal/signer.ts';
import { openInput } from '../sources/input.ts';
import { untilAborted } from '../turn.ts';
import { readSigningKey } from './encrypt.ts';
import { encodeSeal, openHeader, openSealText, readPublicKeys } from './open.ts';

export interface ResealOptions {
  /** The public key that the bundle was sealed for; several are tried by id. */
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  /** The new private key, or a {@link Signer}. */
  readonly privateKey: PrivateKeyInput | Signer;
  /** Rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/**
 * Seals a bundle for a new key without touching its body: one stored body, a seal for each key.
 *
 * The old signature is verified first; metadata, chunks and session key stay as they are, so whoever
 * opened the bundle with the old key can still read it. The body is not read: its chunks stay bound to
 * the digests that both signatures cover.
 *
 * @param sealedOrSeal - A sealed bundle, or a seal in base64url.
 * @returns the same kind that came: a new sealed bundle, or a new seal.
 * @throws what {@link decryptBundle} throws for the header and the body's length, and what
 * {@link encryptBundle} throws for the private key.
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
export async function resealBundle(seal: string, options: ResealOptions): Promise<string>;
export async function resealBundle(
  sealedOrSeal: Uint8Array | string,
  options: ResealOptions,
): Promise<Uint8Array | string> {
  checkOptions('resealBundle', options, ['publicKey', 'privateKey', 'signal', 'backend']);
  const isText = typeof sealedOrSeal === 'string';
  if (!isText && !(sealedOrSeal instanceof Uint8Array)) {
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
    ? await openSealText(backend, sealedOrSeal, keys, {})
    : await openHeader(backend, openInput(sealedOrSeal, 'sealedOrSeal'), keys, {});
  try {
    const { layout, headerLength } = header;
    if (!isText) checkBodyLength(header, sealedOrSeal.length - headerLength);
    const head = encodeHead({
      kind: header.kind,
      layout,
      keyId: await keyDigest(backend, key.publicKey),
      signatureLength: modulusLength(key.publicKey),
      metadata: parts.metadata,
      digests: parts.digests,
    });
    const headDigest = await backend.sha256(head);
    const signature = await untilAborted(signSeal(backend, key, secrets, headDigest), signal);
    signal?.throwIfAborted();
    const newHeader = concat(head, signature);
    return isText ? encodeSeal(newHeader) : concat(newHeader, sealedOrSeal.subarray(headerLength));
  } finally {
    secrets.sessionKey.fill(0);
  }
}
