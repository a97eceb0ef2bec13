// @ts-check
// RSA key pairs for the peers that take PEM.

import { generateKeyPairSync } from 'node:crypto';

/** @param {number} [modulusLength] @returns {{ privateKey: string, publicKey: string }} */
export function rsaPair(modulusLength = 4096) {
  return generateKeyPairSync('rsa', {
    modulusLength,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}
