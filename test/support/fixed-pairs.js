// Fixed RSA pairs in place of those that Node would generate, which takes a second for each of 4096 bits.

import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';

/** PKCS#8 in base64, by length of the modulus. Made by OpenSSL for these tests, and for nothing else. */
const PAIRS = JSON.parse(readFileSync(new URL('fixed-pairs.json', import.meta.url), 'utf8'));

const { generateKeyPair } = crypto;

/** From now on `generateKeyPair` of Node answers with the fixed pairs in turn. */
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

/** Node generates random pairs again. */
export function generateRandomPairs() {
  crypto.generateKeyPair = generateKeyPair;
}
