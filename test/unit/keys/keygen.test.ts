import { isProbablePrimeRSA } from 'micro-rsa-dsa-dh/primality.js';
import { pow as power } from 'micro-rsa-dsa-dh/utils.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { randomBytes } from '../../../src/backend/random.ts';
import { selectBackend } from '../../../src/backend/select.ts';
import { bitLength, integerToBytes } from '../../../src/bytes.ts';
import {
  type BackendName,
  decryptBundle,
  encryptBundle,
  keygen,
  keyId,
  publicKeyOf,
} from '../../../src/index.ts';
import { encodePkcs8 } from '../../../src/keys/encode.ts';
import { parsePrivateKey } from '../../../src/keys/parse.ts';
import { generateRsaKey } from '../../../src/keys/primes.ts';
import type { RsaPrivateKey } from '../../../src/keys/rsa.ts';
import { BACKENDS } from '../../support/backends.ts';
import { everyNthInPage, firstOf } from '../../support/scope.ts';
import { keyB } from '../../support/vectors.ts';

const NATIVE = BACKENDS.filter((backend) => backend !== 'noble');

afterEach(() => {
  vi.restoreAllMocks();
});

/** FIPS 186-5 A.1.1 and A.1.3, as far as it can be seen from the outside. */
function expectSoundKey(privateKey: string, bits: number): RsaPrivateKey {
  const key = parsePrivateKey(privateKey);
  expect(bitLength(key.n)).toBe(bits);
  expect(key.e).toBe(65_537n);
  for (const prime of [key.p, key.q]) {
    expect(bitLength(prime)).toBe(bits / 2);
    // Fermat's little theorem with one base: enough to show that these are not random numbers.
    expect(power(3n, prime - 1n, prime)).toBe(1n);
  }
  const distance = key.p > key.q ? key.p - key.q : key.q - key.p;
  expect(distance > 1n << BigInt(bits / 2 - 100)).toBe(true);
  expect(key.d > 1n << BigInt(bits / 2)).toBe(true);
  return key;
}

/** A number that a search has found to be the first prime of its kind; finding it again would take seconds. */
function knownPrime(candidate: bigint): bigint {
  expect(isProbablePrimeRSA(candidate, randomBytes)).toBe(true);
  return candidate;
}

/** A pair of 3072 bits, the same in every test of a backend. */
const pairs = new Map<string, ReturnType<typeof keygen>>();
function pairThrough(backend: BackendName, signal?: AbortSignal): ReturnType<typeof keygen> {
  const known = signal === undefined ? pairs.get(backend) : undefined;
  const pair = known ?? keygen({ modulusBits: 3072, backend, ...(signal && { signal }) });
  pairs.set(backend, pair);
  return pair;
}

/** The largest odd number that is not over the square root. */
function root(square: bigint): bigint {
  let low = 0n;
  let high = square;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle * middle <= square) low = middle;
    else high = middle;
  }
  return low % 2n === 1n ? low : low - 1n;
}

const SMALL_FACTORS = Array.from({ length: 5000 }, (_, i) => BigInt(2 * i + 3));

/** As many as the primality test takes for a prime of 1536 bits. */
const BASES = [2n, 3n, 5n, 7n, 11n];

/** Composite numbers without a small factor, so that only a test with a base, here 2, finds out. */
function composites(from: bigint, count: number): bigint[] {
  const found: bigint[] = [];
  for (let next = from + 2n; found.length < count; next += 2n) {
    const isSmooth = SMALL_FACTORS.some((factor) => next % factor === 0n);
    if (!isSmooth && power(2n, next - 1n, next) !== 1n) found.push(next);
  }
  return found;
}

/** What the promise has come to by the next turn of the event loop. */
async function settledNow(work: Promise<unknown>): Promise<unknown> {
  const later = new Promise((resolve) => setTimeout(() => resolve('still pending'), 0));
  return Promise.race([
    work.then(
      () => 'fulfilled',
      (reason: unknown) => reason,
    ),
    later,
  ]);
}

