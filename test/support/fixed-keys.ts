// Fixed pairs in place of those that Node would generate, which takes a second for each of 4096 bits. For tests that
// need a new pair and not a random one. test/unit/keys/keygen tests the generation itself.

import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll } from 'vitest';

type Bits = 2048 | 3072 | 4096;
type Answer = (error: null, publicKey: Buffer, privateKey: Buffer) => void;

/** PKCS#8 in base64, by length of the modulus. Made by OpenSSL for these tests, and for nothing else. */
const PAIRS: Readonly<Record<`${Bits}`, readonly string[]>> = JSON.parse(
  readFileSync(new URL('fixed-keys.json', import.meta.url), 'utf8'),
);

/** For the tests of a file, `generateKeyPair` of Node answers with the fixed pairs in turn. */
export function useFixedKeys(): void {
  const { generateKeyPair } = crypto;
  let asked = 0;
  beforeAll(() => {
    const answer = (_type: 'rsa', { modulusLength }: { modulusLength: Bits }, done: Answer) => {
      const privateKey = fixedKey(modulusLength, asked++);
      const key = crypto.createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' });
      const publicKey = crypto.createPublicKey(key).export({ format: 'der', type: 'spki' });
      queueMicrotask(() => done(null, publicKey, privateKey));
    };
    crypto.generateKeyPair = answer as unknown as typeof generateKeyPair;
  });
  afterAll(() => {
    crypto.generateKeyPair = generateKeyPair;
  });
}

/** PKCS#8 of a fixed pair: the same pair for the same number, and other pairs for the numbers next to it. */
export function fixedKey(bits: Bits, number: number): Buffer<ArrayBuffer> {
  const pairs = PAIRS[bits];
  return Buffer.from(pairs[number % pairs.length] as string, 'base64');
}
