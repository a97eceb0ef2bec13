// Keys that are accepted, in every form, and the consistency of a private key.

import { gcd, invert, pow as power } from 'micro-rsa-dsa-dh/utils.js';
import { describe, expect, it } from 'vitest';
import { toBase64 } from '../../../src/base64.ts';
import { integerToBytes } from '../../../src/bytes.ts';
import { keyId, publicKeyOf } from '../../../src/index.ts';
import { encodePkcs1Private, encodePkcs8, encodeSpki } from '../../../src/keys/encode.ts';
import { parseEitherKey, parsePrivateKey, parsePublicKey } from '../../../src/keys/parse.ts';
import type { RsaPrivateKey } from '../../../src/keys/rsa.ts';
import type { PrivateKeyInput, PublicKeyInput } from '../../../src/keys/strict.ts';
import { thrown } from '../../support/errors.ts';
import { atOddOffset, bytes, genuine, publicJwk } from '../../support/key-forms.ts';
import { derOf, expectNoKeyMaterial } from '../../support/keys.ts';
import { keyA, keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

/** What the same PEM text looks like after editors, CI variables and copying have been at it. */
function texts(pem: string): Record<string, string> {
  const lines = pem.trim().split('\n');
  return {
    'as it is written': pem,
    'with CR LF': pem.replaceAll('\n', '\r\n'),
    'with CR alone': pem.replaceAll('\n', '\r'),
    'after a byte order mark': `\uFEFF${pem}`,
    'in surrounding white space': ` \r\n\t${pem} \n\n `,
    'without its last line break': pem.trimEnd(),
    'with a literal \\n for each line break': pem.replaceAll('\n', '\\n'),
    'with a literal \\r\\n for each line break': pem.replaceAll('\n', '\\r\\n'),
    'with spaces for line breaks': lines.join(' '),
    'in one line': lines.join(''),
    'with its body in one line': [lines[0], lines.slice(1, -1).join(''), lines.at(-1)].join('\n'),
    'with indented lines': lines.map((line) => `    ${line}`).join('\n'),
  };
}

function all(name: string, pem: string): [string, string | Uint8Array | ArrayBuffer][] {
  return [
    ...Object.entries(texts(pem)).map(([how, text]) => [`${name} PEM ${how}`, text] as const),
    ...Object.entries(bytes(derOf(pem))).map(([how, der]) => [`${name} DER ${how}`, der] as const),
    [`${name} PEM as UTF-8 bytes`, utf8(pem)],
    [`${name} PEM as UTF-8 bytes after a byte order mark`, utf8(`\uFEFF${pem}`)],
    [`${name} PEM as UTF-8 bytes with CR LF`, atOddOffset(utf8(pem.replaceAll('\n', '\r\n')))],
  ] as [string, string | Uint8Array | ArrayBuffer][];
}

const PUBLIC: [string, PublicKeyInput][] = [
  ...all('SubjectPublicKeyInfo', keyB.spki),
  ...all('PKCS#1 public', keyB.pkcs1Public),
  ['JWK', publicJwk],
  ['JWK with members that mean nothing here', { ...publicJwk, use: 'sig', kid: 'one', ext: true }],
  ['JWK without a prototype', Object.assign(Object.create(null), publicJwk)],
];
const PRIVATE: [string, PrivateKeyInput][] = [
  ...all('PKCS#8', keyB.pkcs8),
  ...all('PKCS#1', keyB.pkcs1),
  ['JWK', keyB.jwk],
  ['JWK with members that mean nothing here', { ...keyB.jwk, key_ops: ['sign'], alg: 'RS256' }],
];

/** The product of all odd numbers below 1000. */
const SMALL = Array.from({ length: 499 }, (_, i) => BigInt(2 * i + 3)).reduce((a, b) => a * b);

describe('a public key', () => {
  it.each(PUBLIC)('is read from %s', async (_, spelling) => {
    expect(parsePublicKey(spelling)).toEqual({ n: genuine.n, e: 65_537n });
    expect(parseEitherKey(spelling)).toEqual({ n: genuine.n, e: 65_537n });
    expect(await keyId(spelling)).toBe(keyB.keyId);
  });

  it('is read though its bytes are not changed by it', () => {
    const der = derOf(keyB.spki);
    const pem = utf8(keyB.spki);
    const before = [der.slice(), pem.slice()];
    parsePublicKey(der);
    parsePublicKey(pem);
    expect([der, pem]).toEqual(before);
  });

  it('of any odd exponent from 65537 to 2^32 - 1 is read', () => {
    for (const exponent of [65_537n, 65_539n, 0xffff_ffffn]) {
      const read = parsePublicKey(encodeSpki({ n: genuine.n, e: exponent }));
      expect(read.e).toBe(exponent);
    }
  });

  it('of 3072 and of 8192 bits is read, and of a multiple of 8 between them', () => {
    for (const bits of [3072n, 3080n, 8192n]) {
      // No key, but without a factor that is found at once.
      let modulus = (1n << (bits - 1n)) + 1n;
      while (gcd(modulus, SMALL) !== 1n) modulus += 2n;
      expect(parsePublicKey(encodeSpki({ n: modulus, e: 65_537n })).n).toBe(modulus);
    }
  });
});

describe('a private key', () => {
  it.each(PRIVATE)('is read from %s', async (_, spelling) => {
    expect(parsePrivateKey(spelling)).toEqual(genuine);
    expect(parseEitherKey(spelling)).toEqual({ n: genuine.n, e: genuine.e });
    expect(await keyId(spelling)).toBe(keyB.keyId);
    expect(await publicKeyOf(spelling)).toBe(keyB.spki);
  });

  it('is read though its bytes are not changed by it', () => {
    const der = derOf(keyB.pkcs8);
    const pem = utf8(keyB.pkcs8);
    const before = [der.slice(), pem.slice()];
    parsePrivateKey(der);
    parsePrivateKey(pem);
    expect([der, pem]).toEqual(before);
  });

  it('of 4096 bits has its own id and public half', async () => {
    for (const spelling of [keyA.pkcs8, keyA.pkcs1, derOf(keyA.pkcs8), keyA.jwk]) {
      expect(await keyId(spelling)).toBe(keyA.keyId);
      expect(await publicKeyOf(spelling)).toBe(keyA.spki);
    }
    expect(keyA.keyId).not.toBe(keyB.keyId);
  });

  it('has one id with its public half, in 64 lower-case hex characters', async () => {
    expect(await keyId(keyB.spki)).toBe(await keyId(keyB.pkcs8));
    expect(await keyId(keyB.spki)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('with its primes the other way round is read', () => {
    const { p, q, dp, dq } = genuine;
    // p^-1 mod q, by Fermat's little theorem.
    const swapped = { ...genuine, p: q, q: p, dp: dq, dq: dp, qi: power(p, q - 2n, q) };
    expect(parsePrivateKey(encodePkcs1Private(swapped))).toEqual(swapped);
  });
});

const NUMBERS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const;
const asMember = (value: bigint) =>
  toBase64(integerToBytes(value, Math.ceil(value.toString(16).length / 2)), 'base64url');

describe('the consistency of a private key', () => {
  // Adding 2 keeps odd numbers odd, so that the check of consistency refuses the key.
  const spoilt = NUMBERS.flatMap((name) =>
    [2n, -2n].map((by): [string, RsaPrivateKey] => [
      `${name} ${by > 0n ? '+' : '-'} 2`,
      { ...genuine, [name]: genuine[name] + by },
    ]),
  ).filter(([what]) => what !== 'e - 2');
  const { p, q, d } = genuine;
  const reduced = (other: bigint) => ({
    ...genuine,
    ...{ d: other, dp: other % (p - 1n), dq: other % (q - 1n) },
  });
  const inverse = invert(genuine.e, genuine.n - 1n);
  const degenerate = { ...genuine, p: genuine.n, q: 1n, d: inverse, dp: inverse, dq: 0n, qi: 1n };
  const deceitful: [string, RsaPrivateKey][] = [
    ['p and q exchanged and nothing else', { ...genuine, p: q, q: p }],
    ['dp and dq exchanged', { ...genuine, dp: genuine.dq, dq: genuine.dp }],
    ['dp not reduced', { ...genuine, dp: genuine.dp + p - 1n }],
    ['dq not reduced', { ...genuine, dq: genuine.dq + q - 1n }],
    ['qi not reduced', { ...genuine, qi: genuine.qi + p }],
    ['d not below n', { ...genuine, d: d + (p - 1n) * (q - 1n) * 2n }],
    ['p = 1 and q = n', { ...genuine, p: 1n, q: genuine.n, dp: 1n, dq: 1n, qi: 1n }],
    ['p = n and q = 1', { ...genuine, p: genuine.n, q: 1n, dp: 1n, dq: 1n, qi: 1n }],
    ['p = n, q = 1 and all else made to fit', degenerate],
    ['d right for p alone', reduced(d + p - 1n)],
    ['d right for q alone', reduced(d + q - 1n)],
    ['p = 0', { ...genuine, p: 0n }],
    ['q = 0', { ...genuine, q: 0n }],
    ['d = 0', { ...genuine, d: 0n, dp: 0n, dq: 0n }],
    ['d = 1', { ...genuine, d: 1n, dp: 1n, dq: 1n }],
    ['qi = 0', { ...genuine, qi: 0n }],
    ['the modulus of another key', { ...genuine, n: parsePrivateKey(keyA.pkcs8).n }],
    ['a square modulus', { ...genuine, q: p, n: p * p, dq: genuine.dp, qi: 1n }],
  ];

  it.each([...spoilt, ...deceitful])('is refused in PKCS#1 with %s', (_, key) => {
    const der = encodePkcs1Private(key);
    const error = thrown(() => parsePrivateKey(der), 'ERR_KEY_INVALID');
    expect(error.message).toMatch(/do not belong together|must be odd|is weak/);
    expectNoKeyMaterial(error, der);
    expect(thrown(() => parsePrivateKey(encodePkcs8(key)), 'ERR_KEY_INVALID').message).toBe(
      error.message,
    );
    thrown(() => parseEitherKey(der), 'ERR_KEY_INVALID');
  });

  it.each(spoilt)('is refused in a JWK with %s', (_, key) => {
    const jwk = Object.fromEntries(NUMBERS.map((name) => [name, asMember(key[name])]));
    const error = thrown(() => parsePrivateKey({ kty: 'RSA', ...jwk }), 'ERR_KEY_INVALID');
    expect(error.message).toMatch(/do not belong together|is weak/);
    expectNoKeyMaterial(error, jwk);
  });

  it('is given in the unchanged encoding of the tests above', () => {
    const jwk = Object.fromEntries(NUMBERS.map((name) => [name, asMember(genuine[name])]));
    expect(parsePrivateKey({ kty: 'RSA', ...jwk })).toEqual(genuine);
    expect(parsePrivateKey(encodePkcs1Private(genuine))).toEqual(genuine);
  });
});
