import { pow } from 'micro-rsa-dsa-dh/utils.js';
import { describe, expect, it } from 'vitest';
import { bytesToInteger, concat, integerToBytes, toHex } from '../../../src/bytes.ts';
import {
  BundleSealError,
  decryptBundle,
  encryptBundle,
  inspectBundle,
  type Signer,
} from '../../../src/index.ts';
import { parsePrivateKey } from '../../../src/keys/parse.ts';
import { modulusLength, type RsaPrivateKey } from '../../../src/keys/rsa.ts';
import { BACKENDS } from '../../support/backends.ts';
import { rejection } from '../../support/errors.ts';
import { rsa2048Spki } from '../../support/keys.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const key = parsePrivateKey(keyB.pkcs8);
const bundle = Uint8Array.from({ length: 5_000 }, (_, i) => i % 251);

/** RFC 8017 §9.2 and §5.2.1, with no code of the library's sealing. By the two primes it takes a quarter of the time. */
function signRaw(payload: Uint8Array, { n, d, p, q, qi }: RsaPrivateKey = key): Uint8Array {
  const length = modulusLength({ n, e: 0n });
  const padding = new Uint8Array(length - payload.length - 3).fill(0xff);
  const block = concat(Uint8Array.of(0, 1), padding, Uint8Array.of(0), payload);
  const message = bytesToInteger(block);
  const [byP, byQ] = [p, q].map((prime) => pow(message % prime, d % (prime - 1n), prime)) as [
    bigint,
    bigint,
  ];
  const difference = ((byP - byQ) * qi) % p;
  return integerToBytes(byQ + q * ((difference + p) % p), length);
}

function signer(sign: (payload: Uint8Array) => unknown): Signer {
  return { publicKey: keyB.spki, sign: sign as Signer['sign'] };
}

describe.each(BACKENDS)('a signer, through %s', (backend) => {
  const seal = (privateKey: Signer) => encryptBundle(bundle, { privateKey, backend });

  it('that signs its argument makes a bundle that opens', async () => {
    const given: number[] = [];
    const sealed = await seal(
      signer(async (payload) => {
        given.push(payload.length);
        return signRaw(payload);
      }),
    );
    expect(given).toEqual([104]);
    expect(sealed.keyId).toBe(keyB.keyId);
    const plain = await decryptBundle(sealed.bytes, { publicKey: keyB.spki, backend });
    expect(plain).toEqual(bundle);
  });

  it.each([
    ['that answers at once and not in a promise', (p: Uint8Array) => signRaw(p)],
    [
      'that changes its argument when it is done with it',
      (p: Uint8Array) => {
        const signature = signRaw(p);
        p.fill(7);
        return signature;
      },
    ],
    [
      'that answers with a view into something larger',
      (p: Uint8Array) => concat(new Uint8Array(5), signRaw(p), new Uint8Array(9)).subarray(5, 389),
    ],
  ])('%s makes a bundle that opens', async (_, sign) => {
    const sealed = await seal(signer(sign));
    const plain = await decryptBundle(sealed.bytes, { publicKey: keyB.spki, backend });
    expect(plain).toEqual(bundle);
  });

  it.each<[string, (payload: Uint8Array) => unknown, RegExp]>([
    [
      'that signs with another key of the same size',
      (p) => signRaw(p, { ...key, d: key.d - 2n }),
      /did not return the requested signature/,
    ],
    [
      'that signs a hash of what it is given',
      async (p) => signRaw(new Uint8Array(await crypto.subtle.digest('SHA-256', p.slice()))),
      /did not return the requested signature/,
    ],
    [
      'that signs with other padding',
      (p) => signOther(p),
      /did not return the requested signature/,
    ],
    [
      'that changes its argument before it signs',
      (p) => {
        p[50] = (p[50] as number) ^ 1;
        return signRaw(p);
      },
      /did not return the requested signature/,
    ],
    [
      'that answers with zeros',
      () => new Uint8Array(384),
      /did not return the requested signature/,
    ],
    [
      'that answers with the modulus',
      () => integerToBytes(key.n, 384),
      /did not return the requested signature/,
    ],
    [
      'that answers with more than the modulus',
      () => new Uint8Array(384).fill(0xff),
      /did not return the requested signature/,
    ],
    [
      'that signs with a longer key',
      (p) => signRaw(p, parsePrivateKey(keyA.pkcs8)),
      /384 bytes, the length of its modulus, got 512 bytes/,
    ],
    ['that answers a byte short', (p) => signRaw(p).subarray(1), /384 bytes.*got 383 bytes/],
    ['that answers a byte long', (p) => concat(Uint8Array.of(0), signRaw(p)), /got 385 bytes/],
    ['that answers with no bytes', () => new Uint8Array(), /got 0 bytes/],
    ['that answers with the payload', (p) => p, /got 104 bytes/],
    ['that answers with hex', (p) => toHex(signRaw(p)), /Uint8Array of 384 bytes.*got a string/],
    [
      'that answers with an ArrayBuffer',
      (p) => signRaw(p).buffer,
      /Uint8Array.*got an ArrayBuffer/,
    ],
    ['that answers with an array', (p) => [...signRaw(p)], /Uint8Array.*got an array/],
    ['that answers with null', () => null, /Uint8Array.*got null/],
    ['that answers with nothing', () => {}, /Uint8Array.*got nothing/],
  ])('%s is ERR_SIGNER_FAILED', async (_, sign, message) => {
    const error = await rejection(seal(signer(sign)), 'ERR_SIGNER_FAILED');
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/signer/);
  });

  it('that throws or rejects is ERR_SIGNER_FAILED with its error as the cause', async () => {
    const cause = new Error('the HSM is locked');
    const fails: ((payload: Uint8Array) => unknown)[] = [
      () => {
        throw cause;
      },
      () => Promise.reject(cause),
    ];
    for (const fail of fails) {
      const error = await rejection(seal(signer(fail)), 'ERR_SIGNER_FAILED');
      expect(error.cause).toBe(cause);
      expect(error.message).toMatch(/see the cause/);
      expect(error.message).not.toContain('HSM');
    }
  });

  it('that fails with an error of this library under another code keeps it as the cause', async () => {
    const cause = new BundleSealError('ERR_SOURCE_FAILED', 'the key service cannot be read');
    const error = await rejection(seal(signer(() => Promise.reject(cause))), 'ERR_SIGNER_FAILED');
    expect(error.cause).toBe(cause);
  });
});

