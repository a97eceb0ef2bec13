// The backend with `node:crypto`.

import type { Backend, ChunkCipher, NativeRsa } from './backend.ts';
import { cipherHere, plainBytes } from './node-chunk.ts';
import { crypto, isDeno } from './node-crypto.ts';
import { allocateShared } from './node-memory.ts';
import { keepFreeMemory } from './node-slices.ts';
import { borrowThread, type ChunkThread } from './node-thread.ts';

// For a smaller bundle, starting a thread takes longer than it saves.
const THREAD_MIN_SIZE = 32 * 2 ** 20;

// After this many bytes, a bundle of unknown size counts as large.
const UNKNOWN_MIN_SIZE = 8 * 2 ** 20;

function sha256(bytes: Uint8Array): Uint8Array {
  return plainBytes(crypto.createHash('sha256').update(bytes).digest());
}

function createCipher(
  _purpose: 'encrypt' | 'decrypt',
  sessionKey: Uint8Array,
  size: number,
  chunkSize: number,
): ChunkCipher {
  const here = cipherHere(sessionKey);
  const inFlight = Number.POSITIVE_INFINITY;
  if (size < THREAD_MIN_SIZE) return { inFlight, hasThread: false, ...here, close() {} };
  keepFreeMemory();
  const borrow = () => borrowThread(sessionKey, chunkSize);
  const isKnown = size !== Number.POSITIVE_INFINITY;
  let thread: ChunkThread | undefined = isKnown ? borrow() : undefined;
  let seen = 0;

  /** Returns the thread. Borrows another one if it ended during a pause. */
  function threadNow(): ChunkThread | undefined {
    if (thread?.hasEndedIdle()) thread = borrow();
    return thread;
  }

  /** Borrows a thread for a bundle of unknown size once enough bytes have arrived. */
  function countUnknown(length: number): void {
    if (isKnown || seen >= UNKNOWN_MIN_SIZE) return;
    seen += length;
    if (seen >= UNKNOWN_MIN_SIZE) thread = borrow();
  }

  return {
    inFlight,
    hasThread: thread !== undefined,
    encrypt(nonce, plain, out) {
      countUnknown(plain.length);
      const encryptHere = () => here.encrypt(nonce, plain, out);
      return threadNow()?.encrypt(nonce, plain, out, encryptHere) ?? encryptHere();
    },
    decrypt(nonce, encrypted, digest, out) {
      const decryptHere = () => here.decrypt(nonce, encrypted, digest, out);
      const there = threadNow();
      return there === undefined
        ? decryptHere()
        : there.decrypt(nonce, encrypted, digest, out, decryptHere);
    },
    close: () => thread?.giveBack(),
  };
}

// `seal/pkcs1.ts` builds and compares the padded block for every backend.
const UNPADDED = { padding: crypto?.constants.RSA_NO_PADDING };

const rsa: NativeRsa = {
  // OpenSSL blinds the operation and checks its CRT result with the public exponent.
  sign(privateKey, block) {
    const key = crypto.createPrivateKey({
      key: privateKey as Buffer,
      format: 'der',
      type: 'pkcs1',
    });
    return plainBytes(crypto.privateEncrypt({ key, ...UNPADDED }, block));
  },
  recover(publicKey, signature) {
    const key = crypto.createPublicKey({ key: publicKey as Buffer, format: 'der', type: 'pkcs1' });
    return plainBytes(crypto.publicDecrypt({ key, ...UNPADDED }, signature));
  },
};

// Deno's node:crypto refuses RSA without padding ("Unknown padding"). On Deno, `seal/arithmetic.ts` computes signatures.
// All other operations stay native.
const hasUnpadded = !isDeno;

function generateKey(modulusBits: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    crypto.generateKeyPair(
      'rsa',
      {
        modulusLength: modulusBits,
        publicExponent: 65_537,
        publicKeyEncoding: { format: 'der', type: 'spki' },
        privateKeyEncoding: { format: 'der', type: 'pkcs8' },
      },
      (error, _publicKey, privateKey) =>
        error === null ? resolve(plainBytes(privateKey)) : reject(error),
    );
  });
}

export const nodeBackend: Backend = {
  name: 'node',
  sha256,
  createHash() {
    const hash = crypto.createHash('sha256');
    return {
      update: (bytes) => void hash.update(bytes),
      digest: () => plainBytes(hash.digest()),
    };
  },
  hashesWhole: false,
  allocateShared,
  allocateUnset: (length) => plainBytes(Buffer.allocUnsafeSlow(length)),
  createCipher,
  ...(hasUnpadded ? { rsa } : {}),
  generateKey,
};
