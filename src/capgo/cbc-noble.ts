// AES-128-CBC in pure JavaScript, in pieces with pauses between them.

import { cbc } from '@noble/ciphers/aes.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat } from '../bytes.ts';
import { BLOCK_LENGTH, type Cbc, encryptedLength } from './cbc.ts';

const PIECE = 65_536;

export const nobleCbc: Cbc = {
  async encrypt({ key, iv }, plain, step) {
    const encrypted = new Uint8Array(encryptedLength(plain.length));
    const hash = sha256.create();
    let chain = iv;
    for (let start = 0; ; start += PIECE) {
      // Copies the piece, so that the hash and the cipher get the same bytes even if a thread writes to the caller's
      // memory.
      const piece = new Uint8Array(plain.subarray(start, start + PIECE));
      hash.update(piece);
      const isLast = start + PIECE >= plain.length;
      const out = cbc(key, chain, { disablePadding: !isLast }).encrypt(piece);
      encrypted.set(out, start);
      if (isLast) return { encrypted, digest: hash.digest() };
      chain = out.subarray(out.length - BLOCK_LENGTH);
      await step(start + piece.length);
    }
  },

  async decrypt({ key, iv }, encrypted, step) {
    const plain = new Uint8Array(encrypted.length);
    const hash = sha256.create();
    let chain = iv;
    for (let start = 0; ; start += PIECE) {
      const piece = new Uint8Array(encrypted.subarray(start, start + PIECE));
      const isLast = start + PIECE >= encrypted.length;
      const last = concat(piece.subarray(piece.length - BLOCK_LENGTH));
      let out: Uint8Array;
      try {
        out = cbc(key, chain, { disablePadding: !isLast }).decrypt(piece);
      } catch {
        // Does as much work as after correct padding, because otherwise the time would reveal wrong padding
        // (Vaudenay, Eurocrypt 2002).
        hash.update(piece).digest();
        plain.fill(0);
        return undefined;
      }
      hash.update(out);
      plain.set(out, start);
      if (isLast) return { plain: plain.subarray(0, start + out.length), digest: hash.digest() };
      chain = last;
      await step(start + out.length);
    }
  },
};
