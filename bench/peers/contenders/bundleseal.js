// @ts-check The contender with this library.

import { existsSync, readFileSync } from 'node:fs';
import { decryptBundle, encryptBundle, keygen } from '../../../dist/index.js';

const { version } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
);
const FILES = new URL('../../../dist/node.js', import.meta.url);

/** @returns {Promise<import('../contenders.js').Contender['file']>} */
async function fileToFile() {
  const entry = existsSync(FILES) ? await import(FILES.href) : {};
  const { encryptFile, decryptFile } = entry;
  if (typeof encryptFile !== 'function' || typeof decryptFile !== 'function') {
    return { cannot: 'this build of bundleseal has no encryptFile and decryptFile' };
  }
  return {
    seal: async ({ privateKey }, input, output) => {
      await encryptFile(input, output, { privateKey });
    },
    open: async ({ publicKey }, input, output) => {
      await decryptFile(input, output, { publicKey });
    },
  };
}

/** @type {import('../contenders.js').Contender[]} */
export const contenders = [
  {
    id: 'bundleseal',
    name: 'bundleseal',
    version,
    what: 'AES-256-GCM in chunks of 256 KiB, SHA-256 of each encrypted chunk and of the whole, RSA-4096',
    sender: 'RSA-4096',
    note: 'Uses two cores from 32 MiB on. The time includes parsing the key from PEM. A file is flushed to the disk and renamed after all of it is verified.',
    makeKeys: () => keygen(),
    memory: {
      seal: async ({ privateKey }, plain) => ({
        bytes: (await encryptBundle(plain, { privateKey })).bytes,
      }),
      open: ({ publicKey }, { bytes }) =>
        decryptBundle(/** @type {Uint8Array} */ (bytes), { publicKey }),
    },
    file: await fileToFile(),
  },
];
