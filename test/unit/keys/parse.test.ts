import { gcd, invert, pow as power } from 'micro-rsa-dsa-dh/utils.js';
import { describe, expect, it, vi } from 'vitest';
import { toBase64 } from '../../../src/base64.ts';
import { integerToBytes } from '../../../src/bytes.ts';
import {
  BundleSealError,
  decryptBundle,
  encryptBundle,
  keyId,
  publicKeyOf,
} from '../../../src/index.ts';
import { element, encodeInteger, TAG } from '../../../src/keys/der.ts';
import {
  encodePkcs1Private,
  encodePkcs1Public,
  encodePkcs8,
  encodeSpki,
} from '../../../src/keys/encode.ts';
import { parseEitherKey, parsePrivateKey, parsePublicKey } from '../../../src/keys/parse.ts';
import type { RsaPrivateKey } from '../../../src/keys/rsa.ts';
import type { PrivateKeyInput, PublicKeyInput } from '../../../src/keys/strict.ts';
import { rejection, thrown } from '../../support/errors.ts';
import * as other from '../../support/keys.ts';
import { derOf, expectNoKeyMaterial } from '../../support/keys.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

function atOddOffset(bytes: Uint8Array): Uint8Array {
  const room = new Uint8Array(bytes.length + 9).fill(0xa5);
  room.set(bytes, 3);
  return room.subarray(3, 3 + bytes.length);
}

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

