// `node:crypto`, taken from the runtime and not imported: a bundler for browsers never sees it.

import { TAG_LENGTH } from '../format/chunks.ts';
import type { Backend, ChunkCipher, NativeRsa } from './backend.ts';
import { reusedCopies } from './copies.ts';
import { decryptChunk, encryptChunk, plainBytes } from './node-chunk.ts';
import { allocateShared, isOurs } from './node-memory.ts';
import { keepFreeMemory } from './node-slices.ts';
import { borrowThread, type ChunkThread } from './node-thread.ts';

const crypto = process.getBuiltinModule('node:crypto');

// Below this a thread takes longer to start than it saves.
const THREAD_MIN_SIZE = 32 * 2 ** 20;

// What has come of a bundle of unknown size when it is taken for a large one.
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
  const key = crypto.createSecretKey(sessionKey);
  const large = size >= THREAD_MIN_SIZE && size !== Number.POSITIVE_INFINITY;
  let thread: ChunkThread | undefined = large ? borrowThread(sessionKey, chunkSize) : undefined;
  let seen = 0;
  const copies = reusedCopies();

  /** The thread, or another one after a pause in which it was ended. */
  function threadNow(): ChunkThread | undefined {
    if (thread?.hasRested()) thread = borrowThread(sessionKey, chunkSize);
    return thread;
  }

  /** A bundle of unknown size gets its thread when it turns out to be worth one. */
  function countUnknown(length: number): void {
    if (size !== Number.POSITIVE_INFINITY || seen >= UNKNOWN_MIN_SIZE) return;
    seen += length;
    if (seen >= UNKNOWN_MIN_SIZE) thread = borrowThread(sessionKey, chunkSize);
  }

  function decryptHere(
    nonce: Uint8Array,
    encrypted: Uint8Array,
    digest: Uint8Array,
    out: Uint8Array | undefined,
  ): Uint8Array | undefined {
    const plain = out ?? new Uint8Array(encrypted.length - TAG_LENGTH);
    // A thread of the caller's or of the runtime's (fs.read) may write between the digest and the cipher.
    const copied = isOurs(encrypted.buffer) ? undefined : copies;
    return decryptChunk(key, nonce, encrypted, digest, plain, copied) ? plain : undefined;
  }

  if (size >= THREAD_MIN_SIZE) keepFreeMemory();
  return {
    inFlight: Number.POSITIVE_INFINITY,
    hasThread: thread !== undefined,
    encrypt(nonce, plain, out) {
      countUnknown(plain.length);
      const here = () => encryptChunk(key, nonce, plain, out);
      return threadNow()?.encrypt(nonce, plain, out, here) ?? here();
    },
    decrypt(nonce, encrypted, digest, out) {
      const here = () => decryptHere(nonce, encrypted, digest, out);
      const there = threadNow();
      return there === undefined ? here() : there.decrypt(nonce, encrypted, digest, out, here);
    },
    close: () => thread?.giveBack(),
  };
}

// The block is built and compared by the layer above, for every backend alike.
const UNPADDED = { padding: crypto.constants.RSA_NO_PADDING };

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

// Deno's node:crypto knows no unpadded signatures ("Unknown padding"): there the arithmetic of the other backends
// does it, and everything else stays native.
const hasUnpadded = process.versions['deno'] === undefined;

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
