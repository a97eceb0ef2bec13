// @ts-check
// Capgo's scheme on node:crypto: AES-128-CBC under a fresh session key; iv:R(session key) in Base64 and
// R(SHA-256 of the zip) in hex, R being RSA-2048 PKCS#1 v1.5 with the private key.

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
import { pipeline } from 'node:stream/promises';
import { rsaPair } from '../keys.js';

const ALGORITHM = 'aes-128-cbc';

/** @param {any} privateKey */
function newSession(privateKey) {
  const key = randomBytes(16);
  const iv = randomBytes(16);
  const wrapped = privateEncrypt(privateKey, key).toString('base64');
  return { key, iv, ivSessionKey: `${iv.toString('base64')}:${wrapped}` };
}

/** @param {any} publicKey @param {string} ivSessionKey */
function readSession(publicKey, ivSessionKey) {
  const [iv, wrapped] = /** @type {[string, string]} */ (ivSessionKey.split(':'));
  return {
    iv: Buffer.from(iv, 'base64'),
    key: publicDecrypt(publicKey, Buffer.from(wrapped, 'base64')),
  };
}

/** @param {any} privateKey @param {Buffer} digest */
function sealChecksum(privateKey, digest) {
  return privateEncrypt(privateKey, digest).toString('hex');
}

/** @param {any} publicKey @param {string} checksum @param {Buffer} digest */
function compareChecksum(publicKey, checksum, digest) {
  if (!publicDecrypt(publicKey, Buffer.from(checksum, 'hex')).equals(digest)) {
    throw new Error('another checksum');
  }
}

/** @param {string} path */
async function digestOfFile(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest();
}

/** @type {import('../contenders.js').Contender[]} */
export const contenders = [
  {
    id: 'capgo',
    name: "Capgo's scheme",
    version: `Node ${process.version}`,
    what: 'AES-128-CBC, one SHA-256 of the plain zip, session key and checksum each under RSA-2048, on node:crypto',
    sender: 'RSA-2048',
    note: 'Not authenticated encryption: only the checksum proves the zip, after all of it is decrypted. Half the key lengths of bundleseal.',
    makeKeys: () => rsaPair(2048),
    loadKeys: ({ privateKey, publicKey }) => ({
      privateKey: createPrivateKey(privateKey),
      publicKey: createPublicKey(publicKey),
    }),
    memory: {
      seal: ({ privateKey }, plain) => {
        const { key, iv, ivSessionKey } = newSession(privateKey);
        const cipher = createCipheriv(ALGORITHM, key, iv);
        const bytes = Buffer.concat([cipher.update(plain), cipher.final()]);
        const digest = createHash('sha256').update(plain).digest();
        return { bytes, apart: { ivSessionKey, checksum: sealChecksum(privateKey, digest) } };
      },
      open: ({ publicKey }, { bytes, apart }) => {
        const { key, iv } = readSession(publicKey, apart.ivSessionKey);
        const decipher = createDecipheriv(ALGORITHM, key, iv);
        const sealed = /** @type {Uint8Array} */ (bytes);
        const plain = Buffer.concat([decipher.update(sealed), decipher.final()]);
        compareChecksum(publicKey, apart.checksum, createHash('sha256').update(plain).digest());
        return plain;
      },
    },
    file: {
      async seal({ privateKey }, input, output) {
        const { key, iv, ivSessionKey } = newSession(privateKey);
        const checksum = sealChecksum(privateKey, await digestOfFile(input));
        await pipeline(
          createReadStream(input),
          createCipheriv(ALGORITHM, key, iv),
          createWriteStream(output),
        );
        return { apart: { ivSessionKey, checksum } };
      },
      async open({ publicKey }, input, output, { ivSessionKey, checksum }) {
        const { key, iv } = readSession(publicKey, ivSessionKey);
        await pipeline(
          createReadStream(input),
          createDecipheriv(ALGORITHM, key, iv),
          createWriteStream(output),
        );
        compareChecksum(publicKey, checksum, await digestOfFile(output));
      },
    },
  },
];
