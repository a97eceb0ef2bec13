// @ts-check
// HPKE (RFC 9180) on WebCrypto, in its authenticated mode.

import { readFile, writeFile } from 'node:fs/promises';
import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core';
import { versionOf } from '../dependencies.js';

const suite = new CipherSuite({
  kem: new DhkemP256HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

/** @param {any} keys @param {Uint8Array} plain */
async function seal({ sender, recipient }, plain) {
  const context = await suite.createSenderContext({
    recipientPublicKey: recipient.publicKey,
    senderKey: sender,
  });
  const bytes = new Uint8Array(await context.seal(/** @type {any} */ (plain)));
  return { bytes, apart: context.enc };
}

/** @param {any} keys @param {import('../contenders.js').Sealed} sealed */
async function open({ sender, recipient }, { bytes, apart }) {
  const context = await suite.createRecipientContext({
    recipientKey: recipient,
    senderPublicKey: sender.publicKey,
    enc: apart,
  });
  return new Uint8Array(await context.open(/** @type {any} */ (bytes)));
}

/** @type {import('../contenders.js').Contender[]} */
export const contenders = [
  {
    id: 'hpke',
    name: '@hpke/core',
    version: versionOf('@hpke/core'),
    what: 'HPKE auth mode, DHKEM(P-256), HKDF-SHA-256, AES-256-GCM over the whole as one message',
    sender: 'P-256 key of the sender, to the recipient alone',
    note: 'Not a signature: the recipient could have made the message too. It does not hash the bundle.',
    makeKeys: async () => {
      const pair = async () => {
        const { privateKey } = await suite.kem.generateKeyPair();
        return crypto.subtle.exportKey('jwk', privateKey);
      };
      return { sender: await pair(), recipient: await pair() };
    },
    loadKeys: async ({ sender, recipient }) => {
      const pair = async (/** @type {any} */ { d, key_ops, ...jwk }) => ({
        privateKey: await suite.kem.importKey('jwk', { ...jwk, d, key_ops }, false),
        publicKey: await suite.kem.importKey('jwk', { ...jwk, key_ops: [] }, true),
      });
      return { sender: await pair(sender), recipient: await pair(recipient) };
    },
    memory: { seal, open },
    file: {
      buffers: true,
      async seal(keys, input, output) {
        const { bytes, apart } = await seal(keys, await readFile(input));
        await writeFile(output, bytes);
        return { apart: Buffer.from(apart).toString('base64') };
      },
      async open(keys, input, output, apart) {
        const enc = new Uint8Array(Buffer.from(apart, 'base64'));
        await writeFile(output, await open(keys, { bytes: await readFile(input), apart: enc }));
      },
    },
  },
];
