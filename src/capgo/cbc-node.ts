// AES-128-CBC by node:crypto.

import type { Hash } from 'node:crypto';
import { reusedCopies } from '../backend/copies.ts';
import { crypto } from '../backend/node-crypto.ts';
import { type Cbc, encryptedLength } from './cbc.ts';
import type { Session } from './session.ts';

/** A cipher that processes a file in pieces. */
export interface Pieces {
  update(bytes: Uint8Array): Uint8Array;
  final(): Uint8Array;
}

const ALGORITHM = 'aes-128-cbc';

// OpenSSL's output for a slice of this length stays in the processor's cache until it is copied and hashed.
const SLICE = 65_536;

// After this many slices, the call checks the signal and lets other work run.
const SLICES_A_STEP = 64;

export function createSha256(): Hash {
  return crypto.createHash('sha256');
}

/** Makes a cipher that encrypts piece after piece. */
export function createCipher({ key, iv }: Session): Pieces {
  return crypto.createCipheriv(ALGORITHM, key, iv);
}

/** Makes a cipher that decrypts piece after piece. `refusal` makes the error for wrong padding. */
export function createDecipher({ key, iv }: Session, refusal: () => Error): Pieces {
  const decipher = crypto.createDecipheriv(ALGORITHM, key, iv);
  return {
    update: (bytes) => decipher.update(bytes),
    final() {
      try {
        return decipher.final();
      } catch {
        throw refusal();
      }
    },
  };
}

export const nodeCbc: Cbc = {
  async encrypt({ key, iv }, plain, step) {
    const cipher = crypto.createCipheriv(ALGORITHM, key, iv);
    const hash = crypto.createHash('sha256');
    const encrypted = new Uint8Array(encryptedLength(plain.length));
    const copies = reusedCopies();
    let at = 0;
    for (let start = 0, slices = 1; start < plain.length; start += SLICE, slices++) {
      // Copies the slice, so that the hash and the cipher get the same bytes even if a thread writes to the caller's
      // memory.
      const slice = copies.copy(plain.subarray(start, start + SLICE));
      hash.update(slice);
      const piece = cipher.update(slice);
      encrypted.set(piece, at);
      at += piece.length;
      copies.giveBack(slice);
      if (slices % SLICES_A_STEP === 0) await step(start + slice.length);
    }
    encrypted.set(cipher.final(), at);
    return { encrypted, digest: new Uint8Array(hash.digest()) };
  },

  async decrypt({ key, iv }, encrypted, step) {
    const decipher = crypto.createDecipheriv(ALGORITHM, key, iv);
    const hash = crypto.createHash('sha256');
    const plain = new Uint8Array(encrypted.length);
    let at = 0;
    const take = (piece: Uint8Array) => {
      hash.update(piece);
      plain.set(piece, at);
      at += piece.length;
    };
    for (let start = 0, slices = 1; start < encrypted.length; start += SLICE, slices++) {
      take(decipher.update(encrypted.subarray(start, start + SLICE)));
      if (slices % SLICES_A_STEP === 0) await step(at);
    }
    try {
      take(decipher.final());
    } catch {
      // Does as much work as after correct padding, because otherwise the time would reveal wrong padding (Vaudenay,
      // Eurocrypt 2002).
      hash.digest();
      plain.fill(0);
      return undefined;
    }
    return { plain: plain.subarray(0, at), digest: new Uint8Array(hash.digest()) };
  },
};
