// @ts-check
// libsodium in WebAssembly, with its own parts for each need: secretstream (XChaCha20-Poly1305) over chunks of
// 256 KiB, its key in a box sealed to the recipient (X25519), and an Ed25519 signature of that box, the
// stream's header and the BLAKE2b of the plain bundle.
//
//   file = sealed key (80) || secretstream header (24) || chunks, each with 17 bytes || signature (64)

import { open as openFile } from 'node:fs/promises';
import sodium from 'libsodium-wrappers';
import { versionOf } from '../dependencies.js';

await sodium.ready;

const CHUNK = 2 ** 18;
const OVERHEAD = sodium.crypto_secretstream_xchacha20poly1305_ABYTES;
const KEY_LENGTH =
  sodium.crypto_secretstream_xchacha20poly1305_KEYBYTES + sodium.crypto_box_SEALBYTES;
const HEAD_LENGTH = KEY_LENGTH + sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES;
const { crypto_secretstream_xchacha20poly1305_TAG_FINAL: FINAL } = sodium;
const { crypto_secretstream_xchacha20poly1305_TAG_MESSAGE: MESSAGE } = sodium;

/** @param {Uint8Array} encryptTo @param {Uint8Array} signWith */
function startSealing(encryptTo, signWith) {
  const key = sodium.crypto_secretstream_xchacha20poly1305_keygen();
  const { state, header } = sodium.crypto_secretstream_xchacha20poly1305_init_push(key);
  const head = Buffer.concat([sodium.crypto_box_seal(key, encryptTo), header]);
  const hash = sodium.crypto_generichash_init(null, 32);
  return {
    head,
    /** @param {Uint8Array} chunk @param {boolean} last */
    push(chunk, last) {
      sodium.crypto_generichash_update(hash, chunk);
      return sodium.crypto_secretstream_xchacha20poly1305_push(
        state,
        chunk,
        null,
        last ? FINAL : MESSAGE,
      );
    },
    sign: () =>
      sodium.crypto_sign_detached(
        Buffer.concat([head, sodium.crypto_generichash_final(hash, 32)]),
        signWith,
      ),
  };
}

/** @param {Uint8Array} head @param {any} keys */
function startOpening(head, { box, sign }) {
  const key = sodium.crypto_box_seal_open(
    head.subarray(0, KEY_LENGTH),
    box.publicKey,
    box.privateKey,
  );
  const state = sodium.crypto_secretstream_xchacha20poly1305_init_pull(
    head.subarray(KEY_LENGTH),
    key,
  );
  const hash = sodium.crypto_generichash_init(null, 32);
  return {
    /** @param {Uint8Array} chunk @param {boolean} last */
    pull(chunk, last) {
      const pulled = sodium.crypto_secretstream_xchacha20poly1305_pull(state, chunk, null);
      if (pulled === false || (pulled.tag === FINAL) !== last) throw new Error('a chunk is wrong');
      sodium.crypto_generichash_update(hash, pulled.message);
      return pulled.message;
    },
    /** @param {Uint8Array} signature */
    verify(signature) {
      const signed = Buffer.concat([head, sodium.crypto_generichash_final(hash, 32)]);
      if (!sodium.crypto_sign_verify_detached(signature, signed, sign.publicKey)) {
        throw new Error('the signature is wrong');
      }
    },
  };
}

/** @param {number} size @param {number} stride */
function countOf(size, stride) {
  return Math.max(1, Math.ceil(size / stride));
}

