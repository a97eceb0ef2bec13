// Key pairs in pure JavaScript, with primes that are so small that many of them are made in no time. The rules of
// FIPS 186-5 scale with the modulus; the last of them, on the distance of the primes, just leaves 16 of 208 bits.

import { isProbablePrimeRSA } from 'micro-rsa-dsa-dh/primality.js';
import { gcd, invert, sqrt } from 'micro-rsa-dsa-dh/utils.js';
import { describe, expect, it, vi } from 'vitest';
import { randomBytes } from '../../../src/backend/random.ts';
import { integerToBytes } from '../../../src/bytes.ts';
import { generateRsaKey } from '../../../src/keys/primes.ts';

const BITS = 208;
const E = 65_537n;
const TOP = 1n << 104n;
const DISTANCE = 1n << 4n;
const LEAST = sqrt(1n << 207n);

const isPrime = (value: bigint) => isProbablePrimeRSA(value, randomBytes);
const isAllowed = (value: bigint) => isPrime(value) && gcd(value - 1n, E) === 1n;

/** The first value, step by step, that is as it should be. */
function search(start: bigint, step: bigint, fits: (value: bigint) => boolean): bigint {
  let value = start;
  while (!fits(value)) value += step;
  return value;
}

/** Two primes as near to one another as they may be. */
const p = search(TOP - 101n, -2n, (value) => isAllowed(value) && isAllowed(value + DISTANCE + 2n));
const q = p + DISTANCE + 2n;
// As many bases as the primality test takes.
const BASES = [2n, 3n, 5n, 7n, 11n];

/** Makes a key from random numbers in this order. Returns the unused numbers and the number of pauses. */
async function make(...offered: readonly bigint[]) {
  const left = [...offered];
  const draw = (length: number) => {
    expect(length).toBe(13);
    const next = left.shift();
    if (next === undefined) throw new Error('more was drawn than was needed');
    return integerToBytes(next, length);
  };
  const pause = vi.fn(async () => {});
  const key = await generateRsaKey(BITS, draw, pause);
  return { key, left, pauses: pause.mock.calls.length };
}

describe('generateKey', () => {
  it.each([
    ['the second is the larger', p, q],
    ['the second is the smaller', q, p],
  ])('makes a key from two primes if %s', async (_, one, two) => {
    const made = await make(one, ...BASES, two, ...BASES);
    const lambda = ((one - 1n) * (two - 1n)) / gcd(one - 1n, two - 1n);
    const d = invert(E, lambda);
    expect(made).toEqual({
      key: {
        ...{ n: one * two, e: E, d, p: one, q: two },
        ...{ dp: d % (one - 1n), dq: d % (two - 1n), qi: invert(two, one) },
      },
      left: [],
      pauses: 0,
    });
    expect((made.key.qi * two) % one).toBe(1n);
  });

  it('draws odd numbers only', async () => {
    const { key } = await make(p - 1n, ...BASES, q - 1n, ...BASES);
    expect([key.p, key.q]).toEqual([p, q]);
  });

  // Without a pause, for none of them comes to the primality test.
  it.each([
    ['is 1', 1n],
    ['is the largest below the least', LEAST],
    [
      'is one modulo 65537',
      search(TOP / (2n * E) - 1n, -1n, (k) => isPrime(2n * k * E + 1n)) * 2n * E + 1n,
    ],
  ])('passes over a candidate that %s, for either prime', async (_, candidate) => {
    expect(candidate % 2n).toBe(1n);
    const { key, left, pauses } = await make(candidate, p, ...BASES, candidate, q, ...BASES);
    expect([key.p, key.q, left, pauses]).toEqual([p, q, [], 0]);
  });

  it('takes the first prime over the least', async () => {
    const least = search(LEAST + 2n, 2n, isAllowed);
    const { key, left } = await make(least, ...BASES, q, ...BASES);
    expect([key.p, key.q, left]).toEqual([least, q, []]);
  });

  it.each([
    ['itself', 0n],
    ['a near one above', DISTANCE],
    ['a near one below', -DISTANCE],
  ])('skips %s as a second prime', async (_, off) => {
    const { key, left, pauses } = await make(p, ...BASES, p + off, q, ...BASES);
    expect([key.p, key.q, left, pauses]).toEqual([p, q, [], 0]);
  });

  it('starts over if the private exponent is too small', async () => {
    // Primes for which p - 1 and q - 1 have a large common factor.
    const factor = search(TOP / 6n - ((TOP / 6n) % 2n) - 2n, -2n, (g) => {
      if (!isAllowed(5n * g + 1n) || !isAllowed(6n * g + 1n)) return false;
      return invert(E, 30n * g) <= TOP;
    });
    const [one, two] = [5n * factor + 1n, 6n * factor + 1n];
    const { key, left } = await make(
      ...[one, ...BASES, two, ...BASES],
      ...[p, ...BASES, q, ...BASES],
    );
    expect([key.p, key.q, left]).toEqual([p, q, []]);
  });

  it('pauses after each composite candidate, and after no prime', async () => {
    // By their small factors, for which no base is drawn.
    const composite = search(TOP - 1n, -2n, (value) => value % 3n === 0n && value % E !== 1n);
    const { key, pauses } = await make(
      ...[composite, composite, p, ...BASES],
      ...[composite, q, ...BASES],
    );
    expect([key.p, key.q, pauses]).toEqual([p, q, 3]);
  });

  it('ends with the error of a pause', async () => {
    const reason = new Error('enough');
    const draw = vi.fn((length: number) => new Uint8Array(length).fill(0xff));
    const work = generateRsaKey(BITS, draw, async () => {
      throw reason;
    });
    await expect(work).rejects.toBe(reason);
    expect(draw).toHaveBeenCalledOnce();
  });

  it('makes another key from other random bytes', async () => {
    const keys = await Promise.all(
      [1, 2, 3].map(() => generateRsaKey(BITS, randomBytes, async () => {})),
    );
    expect(new Set(keys.map(({ n }) => n)).size).toBe(3);
    for (const key of keys) {
      expect([isPrime(key.p), isPrime(key.q)]).toEqual([true, true]);
      expect((key.e * key.d) % (key.p - 1n)).toBe(1n);
      expect((key.e * key.d) % (key.q - 1n)).toBe(1n);
    }
  });
});
