// `node:crypto`, taken from the runtime and not imported: a bundler for browsers never sees it.

import { equalBytes, reusedCopies } from '../bytes.ts';
import type { Backend, ChunkCipher, NativeRsa } from './backend.ts';
import { allocateShared, isOurs } from './node-memory.ts';
import { keepFreeMemory, release, SLICE } from './node-slices.ts';
import { borrowThread, type ChunkThread } from './node-thread.ts';

const crypto = process.getBuiltinModule('node:crypto');

const ALGORITHM = 'aes-256-gcm';
const TAG_LENGTH = 16;

// Below this a thread takes longer to start than it saves.
const THREAD_MIN_SIZE = 32 * 2 ** 20;

// What has come of a bundle of unknown size when it is taken for a large one.
const UNKNOWN_MIN_SIZE = 8 * 2 ** 20;

/** Without what a Buffer has of its own: its `slice` is a view, where everyone else expects a copy. */
function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return plainBytes(crypto.createHash('sha256').update(bytes).digest());
}

function createCipher(
  _purpose: 'seal' | 'open',
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

  function sealHere(nonce: Uint8Array, plain: Uint8Array, out: Uint8Array): Uint8Array {
    const encryption = crypto.createCipheriv(ALGORITHM, key, nonce);
    const hash = crypto.createHash('sha256');
    for (let at = 0; at < plain.length; at += SLICE) {
      const encrypted = encryption.update(plain.subarray(at, at + SLICE));
      hash.update(encrypted);
      out.set(encrypted, at);
      release(encrypted);
    }
    encryption.final();
    const tag = encryption.getAuthTag();
    out.set(tag, plain.length);
    return plainBytes(hash.update(tag).digest());
  }

  function openHere(
    nonce: Uint8Array,
    encrypted: Uint8Array,
    digest: Uint8Array,
    out: Uint8Array | undefined,
  ): Uint8Array | undefined {
    const end = encrypted.length - TAG_LENGTH;
    const tag = new Uint8Array(encrypted.subarray(end));
    const plain = out ?? new Uint8Array(end);
    const hash = crypto.createHash('sha256');
    const decipher = crypto.createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_LENGTH });
    decipher.setAuthTag(tag);
    for (let at = 0; at < end; at += SLICE) {
      const slice = encrypted.subarray(at, Math.min(at + SLICE, end));
      // A thread of the caller's or of the runtime's (fs.read) may write between the digest and the cipher.
      const input = isOurs(slice.buffer) ? slice : copies.copy(slice);
      hash.update(input);
      const opened = decipher.update(input);
      plain.set(opened, at);
      release(opened);
      if (input !== slice) copies.giveBack(input);
    }
    if (equalBytes(hash.update(tag).digest(), digest) && isGenuine(decipher)) return plain;
    plain.fill(0);
    return undefined;
  }

  if (size >= THREAD_MIN_SIZE) keepFreeMemory();
  return {
    inFlight: Number.POSITIVE_INFINITY,
    hasThread: thread !== undefined,
    seal(nonce, plain, out) {
      countUnknown(plain.length);
      const here = () => sealHere(nonce, plain, out);
      return threadNow()?.seal(nonce, plain, out, here) ?? here();
    },
    open(nonce, encrypted, digest, out) {
      const here = () => openHere(nonce, encrypted, digest, out);
      const there = threadNow();
      return there === undefined ? here() : there.open(nonce, encrypted, digest, out, here);
    },
    close: () => thread?.giveBack(),
  };
}

function isGenuine(decipher: ReturnType<typeof crypto.createDecipheriv>): boolean {
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  }
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
