// @ts-check Bare chunked crypto.subtle over a stream: it joins arriving pieces to chunks, has eight chunks in flight
// with their digests, and passes them on in order. It makes no output stream.

import { CHUNK_SIZE, nonceOf, sameBytes, TAG_LENGTH } from './format.js';

const IN_FLIGHT = 8;

/**
 * @param {ReadableStream<Uint8Array>} stream - Header and body.
 * @param {{ size: number, count: number, digests: Uint8Array, body: Uint8Array }} sealed - What the header says.
 * @param {{ sessionKey: Uint8Array<ArrayBuffer> }} secrets
 * @param {(plain: Uint8Array) => void} use
 */
export async function decryptStreamBare(stream, { size, count, digests, body }, secrets, use) {
  const { subtle } = crypto;
  const key = await subtle.importKey('raw', secrets.sessionKey, 'AES-GCM', false, ['decrypt']);
  const take = taker(stream.getReader());
  await take(body.byteOffset);
  /** @type {Promise<Uint8Array>[]} */
  const inFlight = [];
  const open = async (
    /** @type {number} */ i,
    /** @type {Uint8Array<ArrayBuffer>} */ encrypted,
  ) => {
    const [digest, plain] = await Promise.all([
      subtle.digest('SHA-256', encrypted),
      subtle.decrypt({ name: 'AES-GCM', iv: nonceOf(i, count) }, key, encrypted),
    ]);
    if (!sameBytes(new Uint8Array(digest), digests.subarray(32 * i, 32 * i + 32))) {
      throw new Error(`chunk ${i} is not the one that was sealed`);
    }
    return new Uint8Array(plain);
  };
  for (let i = 0; i < count; i++) {
    const length = Math.min(CHUNK_SIZE, size - i * CHUNK_SIZE) + TAG_LENGTH;
    inFlight.push(open(i, await take(length)));
    if (inFlight.length === IN_FLIGHT) use(await /** @type {any} */ (inFlight.shift()));
  }
  for (const plain of inFlight) use(await plain);
}

/** @param {ReadableStreamDefaultReader<Uint8Array>} reader */
function taker(reader) {
  /** @type {Uint8Array} */
  let rest = new Uint8Array(0);
  return async (/** @type {number} */ length) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      if (rest.length === 0) {
        const { done, value } = await reader.read();
        if (done) throw new Error('the stream ends too early');
        rest = value;
      }
      const part = rest.subarray(0, length - at);
      bytes.set(part, at);
      rest = rest.subarray(part.length);
      at += part.length;
    }
    return bytes;
  };
}
