// Keys that are in order as far as their numbers fit, and that anyone can factor, or that can't sign.

import { gcd, invert } from 'micro-rsa-dsa-dh/utils.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { bitLength, integerToBytes } from '../../../src/bytes.ts';
import { keygen as capgoKeygen, encryptBundle as encryptCapgo } from '../../../src/capgo.ts';
import { encryptBundle, keyId, publicKeyOf } from '../../../src/index.ts';
import { encodePkcs1Private, encodePkcs8, encodeSpki } from '../../../src/keys/encode.ts';
import { parsePrivateKey } from '../../../src/keys/parse.ts';
import { encodePem } from '../../../src/keys/pem.ts';
import type { RsaPrivateKey } from '../../../src/keys/rsa.ts';
import { privateOperation } from '../../../src/seal/arithmetic.ts';
import { checkPrimes } from '../../../src/seal/pkcs1.ts';
import { BACKENDS } from '../../support/backends.ts';
import { rejection } from '../../support/errors.ts';
import { expectNoKeyMaterial } from '../../support/keys.ts';
import { keyB } from '../../support/vectors.ts';

const E = 65_537n;
const genuine = parsePrivateKey(keyB.pkcs8);

/** A consistent key for any p and q. */
function keyOf(p: bigint, q: bigint, exponents?: { readonly e: bigint; readonly d: bigint }) {
  const lambda = ((p - 1n) * (q - 1n)) / gcd(p - 1n, q - 1n);
  const { e, d } = exponents ?? { e: E, d: invert(E, lambda) };
  return { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: invert(q, p) };
}

/** The product of all odd numbers below 1000. */
const SMALL = Array.from({ length: 499 }, (_, i) => BigInt(2 * i + 3)).reduce((a, b) => a * b);

/** A number without small factors instead of a prime: the tested code does not check primality. */
function numberFrom(start: bigint): bigint {
  let candidate = start | 1n;
  while (gcd(candidate - 1n, E) !== 1n || gcd(candidate, SMALL) !== 1n) candidate += 2n;
  return candidate;
}

/** A key of 3072 bits that has this p. */
const withP = (p: bigint, bits = 3072) => {
  const q = numberFrom((1n << BigInt(bits)) / p - (1n << BigInt(bits - bitLength(p) - 3)));
  expect(bitLength(p * q)).toBe(bits);
  return keyOf(p, q);
};

const WEAK: [string, () => RsaPrivateKey][] = [
  ['p = 3', () => withP(3n)],
  ['p = 5', () => withP(5n)],
  ['p = 997', () => withP(997n)],
  ['a prime of 256 bits', () => withP(numberFrom(3n << 254n))],
  ['a prime of 1024 bits', () => withP(numberFrom(3n << 1022n))],
  ['q next to p', () => keyOf(genuine.p, numberFrom(genuine.p + 2n))],
  ['q before p', () => keyOf(numberFrom(genuine.p + 2n), genuine.p)],
  [
    'q at a distance of 2^1400 from p',
    () => keyOf(genuine.p, numberFrom(genuine.p + (1n << 1400n))),
  ],
  [
    'q at a distance of 2^1435 from p',
    () => keyOf(genuine.p, numberFrom(genuine.p + (1n << 1435n))),
  ],
];

describe('a weak private key', () => {
  it.each(WEAK)('with %s is refused by name', async (_, make) => {
    const key = make();
    const input = encodePkcs8(key);
    for (const work of [
      encryptBundle(new Uint8Array(1), { privateKey: input }),
      publicKeyOf(encodePem('RSA PRIVATE KEY', encodePkcs1Private(key))),
      keyId(input),
    ]) {
      const error = await rejection(work, 'ERR_KEY_INVALID');
      expect(error.message).toMatch(/^the RSA key is weak, .*make a new pair with keygen\(\)$/);
      expectNoKeyMaterial(error, input);
    }
  });

  it('with a private exponent under the square root of n is refused', async () => {
    const { p, q } = genuine;
    const lambda = ((p - 1n) * (q - 1n)) / gcd(p - 1n, q - 1n);
    const d = numberFrom(1n << 1500n);
    const e = invert(d, lambda);
    // Its e is far over the bound, which is what refuses it: with e of up to 32 bits there is no such d.
    const error = await rejection(
      publicKeyOf(encodePkcs8(keyOf(p, q, { e, d }))),
      'ERR_KEY_INVALID',
    );
    expect(error.message).toMatch(/exponent is too large/);
  });

  it('with primes at the distance that FIPS 186-5 requires is accepted', async () => {
    const key = keyOf(genuine.p, numberFrom(genuine.p + (1n << 1437n)));
    expect(parsePrivateKey(encodePkcs8(key))).toEqual(key);
  });
});

