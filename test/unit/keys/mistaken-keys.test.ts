// Arguments that cannot be keys, far too large input, and errors that contain no key material.

import { describe, expect, it, vi } from 'vitest';
import {
  BundleSealError,
  decryptBundle,
  encryptBundle,
  keyId,
  publicKeyOf,
} from '../../../src/index.ts';
import { parseEitherKey, parsePrivateKey, parsePublicKey } from '../../../src/keys/parse.ts';
import { rejection, thrown } from '../../support/errors.ts';
import { derOf, expectNoKeyMaterial } from '../../support/keys.ts';
import { keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

const corrupted = (pem: string, by: string) => `${pem.slice(0, 300)}${by}${pem.slice(301)}`;

/** One character of its base64 is another. */
const spoiltPkcs8 = corrupted(keyB.pkcs8, keyB.pkcs8[300] === 'A' ? 'B' : 'A');

const MISTAKES: [string, unknown, RegExp][] = [
  ['a number', 424_242, /got a number/],
  ['a bigint', 424_242n, /got a bigint/],
  ['null', null, /got null/],
  ['nothing', undefined, /got nothing/],
  ['a boolean', true, /got a boolean/],
  ['a symbol', Symbol('424242'), /got a symbol/],
  ['a function', () => '424242', /got a function/],
  ['an array', [keyB.spki, keyB.pkcs8], /got an array/],
  ['a Uint16Array', new Uint16Array([42, 42, 42]), /got a Uint16Array/],
  ['a DataView', new DataView(new ArrayBuffer(8)), /got a DataView/],
  ['a Map', new Map([['kty', 'RSA']]), /got a Map/],
  ['a Date', new Date(0), /got a Date/],
  ['a Promise', Promise.resolve(keyB.pkcs8), /got a Promise/],
  [
    'a function that calls itself an object',
    Object.assign(() => '424242', { [Symbol.toStringTag]: 'Object' }),
    /got a function/,
  ],
  [
    'a view that calls itself an object',
    Object.defineProperty(new Uint16Array([42]), Symbol.toStringTag, { value: 'Object' }),
    /got an object/,
  ],
];

it.each<[string, () => unknown]>([
  ['it is read', () => parsePrivateKey(keyB.pkcs8)],
  ['its numbers are wrong', () => parsePrivateKey(spoiltPkcs8)],
  ['the public key was wanted', () => parsePublicKey(keyB.pkcs8)],
  ['either was', () => parseEitherKey(keyB.pkcs8)],
])('the bytes of a private key in PEM are wiped where %s', (_, read) => {
  const fill = vi.spyOn(Uint8Array.prototype, 'fill');
  try {
    try {
      read();
    } catch (error) {
      expect(error).toBeInstanceOf(BundleSealError);
    }
    const { length } = derOf(keyB.pkcs8);
    const wiped = (fill.mock.contexts as Uint8Array[]).filter((bytes) => bytes.length === length);
    expect(wiped.length).toBeGreaterThan(0);
    expect(wiped.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
  } finally {
    fill.mockRestore();
  }
});

it('bytes that are far longer than a key are not read to their end', () => {
  const far = utf8(`${' '.repeat(65_536)}${keyB.spki}`);
  expect(thrown(() => parsePublicKey(far), 'ERR_KEY_INVALID').message).toMatch(/too large/);
  expect(parsePublicKey(far.subarray(65_000)).n).toBe(parsePublicKey(keyB.spki).n);
});

describe("a caller's mistake", () => {
  it.each(MISTAKES)(
    '%s is a TypeError that names the option and no value',
    async (_, input, got) => {
      const calls: [string, () => unknown][] = [
        ['publicKey', () => parsePublicKey(input as string)],
        ['privateKey', () => parsePrivateKey(input as string)],
        ['privateKey.publicKey', () => parsePublicKey(input as string, 'privateKey.publicKey')],
        ['key', () => parseEitherKey(input as string)],
      ];
      for (const [name, call] of calls) {
        const error = typeErrorOf(call);
        expect(error.message.startsWith(`${name} expected `), error.message).toBe(true);
        expect(error.message).toMatch(got);
        expect(error.message).not.toContain('424242');
        expectNoKeyMaterial(error, keyB.spki);
        expectNoKeyMaterial(error, keyB.pkcs8);
      }
      await expect(keyId(input as string)).rejects.toThrow(TypeError);
      await expect(publicKeyOf(input as string)).rejects.toThrow(/^privateKey expected/);
    },
  );

  it('a CryptoKey is a TypeError that says to export it first', async () => {
    const { publicKey, privateKey } = await importedPair();
    for (const [name, key] of [
      ['publicKey', publicKey],
      ['privateKey', privateKey],
    ] as const) {
      const parse = name === 'publicKey' ? parsePublicKey : parsePrivateKey;
      const error = typeErrorOf(() => parse(key as never));
      expect(error.message).toMatch(
        new RegExp(`^${name} expected .*export a CryptoKey.* first.*, got a CryptoKey$`),
      );
    }
  });

  it('a KeyObject of either name is a TypeError that says to export it first', () => {
    for (const kind of ['KeyObject', 'PrivateKeyObject']) {
      const error = typeErrorOf(() => parsePrivateKey({ [Symbol.toStringTag]: kind } as never));
      expect(error.message).toMatch(
        new RegExp(`^privateKey expected .*KeyObject first.*, got a ${kind}$`),
      );
    }
  });

  it('with a key is reported by encryptBundle and decryptBundle with the name of their option', async () => {
    const bundle = new Uint8Array(1);
    await expect(encryptBundle(bundle, { privateKey: 7 as never })).rejects.toThrow(
      /^privateKey expected .* got a number$/,
    );
    await expect(encryptBundle(bundle, {} as never)).rejects.toThrow(/^privateKey expected/);
    await expect(decryptBundle(bundle, { publicKey: 7 as never })).rejects.toThrow(
      /^publicKey expected .* got a number$/,
    );
    await expect(decryptBundle(bundle, { publicKey: [keyB.spki, 7 as never] })).rejects.toThrow(
      /^publicKey\[1\] expected .* got a number$/,
    );
  });

  it('with the wrong half is refused by encryptBundle and decryptBundle', async () => {
    const sealing = encryptBundle(new Uint8Array(1), { privateKey: keyB.spki });
    expect((await rejection(sealing, 'ERR_KEY_INVALID')).message).toMatch(
      /^this is a public key, and a private key is needed/,
    );
    const { bytes: sealed } = await encryptBundle(new Uint8Array(1), { privateKey: keyB.pkcs8 });
    const opening = decryptBundle(sealed, { publicKey: keyB.pkcs8 });
    expect((await rejection(opening, 'ERR_KEY_INVALID')).message).toMatch(
      /^this is a private key, and a public key is needed/,
    );
    const naming = publicKeyOf(keyB.spki);
    expect((await rejection(naming, 'ERR_KEY_INVALID')).message).toMatch(
      /^this is a public key, and a private key is needed/,
    );
  });
});

describe('a BundleSealError', () => {
  it('about a key has a code, a name and no field that does not apply', () => {
    const error = thrown(() => parsePublicKey(''), 'ERR_KEY_INVALID');
    expect(error).toBeInstanceOf(BundleSealError);
    expect(error.name).toBe('BundleSealError');
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'BundleSealError',
      code: 'ERR_KEY_INVALID',
    });
    expect('cause' in error).toBe(false);
  });
});

