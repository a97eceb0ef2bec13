// @ts-check A second implementation of the sealed format from docs/format.md, to check that the library opens bundles
// of the peers and the peers open bundles of the library.

export const CHUNK_SIZE = 2 ** 18;
export const TAG_LENGTH = 16;
const FIXED_LENGTH = 56;
const MAGIC = new TextEncoder().encode('BNDLSEAL');

/** @param {number} size */
export function chunkCount(size) {
  return Math.max(1, Math.ceil(size / CHUNK_SIZE));
}

/** @param {number} index @param {number} count */
export function nonceOf(index, count) {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(7, index);
  nonce[11] = index === count - 1 ? 1 : 0;
  return nonce;
}

/**
 * A head without metadata.
 *
 * @param {{ size: number, keyId: Uint8Array, digests: Uint8Array, signatureLength: number }} fields
 */
export function writeHead({ size, keyId, digests, signatureLength }) {
  const head = new Uint8Array(FIXED_LENGTH + digests.length);
  const view = new DataView(head.buffer);
  head.set(MAGIC);
  head.set([2, 1, Math.log2(CHUNK_SIZE), 0], 8);
  view.setUint16(12, signatureLength);
  view.setBigUint64(16, BigInt(size));
  head.set(keyId, 24);
  head.set(digests, FIXED_LENGTH);
  return head;
}

/** @param {Uint8Array} sealed */
export function readSealed(sealed) {
  const view = new DataView(sealed.buffer, sealed.byteOffset, FIXED_LENGTH);
  const signatureLength = view.getUint16(12);
  const digestsAt = FIXED_LENGTH + view.getUint16(14);
  const size = Number(view.getBigUint64(16));
  const count = chunkCount(size);
  const headLength = digestsAt + 32 * count;
  return {
    size,
    count,
    keyId: sealed.subarray(24, FIXED_LENGTH),
    head: sealed.subarray(0, headLength),
    digests: sealed.subarray(digestsAt, headLength),
    signature: sealed.subarray(headLength, headLength + signatureLength),
    body: sealed.subarray(headLength + signatureLength),
  };
}

/** @param {Uint8Array} sessionKey @param {Uint8Array} checksum @param {Uint8Array} headDigest */
export function writePayload(sessionKey, checksum, headDigest) {
  return join(MAGIC, sessionKey, checksum, headDigest);
}

/** @param {Uint8Array} payload */
export function readPayload(payload) {
  return { sessionKey: payload.subarray(8, 40), checksum: payload.subarray(40, 72) };
}

/** @param {Uint8Array[]} parts */
export function join(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** @param {Uint8Array} a @param {Uint8Array} b */
export function sameBytes(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The bench stops where a peer and the library disagree. @param {boolean} agrees @param {string} what */
export function mustAgree(agrees, what) {
  if (!agrees) throw new Error(`the peers do not agree, nothing is measured: ${what}`);
}
