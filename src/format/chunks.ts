// Computes positions and nonces of the chunks of a body: docs/format.md#body.

/** Length of a SHA-256 digest, in bytes. */
export const DIGEST_LENGTH = 32;

/** Length of a session key, in bytes: AES-256. */
export const SESSION_KEY_LENGTH = 32;

/** Bytes that AES-256-GCM adds to each chunk (NIST SP 800-38D §5.2.1.2). */
export const TAG_LENGTH = 16;

/** Bytes of a GCM nonce (NIST SP 800-38D §5.2.1.1). */
const NONCE_LENGTH = 12;

/** How a bundle of `size` plain bytes is divided into chunks. */
export interface ChunkLayout {
  /** Plain bytes in the bundle. */
  readonly size: number;
  /** Plain bytes in a chunk; the last one may hold fewer. */
  readonly chunkSize: number;
  /** Number of chunks. An empty bundle has one chunk, which is empty. */
  readonly count: number;
  /** Bytes of the whole body. */
  readonly bodyLength: number;
}

/** Where one chunk is: in the plain bundle and in the encrypted body, in bytes from the start of each. */
export interface ChunkPlace {
  readonly plainStart: number;
  readonly plainEnd: number;
  readonly encryptedStart: number;
  readonly encryptedEnd: number;
}

export function chunkLayout(size: number, chunkSize: number): ChunkLayout {
  const count = Math.max(1, Math.ceil(size / chunkSize));
  return { size, chunkSize, count, bodyLength: size + TAG_LENGTH * count };
}

export function chunkPlace(layout: ChunkLayout, index: number): ChunkPlace {
  const plainStart = index * layout.chunkSize;
  const plainEnd = Math.min(plainStart + layout.chunkSize, layout.size);
  const encryptedStart = index * (layout.chunkSize + TAG_LENGTH);
  return {
    plainStart,
    plainEnd,
    encryptedStart,
    encryptedEnd: encryptedStart + (plainEnd - plainStart) + TAG_LENGTH,
  };
}

/** Encodes the nonce of a chunk: the index as 11 bytes, then 01 for the last chunk and 00 for all others. */
export function chunkNonce(index: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(NONCE_LENGTH);
  const view = new DataView(nonce.buffer);
  view.setUint32(3, Math.floor(index / 2 ** 32));
  view.setUint32(7, index);
  nonce[NONCE_LENGTH - 1] = isLast ? 1 : 0;
  return nonce;
}