describe.each(NATIVE)('keygen through %s', (backend) => {
  // The first one, so that the other tests use its pair.
  it('leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    await pairThrough(backend, signal);
    expect(added).toHaveBeenCalled();
    const listeners = (spy: typeof added | typeof removed) =>
      spy.mock.calls.map(([type, listener]) => ({ type, listener }));
    expect(listeners(removed)).toEqual(listeners(added));
  });

  // The default length has a test of its own, through the preferred backend.
  it.each(firstOf([3072, 4096] as const))(
    'makes a modulus of exactly %i bits',
    async (modulusBits) => {
      const pair =
        modulusBits === 3072 ? await pairThrough(backend) : await keygen({ modulusBits, backend });
      expectSoundKey(pair.privateKey, modulusBits);
      expect(await publicKeyOf(pair.privateKey)).toBe(pair.publicKey);
      expect(await keyId(pair.privateKey)).toBe(pair.keyId);
    },
  );

  it('makes a pair that seals and opens', async () => {
    const { privateKey, publicKey, keyId: id } = await pairThrough(backend);
    const sealed = await encryptBundle(Uint8Array.of(1, 2, 3), { privateKey, backend });
    expect(sealed.keyId).toBe(id);
    expect(await decryptBundle(sealed.bytes, { publicKey, backend })).toEqual(
      Uint8Array.of(1, 2, 3),
    );
  });

  it('rejects with the very reason of a signal that was aborted before', async () => {
    const reason = { why: 'the user left' };
    const signal = AbortSignal.abort(reason);
    expect(await settledNow(keygen({ signal, backend }))).toBe(reason);
  });
});

// Code that all native backends share.
describe.each(firstOf(NATIVE))('keygen through %s', (backend) => {
  it('writes PKCS#1 on request, and makes another pair in another call', async () => {
    const before = await pairThrough(backend);
    const pair = await keygen({ modulusBits: 3072, backend, format: 'pkcs1' });
    expect(pair.keyId).not.toBe(before.keyId);
    expect(pair.privateKey).toMatch(
      /^-----BEGIN RSA PRIVATE KEY-----\n[^-]+\n-----END RSA PRIVATE KEY-----\n$/,
    );
    expect(pair.publicKey).toMatch(
      /^-----BEGIN RSA PUBLIC KEY-----\n[^-]+\n-----END RSA PUBLIC KEY-----\n$/,
    );
    expectSoundKey(pair.privateKey, 3072);
    expect(await keyId(pair.privateKey)).toBe(pair.keyId);
    expect(await keyId(pair.publicKey)).toBe(pair.keyId);
  });

  it('rejects at once with the very reason of a signal that is aborted meanwhile', async () => {
    const controller = new AbortController();
    const reason = { why: 'the user left' };
    const work = keygen({ modulusBits: 3072, signal: controller.signal, backend });
    // The generator is under way as soon as the backend is loaded and listens for the abort.
    await listening(controller.signal, work);
    controller.abort(reason);
    expect(await settledNow(work)).toBe(reason);
  });
});

describe('keygen', () => {
  // A page makes no pair of 4096 bits, which takes a second: the next test sees for how many bits the default asks.
  it.each(everyNthInPage([3072, 4096], 2))('makes %i bits in PKCS#8', async (bits) => {
    const pair = await (bits === 4096 ? keygen() : pairThrough(NATIVE[0] as BackendName));
    expect(pair.privateKey).toMatch(
      /^-----BEGIN PRIVATE KEY-----\n[^-]+\n-----END PRIVATE KEY-----\n$/,
    );
    expect(pair.publicKey).toMatch(
      /^-----BEGIN PUBLIC KEY-----\n[^-]+\n-----END PUBLIC KEY-----\n$/,
    );
    expectSoundKey(pair.privateKey, bits);
    expect(pair.keyId).toMatch(/^[0-9a-f]{64}$/);
    expect(await keyId(pair.publicKey)).toBe(pair.keyId);
    expect(Object.keys(pair).sort()).toEqual(['keyId', 'privateKey', 'publicKey']);
  });

  it('makes 4096 bits in PKCS#8 by default, also where the options are undefined', async () => {
    const preferred = await selectBackend();
    const generate = vi.spyOn(preferred, 'generateKey');
    generate.mockResolvedValue(encodePkcs8(parsePrivateKey(keyB.pkcs8)));
    const absent = { modulusBits: undefined, format: undefined, signal: undefined };
    const pair = await keygen({ ...absent, backend: undefined } as never);
    expect(generate.mock.calls).toEqual([[4096]]);
    expect(pair.privateKey).toContain('BEGIN PRIVATE KEY');
    expect(pair.keyId).toBe(keyB.keyId);
  });
});