describe('a weak public key', () => {
  it.each([
    ['a factor of 3', () => genuine.p * genuine.q * 3n],
    ['a factor of 997', () => 997n * (((1n << 3072n) - 1n) / 997n - 2n)],
    ['a square for its modulus', () => genuine.p ** 2n],
    ['primes next to each other', () => genuine.p * numberFrom(genuine.p + 2n)],
  ])('with %s is refused', async (_, modulus) => {
    let n = modulus();
    while (bitLength(n) % 8 !== 0) n *= 3n;
    const error = await rejection(keyId(encodeSpki({ n, e: E })), 'ERR_KEY_INVALID');
    expect(error.message).toMatch(/^the RSA key is weak, its modulus can be factored/);
  });
});

describe('a private key with a composite for a prime', () => {
  let composite: RsaPrivateKey;
  beforeAll(() => {
    // A product of two primes, of 1536 bits like p.
    let first = numberFrom(3n << 766n);
    for (;;) {
      const p = first * numberFrom(7n << 765n);
      if (bitLength(p * genuine.q) === 3072 && gcd(p - 1n, E) === 1n) {
        composite = keyOf(p, genuine.q);
        return;
      }
      first = numberFrom(first + 2n);
    }
  });

  it.each(BACKENDS)(
    'is reported as faulty instead of the memory of the machine, by %s',
    async (backend) => {
      const privateKey = encodePkcs8(composite);
      const work = encryptBundle(new Uint8Array(1), { privateKey, backend });
      const error = await rejection(work, 'ERR_KEY_INVALID');
      expect(error.message).toMatch(
        /number p of the RSA private key is not prime.*make a new pair/,
      );
      expectNoKeyMaterial(error, privateKey);
    },
  );

  it('is refused by a check of its primes, as in key show', async () => {
    const { p, q } = composite;
    for (const [numbers, name] of [
      [{ p, q }, 'p'],
      [{ p: q, q: p }, 'q'],
    ] as const) {
      const error = await rejection(checkPrimes(numbers), 'ERR_KEY_INVALID');
      expect(error.message).toContain(`the number ${name} of the RSA private key is not prime`);
    }
    await checkPrimes(genuine);
  });

  it('draws a blinding number again if the first one has no inverse', () => {
    const start = 1009n * numberFrom(3n << 1520n);
    let p = start;
    while (gcd(p - 1n, E) !== 1n) p += 2n * 1009n;
    const key = keyOf(p, genuine.q);
    let draws = 0;
    const signature = privateOperation(key, 5n, (length) => {
      draws += 1;
      // The smallest number drawn is 2, so these bytes are the number 1009.
      if (draws === 1) return integerToBytes(1007n, length);
      return crypto.getRandomValues(new Uint8Array(length));
    });
    expect(signature > 0n && signature < key.n).toBe(true);
    expect(draws).toBe(4);
  });

  it('is reported also as q', async () => {
    const { p, q } = composite;
    const work = encryptBundle(new Uint8Array(1), { privateKey: encodePkcs8(keyOf(q, p)) });
    expect((await rejection(work, 'ERR_KEY_INVALID')).message).toMatch(/number q .* is not prime/);
  });

  it('is reported for Capgo too', async () => {
    const { privateKey } = await capgoKeygen();
    const { q } = parsePrivateKey(privateKey, 'privateKey', 2048);
    let second = numberFrom(13n << 508n);
    for (;;) {
      const p = numberFrom(15n << 508n) * second;
      if (bitLength(p * q) === 2048 && gcd(p - 1n, E) === 1n) {
        const pem = encodePem('RSA PRIVATE KEY', encodePkcs1Private(keyOf(p, q)));
        const work = encryptCapgo(new Uint8Array(1), { privateKey: pem });
        expect((await rejection(work, 'ERR_KEY_INVALID')).message).toMatch(/number p .* not prime/);
        return;
      }
      second = numberFrom(second + 2n);
    }
  });
});
