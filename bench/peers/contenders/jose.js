// @ts-check
// jose: a compact JWE (RSA-OAEP-256, A256GCM) of the bundle, and a compact JWS (PS256) of the SHA-256 of the
// plain bundle, each with an RSA-4096 key of its own. To open: the JWS is verified, the JWE decrypted, what
// comes out hashed and compared. A JWE alone has no sender.

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import {
  CompactEncrypt,
  CompactSign,
  compactDecrypt,
  compactVerify,
  importPKCS8,
  importSPKI,
} from 'jose';
import { versionOf } from '../dependencies.js';
import { rsaPair } from '../keys.js';

const WRAP = 'RSA-OAEP-256';
const SIGN = 'PS256';

/** @param {Uint8Array} bytes */
function digestOf(bytes) {
  return createHash('sha256').update(bytes).digest();
}

/** @param {any} keys @param {Uint8Array} plain */
async function seal({ signing, encrypting }, plain) {
  const jws = await new CompactSign(digestOf(plain))
    .setProtectedHeader({ alg: SIGN })
    .sign(signing);
  const jwe = await new CompactEncrypt(plain)
    .setProtectedHeader({ alg: WRAP, enc: 'A256GCM' })
    .encrypt(encrypting);
  return { text: jwe, apart: jws };
}

/** @param {any} keys @param {import('../contenders.js').Sealed} sealed */
async function open({ verifying, decrypting }, { text, apart }) {
  const { payload } = await compactVerify(apart, verifying, { algorithms: [SIGN] });
  const { plaintext } = await compactDecrypt(/** @type {string} */ (text), decrypting);
  if (!digestOf(plaintext).equals(payload)) throw new Error('another checksum');
  return plaintext;
}

/** @type {import('../contenders.js').Contender[]} */
export const contenders = [
  {
    id: 'jose',
    name: 'jose',
    version: versionOf('jose'),
    what: 'compact JWE with RSA-OAEP-256 and A256GCM, compact JWS PS256 of the SHA-256 of the bundle, RSA-4096',
    sender: 'RSA-4096 signature',
    note: 'The format is Base64url text, a third longer than the bundle. It processes the whole bundle at once.',
    makeKeys: () => ({ sender: rsaPair(), recipient: rsaPair() }),
    loadKeys: async ({ sender, recipient }) => ({
      signing: await importPKCS8(sender.privateKey, SIGN),
      verifying: await importSPKI(sender.publicKey, SIGN),
      encrypting: await importSPKI(recipient.publicKey, WRAP),
      decrypting: await importPKCS8(recipient.privateKey, WRAP),
    }),
    memory: { seal, open },
    file: {
      buffers: true,
      async seal(keys, input, output) {
        const { text, apart } = await seal(keys, await readFile(input));
        await writeFile(output, text, 'latin1');
        return { apart };
      },
      async open(keys, input, output, apart) {
        await writeFile(output, await open(keys, { text: await readFile(input, 'latin1'), apart }));
      },
    },
  },
];
