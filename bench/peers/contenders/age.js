// @ts-check
// age in TypeScript (typage): X25519 recipient, ChaCha20-Poly1305 in chunks of 64 KiB, in pure JavaScript.

import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { versionOf } from '../dependencies.js';
import { webStreamOf, writeWebStream } from '../streams.js';

/** @param {string} recipient */
function encrypter(recipient) {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return encrypter;
}

/** @param {string} identity */
function decrypter(identity) {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return decrypter;
}

/** @type {import('../contenders.js').Contender[]} */
export const contenders = [
  {
    id: 'age',
    name: 'age-encryption (typage)',
    version: versionOf('age-encryption'),
    what: 'X25519 recipient, HKDF-SHA-256, ChaCha20-Poly1305 in chunks of 64 KiB',
    sender: 'nothing',
    note: 'Does less: no sender authentication, so anyone who knows the recipient can seal. Pure JavaScript, the same in browsers.',
    makeKeys: async () => {
      const identity = await generateX25519Identity();
      return { identity, recipient: await identityToRecipient(identity) };
    },
    memory: {
      seal: async ({ recipient }, plain) => ({ bytes: await encrypter(recipient).encrypt(plain) }),
      open: ({ identity }, { bytes }) =>
        decrypter(identity).decrypt(/** @type {Uint8Array} */ (bytes)),
    },
    file: {
      async seal({ recipient }, input, output) {
        await writeWebStream(await encrypter(recipient).encrypt(webStreamOf(input)), output);
      },
      async open({ identity }, input, output) {
        await writeWebStream(await decrypter(identity).decrypt(webStreamOf(input)), output);
      },
    },
  },
];