function typeErrorOf(call: () => unknown): TypeError {
  let error: unknown;
  try {
    call();
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(TypeError);
  return error as TypeError;
}

async function importedPair() {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const { subtle } = globalThis.crypto;
  return {
    publicKey: await subtle.importKey('spki', derOf(keyB.spki), algorithm, true, ['verify']),
    privateKey: await subtle.importKey('pkcs8', derOf(keyB.pkcs8), algorithm, true, ['sign']),
  };
}

describe('an input that is far too large for a key', () => {
  const large = `-----BEGIN PUBLIC KEY-----\n${'A'.repeat(100_000_000)}`;

  it.each<[string, string | Uint8Array]>([
    ['text', large],
    ['bytes', new Uint8Array(100_000_000).fill(0x30)],
    ['white space', ' '.repeat(100_000_000)],
  ])('is refused as %s before anything of it is decoded', (_, input) => {
    // What would go over all of it.
    const looks = [
      vi.spyOn(String.prototype, 'trim'),
      vi.spyOn(String.prototype, 'replace'),
      vi.spyOn(RegExp.prototype, 'exec'),
      vi.spyOn(String, 'fromCharCode'),
    ];
    let message: string;
    let longest: number;
    try {
      ({ message } = thrown(() => parsePublicKey(input), 'ERR_KEY_INVALID'));
      longest = Math.max(
        0,
        ...looks.flatMap(({ mock }) => [
          ...mock.contexts.map((context) => (typeof context === 'string' ? context.length : 0)),
          ...mock.calls.map((call) => Math.max(call.length, String(call[0] ?? '').length)),
        ]),
      );
    } finally {
      for (const look of looks) look.mockRestore();
    }
    expect(message).toMatch(/too large for a key \(over 64 KiB\)/);
    expect(longest).toBeLessThanOrEqual(65_536);
  });

  it('is refused as the member of a JWK, over 4,096 characters', () => {
    const jwk = { kty: 'RSA', e: 'AQAB' };
    for (const length of [4097, 100_000_000]) {
      const error = thrown(
        () => parsePublicKey({ ...jwk, n: 'A'.repeat(length) }),
        'ERR_KEY_INVALID',
      );
      expect(error.message).toMatch(/"n" is not a Base64urlUInt/);
    }
  });
});