/** Waits until something listens for the abort. */
function listening(signal: AbortSignal, work: Promise<unknown>): Promise<unknown> {
  work.catch(() => {});
  const original = signal.addEventListener.bind(signal);
  return new Promise((resolve, reject) => {
    vi.spyOn(signal, 'addEventListener').mockImplementation((...args: unknown[]) => {
      (original as (...all: unknown[]) => void)(...args);
      resolve(undefined);
    });
    work.then(() => reject(new Error('it was done before anything listened')), reject);
  });
}

describe('keygen through noble', () => {
  // A page gets the primes of a known pair: a search takes it a second, and is the same there.
  it.each(everyNthInPage(['two known primes', 'one random prime'], 2))(
    'makes a valid pair of 3072 bits while timers run, of %s',
    async (primes) => {
      const { p, q } = parsePrivateKey(keyB.pkcs8);
      // The first random numbers could be primes, for which there is no pause.
      const offered = composites(p, 20).flatMap((one) => [one, 2n]);
      offered.push(p, ...BASES);
      if (primes === 'two known primes') offered.push(q, ...BASES);
      let ticks = 0;
      const seen = new Set<number>();
      const { getRandomValues } = crypto;
      vi.spyOn(crypto, 'getRandomValues').mockImplementation((room) => {
        const next = offered.shift();
        seen.add(ticks);
        if (next === undefined) return getRandomValues.call(crypto, room) as typeof room;
        (room as unknown as Uint8Array).set(integerToBytes(next, room?.byteLength as number));
        return room;
      });
      const timer = setInterval(() => {
        ticks += 1;
      }, 1);
      try {
        const pair = await keygen({ modulusBits: 3072, backend: 'noble', format: 'pkcs1' });
        expect(offered).toEqual([]);
        // Timers run after each of them.
        expect(seen.size).toBeGreaterThan(3);
        expect(pair.privateKey).toContain('BEGIN RSA PRIVATE KEY');
        expect(pair.publicKey).toContain('BEGIN RSA PUBLIC KEY');
        expectSoundKey(pair.privateKey, 3072);
        expect(await keyId(pair.publicKey)).toBe(pair.keyId);
        expect(pair.keyId === keyB.keyId).toBe(primes === 'two known primes');
      } finally {
        clearInterval(timer);
      }
    },
  );

  it('rejects with the very reason of a signal that was aborted before', async () => {
    const reason = new Error('the user left');
    const drawn = vi.spyOn(globalThis.crypto, 'getRandomValues');
    expect(await settledNow(keygen({ signal: AbortSignal.abort(reason), backend: 'noble' }))).toBe(
      reason,
    );
    expect(drawn).not.toHaveBeenCalled();
  });

  it('rejects soon with the very reason of a signal that is aborted meanwhile, and stops', async () => {
    const controller = new AbortController();
    const reason = { why: 'the user left' };
    const drawn = vi.spyOn(globalThis.crypto, 'getRandomValues');
    const work = keygen({ modulusBits: 4096, signal: controller.signal, backend: 'noble' });
    const outcome = work.then(
      () => 'fulfilled',
      (thrown: unknown) => thrown,
    );
    while (drawn.mock.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const before = drawn.mock.calls.length;
    controller.abort(reason);
    expect(await outcome).toBe(reason);
    const calls = drawn.mock.calls.length;
    // One more candidate and the bases of its tests at the most. The whole key takes more than a thousand.
    expect(calls - before).toBeLessThan(50);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(drawn.mock.calls.length).toBe(calls);
  });

  it('accepts only primes that FIPS 186-5 A.1.3 allows, from a source that offers others first', async () => {
    const { p, q, n, dp, dq, qi } = parsePrivateKey(keyB.pkcs8);
    // Real primes all of them, so that what refuses them is the rule and not the primality test.
    const tooSmall = knownPrime(root(1n << 3071n) - 237n * 2n);
    const oneModuloE = knownPrime(p - ((p - 1n) % (2n * 65_537n)) - 588n * 2n * 65_537n);
    const tooNear = knownPrime(p + (1n << 1436n) - 1814n * 2n);
    const offered = [
      ...[tooSmall, oneModuloE, p, ...BASES],
      ...[p, tooNear, tooSmall, oneModuloE, q, ...BASES],
    ];
    const draw = (length: number) => {
      const next = offered.shift();
      if (next === undefined) throw new Error('more was drawn than a sound generator needs');
      return integerToBytes(next, length);
    };
    const key = await generateRsaKey(3072, draw, async () => {});
    expect(offered).toEqual([]);
    expect(key).toMatchObject({ n, e: 65_537n, p, q, dp, dq, qi });
  });

  it('needs a secure source of randomness, and says so', async () => {
    const webcrypto = globalThis.crypto;
    vi.stubGlobal('crypto', undefined);
    try {
      const work = keygen({ modulusBits: 3072, backend: 'noble' });
      await expect(work).rejects.toMatchObject({
        code: 'ERR_BACKEND_UNAVAILABLE',
        message: expect.stringMatching(/crypto\.getRandomValues/),
      });
      expect(() => randomBytes(1)).toThrow(/getRandomValues/);
    } finally {
      vi.unstubAllGlobals();
    }
    expect(globalThis.crypto).toBe(webcrypto);
  });
});

describe('the options of keygen', () => {
  it.each([0, 1024, 2048, 3071, 8192, -4096, 4096.5, Number.NaN, null, '4096', 4096n, {}])(
    'refuse modulusBits %s with a RangeError',
    async (modulusBits) => {
      const work = keygen({ modulusBits: modulusBits as 4096 });
      await expect(work).rejects.toThrow(RangeError);
      await expect(work).rejects.toThrow(/^options\.modulusBits expected 3072 or 4096, got /);
    },
  );

  it('never print a key that was passed as modulusBits', async () => {
    const work = keygen({ modulusBits: keyB.pkcs8 as never });
    const error = await work.catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).not.toContain('MIIG');
  });

  it.each(['pem', 'PKCS8', '', 'spki', 8, null])(
    'refuse the format %j with a TypeError',
    async (format) => {
      const work = keygen({ format: format as 'pkcs8' });
      await expect(work).rejects.toThrow(TypeError);
      await expect(work).rejects.toThrow(/^options\.format expected 'pkcs8' or 'pkcs1'/);
    },
  );

  it.each(['bits', 'modulusLength', 'Format', 'passphrase'])(
    'refuse the unknown option %s by its name',
    async (name) => {
      const work = keygen({ [name]: 3072 } as never);
      await expect(work).rejects.toThrow(TypeError);
      await expect(work).rejects.toThrow(
        `keygen does not know the option "${name}": it takes modulusBits, format, signal, backend`,
      );
    },
  );

  it.each([
    ['null', null, /^keygen expected an options object, got null/],
    ['a number', 4096, /^keygen expected an options object, got a number/],
    ['a string', 'pkcs8', /^keygen expected an options object, got a string/],
    ['a signal that is none', { signal: {} }, /^options\.signal expected an AbortSignal/],
    ['null for a signal', { signal: null }, /^options\.signal expected an AbortSignal, got null/],
    ['an unknown backend', { backend: 'openssl' }, /^options\.backend expected 'auto'/],
    ['a backend that is no string', { backend: 1 }, /^options\.backend expected 'auto'/],
  ])('refuse %s with a TypeError', async (_, options, message) => {
    const work = keygen(options as never);
    await expect(work).rejects.toThrow(TypeError);
    await expect(work).rejects.toThrow(message);
  });
});