/** @type {import('../contenders.js').InMemory} */
const memory = {
  seal({ box, sign }, plain) {
    const stream = startSealing(box.publicKey, sign.privateKey);
    const count = countOf(plain.length, CHUNK);
    const bytes = Buffer.allocUnsafe(HEAD_LENGTH + plain.length + OVERHEAD * count + 64);
    bytes.set(stream.head);
    let at = HEAD_LENGTH;
    for (let i = 0; i < count; i++) {
      const encrypted = stream.push(plain.subarray(i * CHUNK, (i + 1) * CHUNK), i === count - 1);
      bytes.set(encrypted, at);
      at += encrypted.length;
    }
    bytes.set(stream.sign(), at);
    return { bytes };
  },
  open(keys, sealed) {
    const bytes = /** @type {Uint8Array} */ (sealed.bytes);
    const stream = startOpening(bytes.subarray(0, HEAD_LENGTH), keys);
    const body = bytes.subarray(HEAD_LENGTH, -64);
    const stride = CHUNK + OVERHEAD;
    const count = countOf(body.length, stride);
    const plain = Buffer.allocUnsafe(body.length - OVERHEAD * count);
    for (let i = 0; i < count; i++) {
      const chunk = body.subarray(i * stride, (i + 1) * stride);
      plain.set(stream.pull(chunk, i === count - 1), i * CHUNK);
    }
    stream.verify(bytes.subarray(-64));
    return plain;
  },
};

/** @type {import('../contenders.js').FileToFile} */
const file = {
  async seal({ box, sign }, input, output) {
    const stream = startSealing(box.publicKey, sign.privateKey);
    await copy(input, output, async (from, to, size) => {
      await to.write(stream.head);
      const count = countOf(size, CHUNK);
      const buffer = Buffer.allocUnsafe(CHUNK);
      for (let i = 0; i < count; i++) {
        const chunk = await readWhole(from, buffer, i * CHUNK, Math.min(CHUNK, size - i * CHUNK));
        await to.write(stream.push(chunk, i === count - 1));
      }
      await to.write(stream.sign());
    });
  },
  async open(keys, input, output) {
    await copy(input, output, async (from, to, size) => {
      const head = Buffer.alloc(HEAD_LENGTH);
      const stream = startOpening(await readWhole(from, head, 0, HEAD_LENGTH), keys);
      const stride = CHUNK + OVERHEAD;
      const length = size - HEAD_LENGTH - 64;
      const count = countOf(length, stride);
      const buffer = Buffer.allocUnsafe(stride);
      for (let i = 0; i < count; i++) {
        const at = i * stride;
        const wanted = Math.min(stride, length - at);
        const chunk = await readWhole(from, buffer, HEAD_LENGTH + at, wanted);
        await to.write(stream.pull(chunk, i === count - 1));
      }
      stream.verify(await readWhole(from, Buffer.alloc(64), size - 64, 64));
    });
  },
};

/** @typedef {import('node:fs/promises').FileHandle} FileHandle */

/** @param {string} input @param {string} output @param {(from: FileHandle, to: FileHandle, size: number) => Promise<void>} work */
async function copy(input, output, work) {
  const from = await openFile(input);
  try {
    const to = await openFile(output, 'w');
    try {
      await work(from, to, (await from.stat()).size);
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

/** @param {FileHandle} from @param {Buffer} buffer @param {number} position @param {number} length */
async function readWhole(from, buffer, position, length) {
  for (let got = 0; got < length; ) {
    const { bytesRead } = await from.read(buffer, got, length - got, position + got);
    if (bytesRead === 0) throw new Error('the file ends early');
    got += bytesRead;
  }
  return buffer.subarray(0, length);
}

/** @type {import('../contenders.js').Contender[]} */
export const contenders = [
  {
    id: 'libsodium',
    name: 'libsodium-wrappers',
    version: versionOf('libsodium-wrappers'),
    what: 'secretstream XChaCha20-Poly1305 in chunks of 256 KiB, key sealed to X25519, Ed25519 signature of header and BLAKE2b of the whole',
    sender: 'Ed25519 signature',
    note: 'WebAssembly, the same in browsers. libsodium has no single call for this; the benchmark combines its functions.',
    makeKeys: () => {
      const hex = (/** @type {any} */ { publicKey, privateKey }) => ({
        publicKey: sodium.to_hex(publicKey),
        privateKey: sodium.to_hex(privateKey),
      });
      return { box: hex(sodium.crypto_box_keypair()), sign: hex(sodium.crypto_sign_keypair()) };
    },
    loadKeys: ({ box, sign }) => {
      const bytes = (/** @type {any} */ { publicKey, privateKey }) => ({
        publicKey: sodium.from_hex(publicKey),
        privateKey: sodium.from_hex(privateKey),
      });
      return { box: bytes(box), sign: bytes(sign) };
    },
    memory,
    file,
  },
];
