// Pure JavaScript: works in insecure contexts and wherever there is no native cryptography.

import { gcm } from '@noble/ciphers/aes.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes, unshared } from '../bytes.ts';
import type { Backend, ChunkCipher } from './backend.ts';

function createCipher(_purpose: 'seal' | 'open', sessionKey: Uint8Array): ChunkCipher {
  const key = sessionKey.slice();
  return {
    inFlight: 1,
    seal(nonce, plain, out) {
      const encrypted = gcm(key, nonce).encrypt(unshared(plain));
      out.set(encrypted);
      return sha256(encrypted);
    },
    open(nonce, encrypted, digest, out) {
      const input = unshared(encrypted);
      if (!equalBytes(sha256(input), digest)) return undefined;
      let plain: Uint8Array;
      try {
        plain = gcm(key, nonce).decrypt(input);
      } catch {
        return undefined;
      }
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
