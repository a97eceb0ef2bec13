// @ts-check A direct implementation of the job with node:crypto, in one thread: AES-256-GCM over chunks, one SHA-256
// of the plain bundle, one RSA operation. Without `digests` it leaves out the digest of each chunk.

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
} from 'node:crypto';
import {
  CHUNK_SIZE,
  chunkCount,
  nonceOf,
  readPayload,
  TAG_LENGTH,
  writePayload,
} from './format.js';

const ALGORITHM = 'aes-256-gcm';

/**
 * @param {Uint8Array} plain @param {string} privateKey - PEM.
 * @param {{ slice?: number, out?: Uint8Array, digests?: boolean }} [options] - `slice`: bytes handed to the
 * cipher at once; `out`: memory to write to instead of fresh memory; `digests`: also the SHA-256 of each
 * encrypted chunk, as the format has it.
 */
export function encryptByHand(
  plain,
  privateKey,
  { slice = CHUNK_SIZE, out, digests = false } = {},
) {
  const count = chunkCount(plain.length);
  const body = out ?? Buffer.allocUnsafe(plain.length + TAG_LENGTH * count);
  const sessionKey = randomBytes(32);
  const kept = new Uint8Array(digests ? 32 * count : 0);
  const hash = createHash('sha256');
  let at = 0;
  for (let i = 0; i < count; i++) {
    const chunk = plain.subarray(i * CHUNK_SIZE, (i + 1) * CHUNK_SIZE);
    hash.update(chunk);
    const begin = at;
    const cipher = createCipheriv(ALGORITHM, sessionKey, nonceOf(i, count));
    for (let start = 0; start < chunk.length; start += slice) {
      const encrypted = cipher.update(chunk.subarray(start, start + slice));
      body.set(encrypted, at);
      at += encrypted.length;
    }
    cipher.final();
    body.set(cipher.getAuthTag(), at);
    at += TAG_LENGTH;
    if (digests) kept.set(digestOf(body.subarray(begin, at)), 32 * i);
  }
  const checksum = hash.digest();
  const payload = writePayload(sessionKey, checksum, new Uint8Array(32));
  const signature = privateEncrypt(privateKey, payload);
  return { body, digests: kept, sessionKey, checksum, signature };
}

/**
 * @param {{ size: number, count: number, signature: Uint8Array, digests: Uint8Array, body: Uint8Array }} sealed
 * @param {string} publicKey - PEM.
 * @param {{ slice?: number, out?: Uint8Array, digests?: boolean }} [options] - As above.
 */
export function decryptByHand(
  sealed,
  publicKey,
  { slice = CHUNK_SIZE, out, digests = false } = {},
) {
  const { size, count, body } = sealed;
  const { sessionKey, checksum } = readPayload(publicDecrypt(publicKey, sealed.signature));
  const bundle = out ?? Buffer.allocUnsafe(size);
  const hash = createHash('sha256');
  let at = 0;
  for (let i = 0; i < count; i++) {
    const from = i * (CHUNK_SIZE + TAG_LENGTH);
    const end = Math.min(from + CHUNK_SIZE, body.length - TAG_LENGTH);
    if (digests) {
      const digest = digestOf(body.subarray(from, end + TAG_LENGTH));
      if (!digest.equals(sealed.digests.subarray(32 * i, 32 * i + 32))) {
        throw new Error(`chunk ${i} is not the one that was sealed`);
      }
    }
    const decipher = createDecipheriv(ALGORITHM, sessionKey, nonceOf(i, count));
    decipher.setAuthTag(body.subarray(end, end + TAG_LENGTH));
    const begin = at;
    for (let start = from; start < end; start += slice) {
      const plain = decipher.update(body.subarray(start, Math.min(start + slice, end)));
      bundle.set(plain, at);
      at += plain.length;
    }
    decipher.final();
    hash.update(bundle.subarray(begin, at));
  }
  if (!hash.digest().equals(checksum)) throw new Error('not the bundle that was sealed');
  return bundle;
}

/** @param {Uint8Array} bytes */
function digestOf(bytes) {
  return createHash('sha256').update(bytes).digest();
}
