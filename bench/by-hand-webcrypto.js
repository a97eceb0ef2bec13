// @ts-check Bare chunked crypto.subtle, in Node and in a page: eight chunks in flight, each with its digest, and the
// digest of the whole. It does not include the RSA operation.

import { CHUNK_SIZE, chunkCount, nonceOf, sameBytes, TAG_LENGTH } from './format.js';

const IN_FLIGHT = 8;

/** @param {Uint8Array<ArrayBuffer>} plain */
export async function encryptBare(plain) {
  const { subtle } = crypto;
  const count = chunkCount(plain.length);
  const sessionKey = crypto.getRandomValues(new Uint8Array(32));
  const key = await subtle.importKey('raw', sessionKey, 'AES-GCM', false, ['encrypt']);
  const body = new Uint8Array(plain.length + TAG_LENGTH * count);
  const digests = new Uint8Array(32 * count);
  const checksum = subtle.digest('SHA-256', plain);
  await inLanes(count, async (i) => {
    const chunk = plain.subarray(i * CHUNK_SIZE, (i + 1) * CHUNK_SIZE);
    const encrypted = await subtle.encrypt({ name: 'AES-GCM', iv: nonceOf(i, count) }, key, chunk);
    const digest = subtle.digest('SHA-256', encrypted);
    body.set(new Uint8Array(encrypted), i * (CHUNK_SIZE + TAG_LENGTH));
    digests.set(new Uint8Array(await digest), 32 * i);
  });
  return { body, digests, sessionKey, checksum: new Uint8Array(await checksum) };
}

/**
 * @param {{ size: number, count: number, body: Uint8Array<ArrayBuffer>, digests: Uint8Array }} sealed
 * @param {{ sessionKey: Uint8Array<ArrayBuffer>, checksum: Uint8Array }} secrets
 */
export async function decryptBare({ size, count, body, digests }, { sessionKey, checksum }) {
  const { subtle } = crypto;
  const key = await subtle.importKey('raw', sessionKey, 'AES-GCM', false, ['decrypt']);
  const bundle = new Uint8Array(size);
  await inLanes(count, async (i) => {
    const at = i * (CHUNK_SIZE + TAG_LENGTH);
    const encrypted = body.subarray(at, at + CHUNK_SIZE + TAG_LENGTH);
    const [digest, plain] = await Promise.all([
      subtle.digest('SHA-256', encrypted),
      subtle.decrypt({ name: 'AES-GCM', iv: nonceOf(i, count) }, key, encrypted),
    ]);
    if (!sameBytes(new Uint8Array(digest), digests.subarray(32 * i, 32 * i + 32))) {
      throw new Error(`chunk ${i} is not the one that was sealed`);
    }
    bundle.set(new Uint8Array(plain), i * CHUNK_SIZE);
  });
  if (!sameBytes(new Uint8Array(await subtle.digest('SHA-256', bundle)), checksum)) {
    throw new Error('not the bundle that was sealed');
  }
  return bundle;
}

/** @param {number} count @param {(index: number) => Promise<void>} work */
async function inLanes(count, work) {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}