/** Block type 2, as encryption pads, with a fixed filling. */
function signOther(payload: Uint8Array): Uint8Array {
  const padding = new Uint8Array(384 - payload.length - 3).fill(0xff);
  const block = concat(Uint8Array.of(0, 2), padding, Uint8Array.of(0), payload);
  return integerToBytes(pow(bytesToInteger(block), key.d, key.n), 384);
}

describe('a signer', () => {
  it('gets the tag, 32 bytes of session key, the checksum and the digest of the head', async () => {
    let payload = new Uint8Array();
    const sealed = await encryptBundle(bundle, {
      privateKey: signer((given) => {
        payload = Uint8Array.from(given);
        return signRaw(given);
      }),
    });
    expect(new TextDecoder().decode(payload.subarray(0, 8))).toBe('BNDLSEAL');
    expect(toHex(payload.subarray(40, 72))).toBe(sealed.checksum);
    const { headerLength } = inspectBundle(sealed.seal);
    const head = sealed.bytes.slice(0, headerLength - 384);
    const digest = await crypto.subtle.digest('SHA-256', head);
    expect(toHex(payload.subarray(72))).toBe(toHex(new Uint8Array(digest)));
    expect(new Set(payload.subarray(8, 40)).size).toBeGreaterThan(8);
  });

  it('that keeps the payload finds it wiped, also after a failure', async () => {
    for (const fail of [false, true]) {
      let kept = new Uint8Array([1]);
      const privateKey = signer((given) => {
        kept = given as Uint8Array<ArrayBuffer>;
        if (fail) throw new Error('no');
        return signRaw(given);
      });
      await encryptBundle(bundle, { privateKey }).catch(() => {});
      expect(kept).toEqual(new Uint8Array(104));
    }
  });

  it('that changes its answer afterwards does not change the bundle', async () => {
    let answer = new Uint8Array();
    const privateKey = signer((payload) => {
      answer = signRaw(payload) as Uint8Array<ArrayBuffer>;
      // After the answer has been taken, before the bundle is given out.
      queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => answer.fill(0))));
      return answer;
    });
    const sealed = await encryptBundle(bundle, { privateKey, backend: 'webcrypto' });
    expect(answer.every((byte) => byte === 0)).toBe(true);
    expect(await decryptBundle(sealed.bytes, { publicKey: keyB.spki })).toEqual(bundle);
  });

  it('is called as a method of its own object', async () => {
    class Vault implements Signer {
      readonly publicKey = keyB.pkcs1Public;
      readonly #key = key;
      async sign(payload: Uint8Array): Promise<Uint8Array> {
        return signRaw(payload, this.#key);
      }
    }
    const sealed = await encryptBundle(bundle, { privateKey: new Vault() });
    expect(await decryptBundle(sealed.bytes, { publicKey: keyB.spki })).toEqual(bundle);
  });

  it.each([
    ['a string', 'sign', /^privateKey\.sign expected a function, got a string/],
    ['nothing', undefined, /^privateKey\.sign expected a function, got nothing/],
    ['null', null, /^privateKey\.sign expected a function, got null/],
    ['an object', {}, /^privateKey\.sign expected a function, got an object/],
  ])('whose sign is %s is a TypeError', async (_, sign, message) => {
    const work = encryptBundle(bundle, { privateKey: { publicKey: keyB.spki, sign } as never });
    await expect(work).rejects.toThrow(TypeError);
    await expect(work).rejects.toThrow(message);
  });

  it('needs a valid public key, and is not called before that is checked', async () => {
    let asked = 0;
    const sign = async (payload: Uint8Array) => {
      asked += 1;
      return signRaw(payload);
    };
    const seal = (publicKey: unknown) =>
      encryptBundle(bundle, { privateKey: { publicKey, sign } as never });
    await expect(seal(undefined)).rejects.toThrow(/^privateKey\.publicKey expected .* nothing$/);
    await expect(seal(42)).rejects.toThrow(TypeError);
    expect((await rejection(seal(keyB.pkcs8), 'ERR_KEY_INVALID')).message).toMatch(
      /^this is a private key/,
    );
    await rejection(seal(rsa2048Spki), 'ERR_KEY_INVALID');
    expect(asked).toBe(0);
  });

  it.each([
    ['null', null, /^privateKey expected a PEM string, .* got null$/],
    ['nothing', undefined, /^privateKey expected a PEM string, .* got nothing$/],
  ])('is not assumed for %s', async (_, privateKey, message) => {
    await expect(encryptBundle(bundle, { privateKey: privateKey as never })).rejects.toThrow(
      message,
    );
  });

  it('is not awaited after an abort', async () => {
    const controller = new AbortController();
    const reason = { why: 'the user left' };
    const privateKey = signer(() => {
      controller.abort(reason);
      return new Promise(() => {});
    });
    const work = encryptBundle(bundle, { privateKey, signal: controller.signal });
    await expect(work).rejects.toBe(reason);
  });
});
