// Replaces key generation of Node by fixed RSA pairs, because generating a pair of 4096 bits takes a second.

import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';

/** PKCS#8 in base64, by length of the modulus. OpenSSL made them for these tests only. */
const PAIRS = JSON.parse(readFileSync(new URL('fixed-pairs.json', import.meta.url), 'utf8'));

const { generateKeyPair } = crypto;

/** Makes `generateKeyPair` of Node return the fixed pairs in turn. */
export function generateFixedPairs() {
  let asked = 0;
  crypto.generateKeyPair = (_type, { modulusLength }, done) => {
    const pairs = PAIRS[modulusLength];
    const privateKey = Buffer.from(pairs[asked++ % pairs.length], 'base64');
    const key = crypto.createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' });
    const publicKey = crypto.createPublicKey(key).export({ format: 'der', type: 'spki' });
    queueMicrotask(() => done(null, publicKey, privateKey));
  };
}

/** Restores the random generator of Node. */
export function generateRandomPairs() {
  crypto.generateKeyPair = generateKeyPair;
}
