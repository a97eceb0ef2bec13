// @ts-check
// OpenPGP.js: RSA-4096, sign and encrypt, nothing compressed. Once with its defaults, once with AEAD.

import * as openpgp from 'openpgp';
import { versionOf } from '../dependencies.js';
import { webStreamOf, writeWebStream } from '../streams.js';

const COMPRESSION_OFF = {
  preferredCompressionAlgorithm: openpgp.enums.compression.uncompressed,
};

/** @param {Uint8Array | ReadableStream<Uint8Array>} binary @param {any} keys @param {any} config */
async function encrypt(binary, { privateKey, publicKey }, config) {
  const message = await openpgp.createMessage({ binary: /** @type {any} */ (binary) });
  return openpgp.encrypt({
    message,
    encryptionKeys: publicKey,
    signingKeys: privateKey,
    format: 'binary',
    config,
  });
}

/** @param {Uint8Array | ReadableStream<Uint8Array>} sealed @param {any} keys @param {any} config */
async function decrypt(sealed, { privateKey, publicKey }, config) {
  const message = await openpgp.readMessage({ binaryMessage: /** @type {any} */ (sealed), config });
  const { data } = await openpgp.decrypt({
    message,
    decryptionKeys: privateKey,
    verificationKeys: publicKey,
    expectSigned: true,
    format: 'binary',
    config,
  });
  return /** @type {any} */ (data);
}

/** @param {Pick<import('../contenders.js').Contender, 'id' | 'name' | 'what' | 'note'>} named @param {any} options */
function contender(named, options) {
  const config = { ...COMPRESSION_OFF, ...options };
  return {
    ...named,
    version: versionOf('openpgp'),
    sender: 'RSA-4096 signature',
    makeKeys: async () => {
      const { privateKey, publicKey } = await openpgp.generateKey({
        type: 'rsa',
        rsaBits: 4096,
        userIDs: [{ name: 'bench' }],
        config,
      });
      return { privateKey, publicKey };
    },
    loadKeys: async (/** @type {{ privateKey: string, publicKey: string }} */ armored) => ({
      privateKey: await openpgp.readPrivateKey({ armoredKey: armored.privateKey, config }),
      publicKey: await openpgp.readKey({ armoredKey: armored.publicKey, config }),
    }),
    memory: {
      seal: async (/** @type {any} */ keys, /** @type {Uint8Array} */ plain) => ({
        bytes: /** @type {any} */ (await encrypt(plain, keys, config)),
      }),
      open: (/** @type {any} */ keys, /** @type {any} */ { bytes }) => decrypt(bytes, keys, config),
    },
    file: {
      async seal(
        /** @type {any} */ keys,
        /** @type {string} */ input,
        /** @type {string} */ output,
      ) {
        const sealed = await encrypt(webStreamOf(input), keys, config);
        await writeWebStream(/** @type {any} */ (sealed), output);
      },
      async open(
        /** @type {any} */ keys,
        /** @type {string} */ input,
        /** @type {string} */ output,
      ) {
        await writeWebStream(await decrypt(webStreamOf(input), keys, config), output);
      },
    },
  };
}

/** @type {import('../contenders.js').Contender[]} */
export const contenders = [
  contender(
    {
      id: 'openpgp',
      name: 'OpenPGP.js',
      what: 'RSA-4096 encryption and signature, AES-256-CFB with a SHA-1 modification code (its default), compression off',
      note: 'By default it holds the message in memory and releases nothing before the whole message is verified.',
    },
    {},
  ),
  contender(
    {
      id: 'openpgp-aead',
      name: 'OpenPGP.js with AEAD',
      what: 'RSA-4096 encryption and signature, AES-256-GCM in chunks (aeadProtect), compression off',
      note: 'Releases each chunk as soon as its tag is verified. Checks the signature at the end.',
    },
    { aeadProtect: true, preferredAEADAlgorithm: openpgp.enums.aead.gcm },
  ),
];
