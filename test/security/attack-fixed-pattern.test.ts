// Signatures made of signatures. RSA is multiplicative, so products and quotients of genuine ones are the
// signatures of products and quotients of their blocks: forgeries where padding is a fixed pattern that leaves more
// than a third of the block to choose (De Jonge and Chaum 1986; Girault and Misarsky 1997; Brier, Clavier, Coron and
// Naccache 2001). Here 104 bytes of 384 are not the pattern, and all of them hash or are random.

import { pow } from 'micro-rsa-dsa-dh/utils.js';
import { describe, expect, it } from 'vitest';
import { bytesToInteger, integerToBytes } from '../../src/bytes.ts';
import { encryptBundle } from '../../src/index.ts';
import { parsePublicKey } from '../../src/keys/parse.ts';
import { encodeBlock } from '../../src/seal/pkcs1.ts';
import { BACKENDS } from '../support/backends.ts';
import { bytesOf } from '../support/bytes.ts';
import { putTogether, takeApart } from '../support/forger.ts';
import { expectOpened, expectRefused } from '../support/openers.ts';
import { keyB } from '../support/vectors.ts';

const K = 384;
const { n, e } = parsePublicKey(keyB.spki);
const plain = bytesOf(100);
const seal = async () =>
  takeApart((await encryptBundle(plain, { privateKey: keyB.pkcs8, chunkSize: 4096 })).bytes);

const genuine = [await seal(), await seal(), await seal()] as const;
const [a, b, c] = genuine.map(({ signature }) => bytesToInteger(signature)) as [
  bigint,
  bigint,
  bigint,
];

/** The inverse modulo n, by Euclid's algorithm. */
function inverse(value: bigint): bigint {
  let [r0, r1] = [n, value % n];
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    const q = r0 / r1;
    [r0, r1] = [r1, r0 - q * r1];
    [t0, t1] = [t1, t0 - q * t1];
  }
  return ((t0 % n) + n) % n;
}

const MADE: [string, bigint][] = [
  ['a product', (a * b) % n],
  ['a square', (a * a) % n],
  ['a quotient', (a * inverse(b)) % n],
  ['a product over a third', (((a * b) % n) * inverse(c)) % n],
  ['an inverse', inverse(a)],
  ['a negative', n - a],
  ['a sum', (a + b) % n],
  ['one shifted by a byte', (a * 256n) % n],
  ['one times a number that its power is known of', (a * 2n) % n],
];

describe.each(BACKENDS)('a signature made from genuine signatures, through %s', (backend) => {
  const options = { publicKey: keyB.spki, backend };

  it('differs from the genuine signatures, which open', async () => {
    for (const parts of genuine) await expectOpened(putTogether(parts), options, plain);
  });

  it.each(MADE)('is refused if it is %s', async (_, value) => {
    for (const parts of genuine) {
      const signature = integerToBytes(value, K);
      await expectRefused(putTogether(parts, { signature }), options, 'ERR_SEAL_INVALID');
    }
  });
});

describe('the block', () => {
  const blockOf = (signature: bigint) => integerToBytes(pow(signature, e, n), K);

  it('has less than a third of variable bytes, all of them random or hashes', () => {
    expect(3 * 104).toBeLessThan(K);
    for (const signature of [a, b, c]) {
      const block = blockOf(signature);
      expect(block).toEqual(encodeBlock(block.subarray(K - 104), K));
    }
  });

  it('differs each time the same bundle is sealed', () => {
    expect(new Set([a, b, c]).size).toBe(3);
    const keys = [a, b, c].map((signature) => String(blockOf(signature).subarray(K - 96, K - 64)));
    expect(new Set(keys).size).toBe(3);
  });
});
