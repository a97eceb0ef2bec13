// The backend in pure JavaScript, for insecure contexts and runtimes without native cryptography.

import { gcm } from '@noble/ciphers/aes.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes, unshared } from '../bytes.ts';
import type { Backend, ChunkCipher } from './backend.ts';
import { reusedCopies } from './copies.ts';

function createCipher(_purpose: 'encrypt' | 'decrypt', sessionKey: Uint8Array): ChunkCipher {
  const key = sessionKey.slice();
  const copies = reusedCopies();
  const decrypted = (nonce: Uint8Array, encrypted: Uint8Array) => {
    try {
      return gcm(key, nonce).decrypt(encrypted);
    } catch {
      return undefined;
    }
  };
  return {
    inFlight: 1,
    encrypt(nonce, plain, out) {
      const encrypted = gcm(key, nonce).encrypt(unshared(plain));
      out.set(encrypted);
      return sha256(encrypted);
    },
    decrypt(nonce, encrypted, digest, out) {
      // Hashes and decrypts one copy, because another thread may write to `encrypted` between the two operations.
      const input = copies.copy(encrypted);
      const plain = equalBytes(sha256(input), digest) ? decrypted(nonce, input) : undefined;
      copies.giveBack(input);
      if (plain === undefined) return undefined;
      if (out === undefined) return plain;
      out.set(plain);
      plain.fill(0);
      return out;
    },
    close() {
      key.fill(0);
    },
  };
}

export const nobleBackend: Backend = {
  name: 'noble',
  sha256: (bytes) => sha256(bytes),
  createHash: () => sha256.create(),
  hashesWhole: false,
  createCipher,
};
