// The signature with message recovery: docs/format.md#signature. PKCS#1 v1.5 block type 1 (RFC 8017 §9.2)
// holding the session key, the checksum and the digest of the head.

import type { Backend } from '../backend/backend.ts';
import { randomBytes } from '../backend/random.ts';
import { bytesToInteger, concat, equalBytes, integerToBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { HeaderFault } from '../format/fault.ts';
import { DIGEST_LENGTH } from '../format/header.ts';
import { encodePkcs1Private, encodePkcs1Public } from '../keys/encode.ts';
import { modulusLength, type RsaPrivateKey, type RsaPublicKey } from '../keys/rsa.ts';
import { describe } from '../options.ts';
import type { Signer } from './signer.ts';
import { wrongSignature } from './wrong-signature.ts';

/** What the signature holds for whoever has the public key. */
export interface SealSecrets {
  /** AES-256 key of the body: 32 bytes. */
  readonly sessionKey: Uint8Array;
  /** SHA-256 of the plain bundle: 32 bytes. */
  readonly checksum: Uint8Array;
}

/** The private half, here or elsewhere. */
export type SigningKey =
  | { readonly publicKey: RsaPublicKey; readonly privateKey: RsaPrivateKey }
  | { readonly publicKey: RsaPublicKey; readonly signer: Signer };

const TAG = /* @__PURE__ */ Uint8Array.from('BNDLSEAL', (c) => c.charCodeAt(0));
const PAYLOAD_LENGTH = 104;

function encodePayload(secrets: SealSecrets, headDigest: Uint8Array): Uint8Array {
  return concat(TAG, secrets.sessionKey, secrets.checksum, headDigest);
}

/** EM in RFC 8017 §9.2, with the payload in the place of T. */
export function encodeBlock(payload: Uint8Array, length: number): Uint8Array {
  const block = new Uint8Array(length).fill(0xff);
  block[0] = 0;
  block[1] = 1;
  block[length - payload.length - 1] = 0;
  block.set(payload, length - payload.length);
  return block;
}

/**
 * Signs. The signature is checked with the public operation before it is released: one that a fault
 * spoilt would give the private key away (Boneh, DeMillo, Lipton 1997).
 *
 * @throws {@link BundleSealError} `ERR_SIGNER_FAILED`; `ERR_KEY_INVALID`: p or q is no prime.
 */
export async function signSeal(
  backend: Backend,
  key: SigningKey,
  secrets: SealSecrets,
  headDigest: Uint8Array,
): Promise<Uint8Array> {
  const length = modulusLength(key.publicKey);
  const payload = encodePayload(secrets, headDigest);
  const block = encodeBlock(payload, length);
  try {
    const signature =
      'signer' in key
        ? await askSigner(key.signer, payload, length)
        : await privateOperation(backend, key.privateKey, block);
    const inRange = bytesToInteger(signature) < key.publicKey.n;
    if (!inRange || !equalBytes(await publicOperation(backend, key.publicKey, signature), block)) {
      if (!('signer' in key)) throw await wrongSignature(key.privateKey);
      throw new BundleSealError(
        'ERR_SIGNER_FAILED',
        "the signer's answer is not the signature asked for: check that it signs the 104 bytes as they stand (raw PKCS#1 v1.5, no hash) and with the key whose public half it names",
      );
    }
    return signature;
  } finally {
    payload.fill(0);
    block.fill(0);
  }
}

async function askSigner(signer: Signer, payload: Uint8Array, length: number): Promise<Uint8Array> {
  try {
    const answer: unknown = await signer.sign(payload);
    if (!(answer instanceof Uint8Array) || answer.length !== length) {
      const got = answer instanceof Uint8Array ? `${answer.length} bytes` : describe(answer);
      throw new BundleSealError(
        'ERR_SIGNER_FAILED',
        `the signer must answer with a Uint8Array of ${length} bytes, the length of its modulus, got ${got}`,
      );
    }
    return Uint8Array.from(answer);
  } catch (cause) {
    if (cause instanceof BundleSealError && cause.code === 'ERR_SIGNER_FAILED') throw cause;
    throw new BundleSealError(
      'ERR_SIGNER_FAILED',
      'the signer failed: see the cause, and try again once it answers',
      { cause },
    );
  }
}

/**
 * Recovers what the signature holds, and proves that the private key made it for this very head. The
 * whole block is compared with the one that must be there: nothing in it is parsed or skipped.
 *
 * @throws {@link HeaderFault} `ERR_SEAL_INVALID`.
 */
export async function recoverSeal(
  backend: Backend,
  key: RsaPublicKey,
  signature: Uint8Array,
  headDigest: Uint8Array,
): Promise<SealSecrets> {
  if (signature.length !== modulusLength(key) || bytesToInteger(signature) >= key.n) {
    throw sealInvalid();
  }
  const block = await publicOperation(backend, key, signature);
  const payload = block.subarray(block.length - PAYLOAD_LENGTH);
  const secrets = {
    sessionKey: payload.slice(TAG.length, TAG.length + DIGEST_LENGTH),
    checksum: payload.slice(TAG.length + DIGEST_LENGTH, TAG.length + 2 * DIGEST_LENGTH),
  };
  const again = encodePayload(secrets, headDigest);
  const expected = encodeBlock(again, block.length);
  const genuine = equalBytes(block, expected);
  for (const copy of [block, again, expected]) copy.fill(0);
  if (!genuine) {
    secrets.sessionKey.fill(0);
    throw sealInvalid();
  }
  return secrets;
}

function sealInvalid(): HeaderFault {
  return new HeaderFault('ERR_SEAL_INVALID', 'seal', {});
}

export async function privateOperation(
  backend: Backend,
  key: RsaPrivateKey,
  block: Uint8Array,
): Promise<Uint8Array> {
  if (backend.rsa !== undefined) {
    const der = encodePkcs1Private(key);
    try {
      return backend.rsa.sign(der, block);
    } finally {
      der.fill(0);
    }
  }
  const { privateOperation: operate } = await import('./arithmetic.ts');
  return integerToBytes(operate(key, bytesToInteger(block), randomBytes), block.length);
}

/** The signature is below the modulus. */
export async function publicOperation(
  backend: Backend,
  key: RsaPublicKey,
  signature: Uint8Array,
): Promise<Uint8Array> {
  if (backend.rsa !== undefined) return backend.rsa.recover(encodePkcs1Public(key), signature);
  const { publicOperation: operate } = await import('./arithmetic.ts');
  return integerToBytes(operate(key, bytesToInteger(signature)), signature.length);
}
