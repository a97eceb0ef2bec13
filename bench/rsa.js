// @ts-check
// The RSA operations and key generation on Node.

import {
  constants,
  createPrivateKey,
  createPublicKey,
  privateEncrypt,
  publicDecrypt,
} from 'node:crypto';
import { keygen } from '../dist/index.js';
import { importBundled } from './bundle.js';
import { TARGETS } from './targets.js';
import { interleave } from './timing.js';

const PADDING = constants.RSA_PKCS1_PADDING;

/** @param {ReturnType<typeof import('./report.js').createReport>} report @param {{ effort: number }} settings */
export async function measureRsa(report, { effort }) {
  const pair = await keygen();
  const { measureSealInJavaScript } = await importBundled('rsa-javascript.js');
  report.begin('rsa', 'Node: RSA-4096 on one seal, and key generation');
  const rounds = Math.ceil(15 * effort);
  reportSeal(report, await measureSealInJavaScript(pair, { rounds }));
  await measureNative(report, pair, rounds);

  const keys = Math.ceil(9 * effort);
  for (const modulusBits of /** @type {const} */ ([3072, 4096])) {
    const { native } = await interleave(
      { native: () => keygen({ modulusBits, backend: 'node' }) },
      { rounds: keys, warmUps: 0 },
    );
    report.time(`key generation ${modulusBits}, native, ${keys} keys`, native);
  }
  const { noble } = await interleave(
    { noble: () => keygen({ modulusBits: 3072, backend: 'noble' }) },
    { rounds: 1, warmUps: 0 },
  );
  report.time('key generation 3072, pure JavaScript, one key', noble);
}

/** @param {ReturnType<typeof import('./report.js').createReport>} report @param {any} measured */
export function reportSeal(report, { recover, sign, signWithoutCrt, share }) {
  report.time('recover a seal, pure JavaScript', recover, TARGETS.recoverMs);
  report.time('make a seal, pure JavaScript, blinded and checked', sign);
  report.time('m^d mod n without CRT, pure JavaScript', signWithoutCrt);
  report.value('make a seal, in shares of m^d mod n without CRT', share, 'x', {
    target: TARGETS.signShare,
  });
}

/** @param {ReturnType<typeof import('./report.js').createReport>} report @param {{ privateKey: string, publicKey: string }} pair @param {number} rounds */
async function measureNative(report, pair, rounds) {
  const privateKey = { key: createPrivateKey(pair.privateKey), padding: PADDING };
  const publicKey = { key: createPublicKey(pair.publicKey), padding: PADDING };
  const payload = new Uint8Array(104);
  const signature = privateEncrypt(privateKey, payload);
  const batch = 10;
  const { sign, recover } = await interleave(
    {
      sign: () => privateEncrypt(privateKey, payload),
      recover: () => publicDecrypt(publicKey, signature),
    },
    { rounds, batch },
  );
  report.time('make a seal, native, the RSA operation alone', sign);
  report.time('recover a seal, native, the RSA operation alone', recover);
}
