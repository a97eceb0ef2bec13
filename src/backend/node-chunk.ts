// Encrypts and decrypts chunks with node:crypto. Both threads use it.

import type { CipherKey } from 'node:crypto';
import { equalBytes } from '../bytes.ts';
import { TAG_LENGTH } from '../format/chunks.ts';
import { type Copies, reusedCopies } from './copies.ts';
import { crypto } from './node-crypto.ts';
import { isOurs } from './node-memory.ts';
import { CIPHER_SLICE, release } from './node-slices.ts';

const ALGORITHM = 'aes-256-gcm';

/**
 * Converts a Buffer to a Uint8Array, because `slice` of a Buffer returns a view where other code expects a copy.
 */
export function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** The chunks of one bundle on the caller's thread, with the functions of a `ChunkCipher`. */
export interface CipherHere {
  encrypt(nonce: Uint8Array, plain: Uint8Array, out: Uint8Array): Uint8Array;
  decrypt(
    nonce: Uint8Array,
    encrypted: Uint8Array,
    digest: Uint8Array,
    out: Uint8Array | undefined,
  ): Uint8Array | undefined;
}

export function cipherHere(sessionKey: Uint8Array): CipherHere {
  const key = crypto.createSecretKey(sessionKey);
  const copies = reusedCopies();
  return {
    encrypt: (nonce, plain, out) => encryptChunk(key, nonce, plain, out),
    decrypt(nonce, encrypted, digest, out) {
      const plain = out ?? new Uint8Array(encrypted.length - TAG_LENGTH);
      // Another thread of the caller or of the runtime (fs.read) may write to `encrypted` between the hash and the cipher.
      const copied = isOurs(encrypted.buffer) ? undefined : copies;
      return decryptChunk(key, nonce, encrypted, digest, plain, copied) ? plain : undefined;
    },
  };
}

/** Writes the encrypted chunk and its tag to `out`. Returns the SHA-256 of both. */
export function encryptChunk(
  key: CipherKey,
  nonce: Uint8Array,
  plain: Uint8Array,
  out: Uint8Array,
): Uint8Array {
  const cipher = crypto.createCipheriv(ALGORITHM, key, nonce);
  const hash = crypto.createHash('sha256');
  for (let at = 0; at < plain.length; at += CIPHER_SLICE) {
    const encrypted = cipher.update(plain.subarray(at, at + CIPHER_SLICE));
    hash.update(encrypted);
    out.set(encrypted, at);
    release(encrypted);
  }
  cipher.final();
  const tag = cipher.getAuthTag();
  out.set(tag, plain.length);
  return plainBytes(hash.update(tag).digest());
}

/**
 * Writes the plain chunk to `out` if `encrypted` has this SHA-256 and decrypts. Otherwise wipes `out`.
 *
 * @param copies - The caller passes it if another thread may write to `encrypted` during the call. Then this hashes and
 * decrypts one copy of each slice.
 * @returns Whether the chunk is genuine.
 */
export function decryptChunk(
  key: CipherKey,
  nonce: Uint8Array,
  encrypted: Uint8Array,
  digest: Uint8Array,
  out: Uint8Array,
  copies: Copies | undefined,
): boolean {
  const end = encrypted.length - TAG_LENGTH;
  const tag = new Uint8Array(encrypted.subarray(end));
  const hash = crypto.createHash('sha256');
  const decipher = crypto.createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_LENGTH });
  decipher.setAuthTag(tag);
  for (let at = 0; at < end; at += CIPHER_SLICE) {
    const slice = encrypted.subarray(at, Math.min(at + CIPHER_SLICE, end));
    const input = copies?.copy(slice) ?? slice;
    hash.update(input);
    const plain = decipher.update(input);
    out.set(plain, at);
    release(plain);
    copies?.giveBack(input);
  }
  if (equalBytes(hash.update(tag).digest(), digest) && isGenuine(decipher)) return true;
  out.fill(0, 0, end);
  return false;
}

function isGenuine(decipher: ReturnType<typeof crypto.createDecipheriv>): boolean {
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  }
}
