// @ts-check A direct implementation with node:crypto only. In memory: the loop of the other benchmark. File to file:
// one AES-256-GCM stream and one SHA-256 between a read stream and a write stream, and as a trailer the key, nonce,
// tag and checksum under the RSA private key.

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
} from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { appendFile, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { decryptByHand, encryptByHand } from '../../by-hand-node.js';
import { chunkCount } from '../../format.js';
import { rsaPair } from '../keys.js';
import { hashing } from '../streams.js';

const ALGORITHM = 'aes-256-gcm';
const TRAILER_LENGTH = 512;

/** @param {{ highWaterMark?: number }} options @returns {import('../contenders.js').FileToFile} */
function fileToFile(options) {
  return {
    async seal({ privateKeyObject }, input, output) {
      const key = randomBytes(32);
      const nonce = randomBytes(12);
      const cipher = createCipheriv(ALGORITHM, key, nonce, options);
      const hash = createHash('sha256');
      await pipeline(
        createReadStream(input, options),
        hashing(hash),
        cipher,
        createWriteStream(output, options),
      );
      const payload = Buffer.concat([key, nonce, cipher.getAuthTag(), hash.digest()]);
      await appendFile(output, privateEncrypt(privateKeyObject, payload));
    },
    async open({ publicKeyObject }, input, output) {
      const { trailer, length } = await readTrailer(input);
      const payload = publicDecrypt(publicKeyObject, trailer);
      const decipher = createDecipheriv(
        ALGORITHM,
        payload.subarray(0, 32),
        payload.subarray(32, 44),
        options,
      );
      decipher.setAuthTag(payload.subarray(44, 60));
      const hash = createHash('sha256');
      await pipeline(
        createReadStream(input, { ...options, end: length - 1 }),
        decipher,
        hashing(hash),
        createWriteStream(output, options),
      );
      if (!hash.digest().equals(payload.subarray(60))) throw new Error('another checksum');
    },
  };
}

/** @param {string} path */
async function readTrailer(path) {
  const file = await open(path);
  try {
    const length = (await file.stat()).size - TRAILER_LENGTH;
    const trailer = Buffer.alloc(TRAILER_LENGTH);
    await file.read(trailer, 0, TRAILER_LENGTH, length);
    return { trailer, length };
  } finally {
    await file.close();
  }
}

const common = {
  version: `Node ${process.version}`,
  sender: 'RSA-4096',
  makeKeys: () => rsaPair(),
  /** @param {{ privateKey: string, publicKey: string }} pair */
  loadKeys: (pair) => ({
    ...pair,
    privateKeyObject: createPrivateKey(pair.privateKey),
    publicKeyObject: createPublicKey(pair.publicKey),
  }),
};

/** @type {import('../contenders.js').Contender[]} */
export const contenders = [
  {
    ...common,
    id: 'by-hand',
    name: 'node:crypto by hand',
    what: 'AES-256-GCM, one SHA-256 of the whole, RSA-4096: in memory in chunks of 256 KiB, file to file as one stream with default settings',
    note: 'One SHA-256 instead of two. File to file, it has one GCM tag at the end, as most such code.',
    memory: {
      seal: ({ privateKeyObject }, plain) => {
        const { body, digests, signature } = encryptByHand(plain, privateKeyObject);
        return { bytes: body, apart: { digests, signature, size: plain.length } };
      },
      open: ({ publicKeyObject }, { bytes, apart }) => {
        const count = chunkCount(apart.size);
        return decryptByHand(
          { ...apart, count, body: /** @type {Uint8Array} */ (bytes) },
          publicKeyObject,
        );
      },
    },
    file: fileToFile({}),
  },
  {
    ...common,
    id: 'by-hand-tuned',
    name: 'node:crypto by hand with 1 MiB reads',
    what: 'the same file to file, each stream with a highWaterMark of 1 MiB',
    memory: { cannot: 'differs from the other only in its streams' },
    file: fileToFile({ highWaterMark: 2 ** 20 }),
  },
];
