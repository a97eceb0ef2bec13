// Makes and verifies the signature of a header: docs/format.md#signature. The signature contains the session key, the
// checksum and the digest of the head. The public key recovers them.

import type { Backend } from '../backend/backend.ts';
import { concat, isBytes, type OwnBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { DIGEST_LENGTH, SESSION_KEY_LENGTH } from '../format/chunks.ts';
import { BundleFault } from '../format/fault.ts';
import { encodeHead, type HeadFields, MAGIC } from '../format/header.ts';
import { keyDigest } from '../keys/encode.ts';
import { modulusLength, type RsaPublicKey } from '../keys/rsa.ts';
import { describe } from '../options.ts';
import { untilAborted } from '../turn.ts';
import { isSignatureOf, recoverPayload, signPayload } from './pkcs1.ts';
import type { Signer, SigningKey } from './signing-key.ts';

/** The values that the public key recovers from the signature. */
export interface SealSecrets {
  /** AES-256 key of the body: 32 bytes. */
  readonly sessionKey: Uint8Array;
  /** SHA-256 of the plain bundle: 32 bytes. */
  readonly checksum: Uint8Array;
}

const PAYLOAD_LENGTH = 104;

function encodePayload(secrets: SealSecrets, headDigest: Uint8Array): Uint8Array {
  return concat(MAGIC, secrets.sessionKey, secrets.checksum, headDigest);
}

/** The fields of a header, except those that follow from the key. */
export type SealedFields = Omit<HeadFields, 'keyId' | 'signatureLength'>;

/**
 * Encodes a header and signs it.
 *
 * @throws the errors of {@link signSeal}. Rejects with the signal's reason on an abort, also while the signer is
 * pending.
 */
export async function sealHeader(
  backend: Backend,
  key: SigningKey,
  fields: SealedFields,
  secrets: SealSecrets,
  signal: AbortSignal | undefined,
): Promise<{ header: OwnBytes; keyId: Uint8Array }> {
  const keyId = await keyDigest(backend, key.publicKey);
  const head = encodeHead({ ...fields, keyId, signatureLength: modulusLength(key.publicKey) });
  const headDigest = await backend.sha256(head);
  const signature = await untilAborted(signSeal(backend, key, secrets, headDigest), signal);
  signal?.throwIfAborted();
  return { header: concat(head, signature), keyId };
}

/**
 * Signs a head. Verifies the signature with the public operation before it returns it.
 *
 * @throws {@link BundleSealError} `ERR_SIGNER_FAILED`; `ERR_KEY_INVALID` if p or q is not prime.
 */
export async function signSeal(
  backend: Backend,
  key: SigningKey,
  secrets: SealSecrets,
  headDigest: Uint8Array,
): Promise<Uint8Array> {
  const payload = encodePayload(secrets, headDigest);
  try {
    if ('privateKey' in key) return await signPayload(backend, key.privateKey, payload);
    const signature = await askSigner(key.signer, key.publicKey, payload);
    if (await isSignatureOf(backend, key.publicKey, signature, payload)) return signature;
  } finally {
    payload.fill(0);
  }
  throw new BundleSealError(
    'ERR_SIGNER_FAILED',
    'the signer did not return the requested signature: check that it signs the 104 bytes unchanged (raw PKCS#1 v1.5, no hash), and with the private key of its publicKey',
  );
}

/**
 * Asks the signer for a signature. The caller verifies it.
 *
 * @throws {@link BundleSealError} `ERR_SIGNER_FAILED` if the signer fails, or its answer is not bytes of the modulus'
 * length.
 */
async function askSigner(
  signer: Signer,
  key: RsaPublicKey,
  payload: Uint8Array,
): Promise<Uint8Array> {
  const length = modulusLength(key);
  // The signer gets a copy, because it may write to its argument, and the caller compares the answer with the original.
  const given = payload.slice();
  try {
    const answer: unknown = await signer.sign(given);
    if (isBytes(answer) && answer.length === length) return Uint8Array.from(answer);
    const got = isBytes(answer) ? `${answer.length} bytes` : describe(answer);
    throw new BundleSealError(
      'ERR_SIGNER_FAILED',
      `the signer must return a Uint8Array of ${length} bytes, the length of its modulus, got ${got}`,
    );
  } catch (cause) {
    if (cause instanceof BundleSealError && cause.code === 'ERR_SIGNER_FAILED') throw cause;
    throw new BundleSealError(
      'ERR_SIGNER_FAILED',
      'the signer failed: see the cause, and try again when the signer works',
      { cause },
    );
  } finally {
    given.fill(0);
  }
}

/**
 * Recovers the values in a signature, and verifies that the private key made it for this head.
 *
 * @throws {@link BundleFault} `ERR_SEAL_INVALID`.
 */
export async function recoverSeal(
  backend: Backend,
  key: RsaPublicKey,
  signature: Uint8Array,
  headDigest: Uint8Array,
): Promise<SealSecrets> {
  const payload = await recoverPayload(backend, key, signature, PAYLOAD_LENGTH, (found) =>
    encodePayload(secretsIn(found), headDigest),
  );
  if (payload === undefined) throw new BundleFault('ERR_SEAL_INVALID', 'seal', {});
  const { sessionKey, checksum } = secretsIn(payload);
  const secrets = { sessionKey: sessionKey.slice(), checksum: checksum.slice() };
  payload.fill(0);
  return secrets;
}

/** Returns the secrets as views into the payload. */
function secretsIn(payload: Uint8Array): SealSecrets {
  const keyEnd = MAGIC.length + SESSION_KEY_LENGTH;
  return {
    sessionKey: payload.subarray(MAGIC.length, keyEnd),
    checksum: payload.subarray(keyEnd, keyEnd + DIGEST_LENGTH),
  };
}