function bytes(der: Uint8Array<ArrayBuffer>): Record<string, Uint8Array | ArrayBuffer> {
  return {
    'in a Uint8Array': der,
    'in an ArrayBuffer': der.buffer,
    'in a view at an odd offset': atOddOffset(der),
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

const { kty, n, e } = keyB.jwk;
const publicJwk = { kty, n, e };

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

const genuine = parsePrivateKey(keyB.pkcs8);

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

const { n: modulus } = genuine;
const corrupted = (pem: string, by: string) => `${pem.slice(0, 300)}${by}${pem.slice(301)}`;
const withExponent = (exponent: bigint) => encodeSpki({ n: modulus, e: exponent });
const body = (pem: string) => pem.trim().split('\n').slice(1, -1).join('\n');
const relabelled = (pem: string, label: string) =>
  `-----BEGIN ${label}-----\n${body(pem)}\n-----END ${label}-----\n`;
const PSS = element(
  TAG.sequence,
  element(TAG.objectIdentifier, Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10)),
);
const pssPkcs8 = element(
  TAG.sequence,
  encodeInteger(0n),
  PSS,
  element(TAG.octetString, encodePkcs1Private(genuine)),
);

const DSA = /\ba DSA key/;

/** What came, what the message has to call it. Neither half is wanted in particular. */
const NOT_RSA: [string, PublicKeyInput, RegExp][] = [
  ['an EC key in PKCS#8', other.ecPkcs8, /\ban EC key/],
  ['an EC key in PKCS#8 DER', derOf(other.ecPkcs8), /\ban EC key/],
  ['an EC key in SEC1', other.ecSec1, /\ban EC key/],
  ['an EC key in SEC1 DER', derOf(other.ecSec1), /\ban EC key/],
  ['an EC public key', other.ecSpki, /\ban EC key/],
  ['an EC public key in DER', derOf(other.ecSpki), /\ban EC key/],
  ['an EC key in a JWK', other.ecJwk, /\ban EC key/],
  ['an Ed25519 key in PKCS#8', other.ed25519Pkcs8, /\ban Ed25519 key/],
  ['an Ed25519 key in PKCS#8 DER', derOf(other.ed25519Pkcs8), /\ban Ed25519 key/],
  ['an Ed25519 public key', other.ed25519Spki, /\ban Ed25519 key/],
  ['an Ed25519 key in a JWK', other.ed25519Jwk, /\ban Ed25519 key/],
  ['an X25519 public key', other.x25519Spki, /\ban X25519 key/],
  ['a symmetric key in a JWK', { kty: 'oct', k: 'AyM1SysPpbyDfgZld3umj' }, /\ba symmetric key/],
  ['a JWK of an unknown kind', { kty: 'XYZ', pub: 'AyM1SysPpbyDfgZld3umj' }, /not an RSA key/],
  ['a JWK whose kind is a name of Object.prototype', { kty: 'toString' }, /is not an RSA key/],
  ['a JWK whose kind is a name in an array', { kty: ['EC'] } as never, /JWK is not an RSA key/],
  ['an object that is no JWK', {}, /JWK is not an RSA key/],
  ['an RSA-PSS public key', other.pssSpki, /RSASSA-PSS/],
  ['an RSA-PSS private key', pssPkcs8, /RSASSA-PSS/],
  ['a DSA key in PKCS#8', other.dsaPkcs8, DSA],
  ['a DSA key as OpenSSL used to write it', other.dsaTraditional, DSA],
  ['a DSA public key', other.dsaSpki, DSA],
  ['an encrypted PKCS#8 key', other.encryptedPkcs8, /\ban encrypted private key.*decrypt/],
  ['an encrypted PKCS#8 key in DER', derOf(other.encryptedPkcs8), /\ban encrypted private key/],
  ['an encrypted PKCS#1 key', other.encryptedLegacy, /\ban encrypted private key.*decrypt/],
  [
    'an encrypted PKCS#1 key with literal \\n',
    other.encryptedLegacy.replaceAll('\n', '\\n'),
    /\ban encrypted private key.*decrypt/,
  ],
  ['an OpenSSH private key', other.openSshPrivate, /\ban OpenSSH private key/],
  ['an OpenSSH public key', other.sshRsaPublic, /\ban OpenSSH public key/],
  ['an OpenSSH public key as bytes', utf8(other.sshRsaPublic), /\ban OpenSSH public key/],
  ['an SSH2 public key', other.ssh2Public, /SSH2 form.*ssh-keygen -i/],
  ['a certificate', other.certificate, /\ba certificate.*openssl x509/],
  ['a certificate in DER', derOf(other.certificate), /\ba certificate/],
  ['a certificate request', other.certificateRequest, /certificate request.*openssl req/],
  ['an OpenPGP block', relabelled(keyB.spki, 'PGP PUBLIC KEY BLOCK'), /an OpenPGP key/],
  ...['NOT ENCRYPTED KEY', 'NO OPENSSH KEY', 'DEC KEY', 'MY PUBLIC KEY', 'PUBLIC KEY BLOCK'].map(
    (label): [string, PublicKeyInput, RegExp] => [
      `a PEM block of the kind ${label}`,
      relabelled(keyB.spki, label),
      /a PEM block of another kind/,
    ],
  ),
  ['another structure in DER', element(TAG.sequence, encodeInteger(1n)), /this is not an RSA key/],
  ['a PEM block of another kind', relabelled(keyB.spki, 'X509 CRL'), /a list of revoked cert/],
  ['an empty string', '', /empty string/],
  ['white space alone', ' \r\n\t\uFEFF\\n', /empty string/],
  ['no bytes', new Uint8Array(), /empty string/],
  ['no bytes in an ArrayBuffer', new ArrayBuffer(0), /empty string/],
  ['white space as bytes', utf8('\n \n'), /empty string/],
  ['a relative path', './keys/bundle_private.pem', /looks like a path/],
  ['an absolute path', '/home/me/.keys/bundle_private.pem', /looks like a path/],
  ['a path in the home folder', '~/bundle_private', /looks like a path/],
  ['a path on Windows', 'C:\\Users\\me\\bundle.pem', /looks like a path/],
  ['a path on Windows with a folder "new"', 'C:\\new\\release\\key.pem', /looks like a path/],
  ['a file name', 'bundle.pem', /looks like a path/],
  ['a path to what an SSH key is kept in', '/home/me/ssh-keys/bundle.pem', /looks like a path/],
  ['a path of 511 characters', `/${'x'.repeat(510)}`, /looks like a path/],
  ['a path of 512 characters', `/${'x'.repeat(511)}`, /not a PEM key/],
  ['lines of which the first has a dot', 'take this.\nno more', /not a PEM key/],
  ['lines of which the last has a dot', 'take this\nno more.', /not a PEM key/],
  ['damaged JSON text', JSON.stringify(keyB.jwk).slice(0, -1), /JSON is damaged/],
  ['a word', 'password', /not a PEM key/],
  ['base64 of no key', toBase64(new Uint8Array(600).fill(7), 'base64'), /not a PEM key/],
  ['random bytes', Uint8Array.from({ length: 64 }, (_, i) => 255 - i), /not a PEM key/],
];

/** One character of its base64 is another. */
const spoiltPkcs8 = corrupted(keyB.pkcs8, keyB.pkcs8[300] === 'A' ? 'B' : 'A');

const REFUSED_PUBLIC: [string, PublicKeyInput, RegExp][] = [
  ...NOT_RSA,
  ['an RSA-2048 public key', other.rsa2048Spki, /2048 bits and at least 3072/],
  ['a private key in PKCS#8', keyB.pkcs8, /a private key came where the public key/],
  ['a private key in PKCS#1', keyB.pkcs1, /a private key came where the public key/],
  ['a private key in DER', derOf(keyB.pkcs8), /a private key came where the public key/],
  ['a private key in a JWK', keyB.jwk, /a private key came where the public key/],
  [
    'a private key in a JWK that lacks only its exponent',
    Object.fromEntries(Object.entries(keyB.jwk).filter(([name]) => name !== 'd')),
    /private|no "d"/,
  ],
  ...(['d', 'p', 'q', 'dp', 'dq', 'qi'] as const).map((name): [string, PublicKeyInput, RegExp] => [
    `a public JWK with ${name} alone of the private numbers`,
    { ...publicJwk, [name]: keyB.jwk[name] },
    /a private key came where the public key/,
  ]),
  ['an even exponent', withExponent(65_538n), /exponent is even/],
  ['the exponent 3', withExponent(3n), /exponent is too small/],
  ['the exponent 1', withExponent(1n), /exponent is too small/],
  ['an exponent just under the least', withExponent(65_535n), /exponent is too small/],
  ['an exponent of 2^32 + 1', withExponent(2n ** 32n + 1n), /exponent is too large/],
  ['an exponent as long as the modulus', withExponent(modulus - 2n), /exponent is too large/],
  ['the exponent 3 in PKCS#1', encodePkcs1Public({ n: modulus, e: 3n }), /too small/],
  ['the exponent 3 in a JWK', { ...publicJwk, e: 'Aw' }, /exponent is too small/],
  ['a modulus of 0', encodeSpki({ n: 0n, e: 65_537n }), /0 bits and at least 3072/],
  ['3071 bits', encodeSpki({ n: (1n << 3070n) + 1n, e: 65_537n }), /3071 bits and at least 3072/],
  ['3073 bits', encodeSpki({ n: (1n << 3072n) + 1n, e: 65_537n }), /3073 bits.*multiple of 8/],
  ['8200 bits', encodeSpki({ n: (1n << 8199n) + 1n, e: 65_537n }), /8200 bits.*at most 8192/],
  ['an even modulus', encodeSpki({ n: modulus + 1n, e: 65_537n }), /modulus .*must be odd/],
  [
    'a missing END line',
    keyB.spki.split('-----END')[0] as string,
    /cut short.*END line is missing/,
  ],
  ['a missing BEGIN line', keyB.spki.slice(27), /PEM block is damaged/],
  ['a key cut in its END line', keyB.spki.slice(0, -8), /PEM block is damaged/],
  ['truncated base64', keyB.spki.replace(/..\n-----END/, '\n-----END'), /base64 is truncated/],
  ['a lost line of base64', keyB.spki.replace(/\n.{64}\n/, '\n'), /damaged/],
  ['no base64 at all', relabelled('-\n-', 'PUBLIC KEY'), /base64 is truncated/],
  [
    'base64 with a foreign character',
    corrupted(keyB.spki, '!'),
    /base64 is truncated or corrupted/,
  ],
  ['base64 with a dash', corrupted(keyB.spki, '-'), /damaged|corrupted/],
  ['base64url in PEM', corrupted(keyB.spki, '_'), /base64 is truncated or corrupted/],
  ['base64 with padding within', corrupted(keyB.spki, '='), /base64 is truncated or corrupted/],
  ['two PEM blocks', keyB.spki + keyB.spki, /more than one PEM block/],
  ['a key pair in one text', keyB.pkcs8 + keyB.spki, /more than one PEM block/],
  [
    'a line break in its BEGIN line',
    keyB.pkcs1Public.replace('BEGIN RSA ', 'BEGIN RSA \\n'),
    /PEM block is damaged/,
  ],
  ['BEGIN and END lines that differ', keyB.spki.replace('END PUBLIC', 'END RSA PUBLIC'), /differ/],
  ['SPKI labelled PKCS#1', relabelled(keyB.spki, 'RSA PUBLIC KEY'), /contains a "PUBLIC KEY"/],
  [
    'PKCS#1 labelled SPKI',
    relabelled(keyB.pkcs1Public, 'PUBLIC KEY'),
    /contains a "RSA PUBLIC KEY"/,
  ],
  [
    'a private key labelled public',
    relabelled(keyB.pkcs8, 'PUBLIC KEY'),
    /contains a "PRIVATE KEY"/,
  ],
  [
    'a PKCS#1 private key labelled public',
    relabelled(keyB.pkcs1, 'RSA PUBLIC KEY'),
    /contains a "RSA P/,
  ],
  ['a JWK without n', { kty: 'RSA', e: 'AQAB' }, /no "n"/],
  ['a JWK without e', { kty: 'RSA', n: keyB.jwk.n }, /no "e"/],
  ['a JWK with padding', { ...publicJwk, e: 'AQAB=' }, /"e" is not a Base64urlUInt/],
  ['a JWK with white space', { ...publicJwk, n: `${keyB.jwk.n}\n` }, /"n" is not a Base64urlUInt/],
  ['a JWK in standard base64', { ...publicJwk, n: `${keyB.jwk.n}++++` }, /"n" is not a Base64url/],
  ['a JWK with a leading zero byte', { ...publicJwk, e: 'AAEAAQ' }, /"e" is not a Base64urlUInt/],
  ['a JWK with an empty member', { ...publicJwk, e: '' }, /"e" is not a Base64urlUInt/],
  [
    'a JWK with a number for a member',
    { kty: 'RSA', n: keyB.jwk.n, e: 65_537 } as never,
    /"e" is not a Base64urlUInt/,
  ],
  ['a JWK with null for a member', { ...publicJwk, n: null } as never, /"n" is not a Base64url/],
];

const REFUSED_PRIVATE: [string, PrivateKeyInput, RegExp][] = [
  ...NOT_RSA,
  ['an RSA-2048 private key', other.rsa2048Pkcs8, /2048 bits and at least 3072/],
  ['a public key in SPKI', keyB.spki, /a public key came where the private key/],
  ['a public key in PKCS#1', keyB.pkcs1Public, /a public key came where the private key/],
  ['a public key in DER', derOf(keyB.spki), /a public key came where the private key/],
  ['a public key in a JWK', publicJwk, /a public key came where the private key/],
  ['an even exponent', encodePkcs8({ ...genuine, e: 65_538n }), /exponent is even/],
  ['the exponent 3', encodePkcs1Private({ ...genuine, e: 3n }), /exponent is too small/],
  ['an exponent of 2^32 + 1', encodePkcs8({ ...genuine, e: 2n ** 32n + 1n }), /is too large/],
  ['a missing END line', keyB.pkcs8.split('-----END')[0] as string, /END line is missing/],
  [
    'a missing END line with literal \\n',
    keyB.pkcs8.slice(0, 900).replaceAll('\n', '\\n'),
    /END line/,
  ],
  ['truncated base64', keyB.pkcs8.replace(/..\n-----END/, '\n-----END'), /base64 is truncated/],
  ['a lost line of base64', keyB.pkcs8.replace(/\n.{64}\n/, '\n'), /damaged/],
  ['one character of base64 changed', spoiltPkcs8, /do not belong together|damaged/],
  ['base64 with a foreign character', corrupted(keyB.pkcs8, '?'), /truncated or corrupted/],
  ['two PEM blocks', keyB.pkcs8 + keyB.pkcs1, /more than one PEM block/],
  ['PKCS#8 labelled PKCS#1', relabelled(keyB.pkcs8, 'RSA PRIVATE KEY'), /contains a "PRIVATE KEY"/],
  ['PKCS#1 labelled PKCS#8', relabelled(keyB.pkcs1, 'PRIVATE KEY'), /contains a "RSA PRIVATE KEY"/],
  [
    'a public key labelled private',
    relabelled(keyB.spki, 'PRIVATE KEY'),
    /contains a "PUBLIC KEY"/,
  ],
  ['a JWK of more than two primes', { ...keyB.jwk, oth: [] }, /more than two primes/],
  ...(['p', 'q', 'dp', 'dq', 'qi'] as const).map((name): [string, PrivateKeyInput, RegExp] => [
    `a JWK without ${name}`,
    Object.fromEntries(Object.entries(keyB.jwk).filter(([member]) => member !== name)),
    new RegExp(`no "${name}"`),
  ]),
];

describe('where a public key belongs', () => {
  it.each(REFUSED_PUBLIC)('%s is refused by name, and none of it is shown', (_, input, name) => {
    const error = thrown(() => parsePublicKey(input), 'ERR_KEY_INVALID');
    expect(error.message).toMatch(name);
    expect(error.message.length).toBeLessThan(260);
    expectNoKeyMaterial(error, input);
  });
});

describe('where a private key belongs', () => {
  it.each(REFUSED_PRIVATE)('%s is refused by name, and none of it is shown', (_, input, name) => {
    const error = thrown(() => parsePrivateKey(input), 'ERR_KEY_INVALID');
    expect(error.message).toMatch(name);
    expect(error.message.length).toBeLessThan(260);
    expectNoKeyMaterial(error, input);
  });
});

describe('where either half may come', () => {
  it.each(NOT_RSA)('%s is refused by name, and none of it is shown', async (_, input, name) => {
    const error = await rejection(keyId(input), 'ERR_KEY_INVALID');
    expect(error.message).toMatch(name);
    expectNoKeyMaterial(error, input);
  });
});

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

it('a key of another known kind is named and not called damaged', () => {
  expect(thrown(() => parsePublicKey(other.ecSpki), 'ERR_KEY_INVALID').message).toBe(
    'this is an EC key: a plain RSA key is needed, make a pair with keygen()',
  );
});

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
    expect((await rejection(sealing, 'ERR_KEY_INVALID')).message).toMatch(/^a public key came/);
    const { bytes: sealed } = await encryptBundle(new Uint8Array(1), { privateKey: keyB.pkcs8 });
    const opening = decryptBundle(sealed, { publicKey: keyB.pkcs8 });
    expect((await rejection(opening, 'ERR_KEY_INVALID')).message).toMatch(/^a private key came/);
    const naming = publicKeyOf(keyB.spki);
    expect((await rejection(naming, 'ERR_KEY_INVALID')).message).toMatch(/^a public key came/);
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
