// The session key and IV of a bundle in Capgo's format: base64(iv):base64(signed session key).

import type { Backend } from '../backend/backend.ts';
import { randomBytes } from '../backend/random.ts';
import { fromBase64, toBase64 } from '../base64.ts';
import { BundleSealError } from '../errors.ts';
import type { RsaPrivateKey, RsaPublicKey } from '../keys/rsa.ts';
import { describe } from '../options.ts';
import { recoverPayload, signPayload } from '../seal/pkcs1.ts';

/** Length of an AES-128 key and of an initialization vector, in bytes. */
const LENGTH = 16;

// The most characters of an ivSessionKey. RSA-2048 needs 369, so a longer one is forged.
const MAX_SESSION_LENGTH = 1024;

/** The keys of one bundle or delta update. */
export interface Session {
  /** AES-128 key: 16 bytes. */
  readonly key: Uint8Array;
  /** Initialization vector: 16 bytes. */
  readonly iv: Uint8Array;
}

export function createSession(): Session {
  return { key: randomBytes(LENGTH), iv: randomBytes(LENGTH) };
}

export async function signSession(
  backend: Backend,
  privateKey: RsaPrivateKey,
  { key, iv }: Session,
): Promise<string> {
  const signature = await signPayload(backend, privateKey, key);
  return `${toBase64(iv, 'base64')}:${toBase64(signature, 'base64')}`;
}

/** @throws {@link BundleSealError} `ERR_HEADER_INVALID`, `ERR_SEAL_INVALID`. */
export async function recoverSession(
  backend: Backend,
  publicKey: RsaPublicKey,
  ivSessionKey: string,
): Promise<Session> {
  if (typeof ivSessionKey !== 'string') {
    throw new TypeError(`options.ivSessionKey expected a string, got ${describe(ivSessionKey)}`);
  }
  const [ivText = '', keyText = '', ...rest] = ivSessionKey.slice(0, MAX_SESSION_LENGTH).split(':');
  const iv = fromBase64(ivText, 'base64');
  const signature = fromBase64(keyText, 'base64');
  if (iv?.length !== LENGTH || !signature?.length || rest.length > 0) {
    throw new BundleSealError(
      'ERR_HEADER_INVALID',
      "the ivSessionKey is missing or damaged: pass it as Capgo's CLI printed it (base64 of the IV, a colon, base64 of the session key). A bundle without one is not encrypted, and this call does not open it",
    );
  }
  return { key: await recoverSigned(backend, publicKey, signature, LENGTH), iv };
}

/**
 * Recovers a value of known length that the private key signed.
 *
 * @throws {@link BundleSealError} `ERR_SEAL_INVALID`.
 */
export async function recoverSigned(
  backend: Backend,
  key: RsaPublicKey,
  signature: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  const payload = await recoverPayload(backend, key, signature, length);
  if (payload !== undefined) return payload;
  throw new BundleSealError(
    'ERR_SEAL_INVALID',
    'the private key of this public key did not sign the session key or checksum: check the public key; the withdrawn V1 scheme is not supported',
  );
}
