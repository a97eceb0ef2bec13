// Signatures with message recovery: PKCS#1 v1.5 block type 1 (RFC 8017 §9.2) with the payload in place of a
// DigestInfo. Seals and Capgo's encryption use them.

import type { Backend } from '../backend/backend.ts';
import { randomBytes } from '../backend/random.ts';
import { bytesToInteger, equalBytes, integerToBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { encodePkcs1Private, encodePkcs1Public } from '../keys/encode.ts';
import { modulusLength, type RsaPrivateKey, type RsaPublicKey } from '../keys/rsa.ts';

/** Encodes EM of RFC 8017 §9.2 with the payload in place of T. */
export function encodeBlock(payload: Uint8Array, length: number): Uint8Array {
  const block = new Uint8Array(length).fill(0xff);
  block[0] = 0;
  block[1] = 1;
  block[length - payload.length - 1] = 0;
  block.set(payload, length - payload.length);
  return block;
}

/**
 * Signs with a local key. Verifies the signature with the public operation before it returns it, because a faulty
 * signature would reveal the private key (Boneh, DeMillo, Lipton 1997).
 *
 * @throws {@link BundleSealError} `ERR_SIGNER_FAILED`; `ERR_KEY_INVALID` if p or q is not prime.
 */
export async function signPayload(
  backend: Backend,
  key: RsaPrivateKey,
  payload: Uint8Array,
): Promise<Uint8Array> {
  const block = encodeBlock(payload, modulusLength(key));
  try {
    const signature = await privateOperation(backend, key, block);
    if (!(await isSignatureOf(backend, key, signature, payload))) throw await wrongSignature(key);
    return signature;
  } finally {
    block.fill(0);
  }
}

/** Whether the private key signed exactly this payload. */
export async function isSignatureOf(
  backend: Backend,
  key: RsaPublicKey,
  signature: Uint8Array,
  payload: Uint8Array,
): Promise<boolean> {
  const { length } = payload;
  const found = await recoverPayload(backend, key, signature, length, () => payload.slice());
  found?.fill(0);
  return found !== undefined;
}

/**
 * Recovers the payload of this length that the private key signed. Returns `undefined` for any other signature.
 *
 * It encodes the expected block and compares it with the whole block. A parser of the block could skip bytes in which
 * an attacker hides a forgery.
 *
 * @param rebuild - Makes the expected payload from the recovered payload. Default: accepts any payload.
 */
export async function recoverPayload(
  backend: Backend,
  key: RsaPublicKey,
  signature: Uint8Array,
  payloadLength: number,
  rebuild: (payload: Uint8Array) => Uint8Array = (payload) => payload.slice(),
): Promise<Uint8Array | undefined> {
  if (signature.length !== modulusLength(key) || bytesToInteger(signature) >= key.n) {
    return undefined;
  }
  const block = await publicOperation(backend, key, signature);
  const payload = block.slice(block.length - payloadLength);
  const rebuilt = rebuild(payload);
  const expected = encodeBlock(rebuilt, block.length);
  const isGenuine = equalBytes(block, expected);
  for (const copy of [block, rebuilt, expected]) copy.fill(0);
  if (isGenuine) return payload;
  payload.fill(0);
  return undefined;
}

async function privateOperation(
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

/** The caller has checked that the signature is below the modulus. */
async function publicOperation(
  backend: Backend,
  key: RsaPublicKey,
  signature: Uint8Array,
): Promise<Uint8Array> {
  if (backend.rsa !== undefined) return backend.rsa.recover(encodePkcs1Public(key), signature);
  const { publicOperation: operate } = await import('./arithmetic.ts');
  return integerToBytes(operate(key, bytesToInteger(signature)), signature.length);
}

/**
 * Makes the error for a signature that the public operation did not confirm: the key or the machine is faulty. If p or
 * q is composite, no signature verifies. This tests them for primality only now, because the test takes many times as
 * long as a signature.
 */
async function wrongSignature(key: RsaPrivateKey): Promise<BundleSealError> {
  try {
    await checkPrimes(key);
  } catch (error) {
    return error as BundleSealError;
  }
  return new BundleSealError(
    'ERR_SIGNER_FAILED',
    'the computed signature did not verify and was not released: the machine or its memory is faulty, do not use it for signing',
  );
}

/**
 * Checks that p and q are prime, which takes up to a few seconds. A composite number may pass every other check: a
 * Carmichael number signs like a prime, but an attacker who factors it has the private key.
 *
 * @throws {@link BundleSealError} `ERR_KEY_INVALID`
 */
export async function checkPrimes({ p, q }: Pick<RsaPrivateKey, 'p' | 'q'>): Promise<void> {
  const { isProbablePrimeRSA } = await import('micro-rsa-dsa-dh/primality.js');
  for (const [name, value] of Object.entries({ p, q })) {
    if (isProbablePrimeRSA(value, randomBytes)) continue;
    throw new BundleSealError(
      'ERR_KEY_INVALID',
      `the number ${name} of the RSA private key is not prime: the key is damaged or a faulty tool made it; make a new pair with keygen()`,
    );
  }
}
