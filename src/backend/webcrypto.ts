// The backend with `crypto.subtle`: native AES-GCM, SHA-256 and key generation. It has no RSA signatures with message
// recovery.

import { equalBytes, unshared } from '../bytes.ts';
import type { Backend, ChunkCipher } from './backend.ts';
import { reusedCopies } from './copies.ts';

// Enough to keep the browser's worker pool busy. More would only take memory.
const IN_FLIGHT = 8;
const TAG_BITS = 128;

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', unshared(bytes)));
}

async function createCipher(
  purpose: 'encrypt' | 'decrypt',
  sessionKey: Uint8Array,
): Promise<ChunkCipher> {
  const { subtle } = crypto;
  const key = await subtle.importKey('raw', unshared(sessionKey), 'AES-GCM', false, [purpose]);
  const parameters = (nonce: Uint8Array) => ({
    name: 'AES-GCM',
    iv: nonce as Uint8Array<ArrayBuffer>,
    tagLength: TAG_BITS,
  });
  const copies = reusedCopies();
  return {
    inFlight: IN_FLIGHT,
    async encrypt(nonce, plain, out) {
      const encrypted = await subtle.encrypt(parameters(nonce), key, unshared(plain));
      const digest = subtle.digest('SHA-256', encrypted);
      out.set(new Uint8Array(encrypted));
      return new Uint8Array(await digest);
    },
    async decrypt(nonce, encrypted, digest, out) {
      // Each call of `crypto.subtle` copies the bytes before it returns, but another thread may write to them between
      // the two calls.
      const input = copies.copy(encrypted);
      const hashed = subtle.digest('SHA-256', input);
      const decrypted = subtle.decrypt(parameters(nonce), key, input).catch(ignoreWrongTag);
      const [actual, plain] = await Promise.all([hashed, decrypted]);
      copies.giveBack(input);
      if (plain === undefined || !equalBytes(new Uint8Array(actual), digest)) return undefined;
      if (out === undefined) return new Uint8Array(plain);
      out.set(new Uint8Array(plain));
      return out;
    },
    close() {
      // Nothing to wipe: the key is not extractable, and the runtime frees it with its last reference.
    },
  };
}

/** Ignores `OperationError`: the tag does not match. Throws any other error, which is a fault of the runtime. */
function ignoreWrongTag(error: unknown): undefined {
  if ((error as Partial<Error> | undefined)?.name !== 'OperationError') throw error;
}

async function generateKey(modulusBits: number): Promise<Uint8Array> {
  const { subtle } = crypto;
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: modulusBits,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const { privateKey } = await subtle.generateKey(algorithm, true, ['sign', 'verify']);
  return new Uint8Array(await subtle.exportKey('pkcs8', privateKey));
}

export const webcryptoBackend: Backend = {
  name: 'webcrypto',
  sha256,
  // `crypto.subtle` hashes only bytes in one piece, so this backend hashes streams in JavaScript.
  createHash: async () => (await import('./noble.ts')).nobleBackend.createHash(),
  hashesWhole: true,
  createCipher,
  generateKey,
};
