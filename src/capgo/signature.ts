// R(x): PKCS#1 v1.5 block type 1 (RFC 8017 §9.2) holding x itself, under the private key. Whoever has the
// public key recovers x, and only the private key can have made it.

import type { Backend } from '../backend/backend.ts';
import { bytesToInteger, equalBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { modulusLength, type RsaPrivateKey, type RsaPublicKey } from '../keys/rsa.ts';
import { encodeBlock, privateOperation, publicOperation } from '../seal/seal.ts';
import { wrongSignature } from '../seal/wrong-signature.ts';

/** Signs; what comes out is checked before it is released, as a fault would give the key away. */
export async function sign(
  backend: Backend,
  key: RsaPrivateKey,
  payload: Uint8Array,
): Promise<Uint8Array> {
  const block = encodeBlock(payload, modulusLength(key));
  try {
    const signature = await privateOperation(backend, key, block);
    if (
      bytesToInteger(signature) >= key.n ||
      !equalBytes(await publicOperation(backend, key, signature), block)
    ) {
      throw await wrongSignature(key);
    }
    return signature;
  } finally {
    block.fill(0);
  }
}

/**
 * Recovers a payload of a known length. The whole block is compared with the one that must be there: nothing
 * of its padding is parsed or skipped.
 *
 * @throws {@link BundleSealError} `ERR_SEAL_INVALID`.
 */
export async function recover(
  backend: Backend,
  key: RsaPublicKey,
  signature: Uint8Array,
  payloadLength: number,
): Promise<Uint8Array> {
  if (signature.length === modulusLength(key) && bytesToInteger(signature) < key.n) {
    const block = await publicOperation(backend, key, signature);
    const payload = block.slice(block.length - payloadLength);
    const expected = encodeBlock(payload, block.length);
    const isGenuine = equalBytes(block, expected);
    block.fill(0);
    expected.fill(0);
    if (isGenuine) return payload;
    payload.fill(0);
  }
  throw new BundleSealError(
    'ERR_SEAL_INVALID',
    'the session key or checksum was not made by the private key of this public key: check the key; bundles of the withdrawn V1 scheme, which the public key encrypts, are not opened',
  );
}
