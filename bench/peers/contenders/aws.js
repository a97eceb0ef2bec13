// @ts-check
// The AWS Encryption SDK, offline with a raw RSA keyring: its default suite commits to the key and signs with
// ECDSA P-384. Once with its default frames of 4 KiB, once with frames as long as bundleseal's chunks.

import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { buildClient, CommitmentPolicy, RawRsaKeyringNode } from '@aws-crypto/client-node';
import { versionOf } from '../dependencies.js';
import { rsaPair } from '../keys.js';

const client = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);

/** @param {Pick<import('../contenders.js').Contender, 'id' | 'name' | 'what'>} named @param {{ frameLength?: number }} options @returns {import('../contenders.js').Contender} */
function contender(named, options) {
  return {
    ...named,
    version: versionOf('@aws-crypto/client-node'),
    sender: 'nothing',
    note: 'Each message has a new ECDSA key and contains its public half, so with an RSA keyring it does not prove who sealed. The RSA key encrypts, so anyone with the public key can seal.',
    makeKeys: () => rsaPair(),
    loadKeys: (rsaKey) =>
      new RawRsaKeyringNode({
        keyNamespace: 'bench',
        keyName: 'bench',
        rsaKey,
        oaepHash: 'sha256',
      }),
    memory: {
      seal: async (keyring, plain) => ({
        bytes: (await client.encrypt(keyring, plain, options)).result,
      }),
      open: async (keyring, { bytes }) =>
        (await client.decrypt(keyring, /** @type {Uint8Array} */ (bytes))).plaintext,
    },
    file: {
      async seal(keyring, input, output) {
        await pipeline(
          createReadStream(input),
          client.encryptStream(keyring, options),
          createWriteStream(output),
        );
      },
      async open(keyring, input, output) {
        await pipeline(
          createReadStream(input),
          client.decryptStream(keyring),
          createWriteStream(output),
        );
      },
    },
  };
}

const SUITE =
  'data key under RSA-4096 OAEP, AES-256-GCM with HKDF-SHA-512 and key commitment, ECDSA P-384';

export const contenders = [
  contender(
    { id: 'aws', name: 'AWS Encryption SDK', what: `${SUITE}; frames of 4 KiB (its default)` },
    {},
  ),
  contender(
    {
      id: 'aws-frames',
      name: 'AWS Encryption SDK with 256 KiB frames',
      what: `${SUITE}; frames of 256 KiB`,
    },
    { frameLength: 2 ** 18 },
  ),
];
