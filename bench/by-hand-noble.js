// @ts-check
// Bare @noble/ciphers and @noble/hashes: AES-256-GCM and SHA-256 of each chunk, SHA-256 of the whole.

import { gcm } from '@noble/ciphers/aes.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { CHUNK_SIZE, chunkCount, nonceOf, sameBytes, TAG_LENGTH } from './format.js';

/** @param {Uint8Array} plain */
export function encryptBare(plain) {
  const count = chunkCount(plain.length);
  const sessionKey = crypto.getRandomValues(new Uint8Array(32));
  const body = new Uint8Array(plain.length + TAG_LENGTH * count);
  const digests = new Uint8Array(32 * count);
  const whole = sha256.create();
  for (let i = 0; i < count; i++) {
    const chunk = plain.subarray(i * CHUNK_SIZE, (i + 1) * CHUNK_SIZE);
    whole.update(chunk);
    const encrypted = gcm(sessionKey, nonceOf(i, count)).encrypt(chunk);
    body.set(encrypted, i * (CHUNK_SIZE + TAG_LENGTH));
    digests.set(sha256(encrypted), 32 * i);
  }
  return { body, digests, sessionKey, checksum: whole.digest() };
}

/**
 * @param {{ size: number, count: number, body: Uint8Array, digests: Uint8Array }} sealed
 * @param {{ sessionKey: Uint8Array, checksum: Uint8Array }} secrets
 */
export function decryptBare({ size, count, body, digests }, { sessionKey, checksum }) {
  const bundle = new Uint8Array(size);
  const whole = sha256.create();
  for (let i = 0; i < count; i++) {
    const at = i * (CHUNK_SIZE + TAG_LENGTH);
    const encrypted = body.subarray(at, at + CHUNK_SIZE + TAG_LENGTH);
    if (!sameBytes(sha256(encrypted), digests.subarray(32 * i, 32 * i + 32))) {
      throw new Error(`chunk ${i} is not the one that was sealed`);
    }
    const plain = gcm(sessionKey, nonceOf(i, count)).decrypt(encrypted);
    bundle.set(plain, i * CHUNK_SIZE);
    whole.update(plain);
  }
  if (!sameBytes(whole.digest(), checksum)) throw new Error('not the bundle that was sealed');
  return bundle;
}
