// Input that is not an accepted key: the message says what it is instead.

import { describe, expect, it } from 'vitest';
import { toBase64 } from '../../../src/base64.ts';
import { keyId } from '../../../src/index.ts';
import { element, encodeInteger, TAG } from '../../../src/keys/der.ts';
import {
  encodePkcs1Private,
  encodePkcs1Public,
  encodePkcs8,
  encodeSpki,
} from '../../../src/keys/encode.ts';
import { parsePrivateKey, parsePublicKey } from '../../../src/keys/parse.ts';
import type { PrivateKeyInput, PublicKeyInput } from '../../../src/keys/strict.ts';
import { rejection, thrown } from '../../support/errors.ts';
import { genuine, modulus, publicJwk } from '../../support/key-forms.ts';
import * as other from '../../support/keys.ts';
import { derOf, expectNoKeyMaterial } from '../../support/keys.ts';
import { keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

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
  ['a private key in PKCS#8', keyB.pkcs8, /this is a private key, and a public key is needed/],
  ['a private key in PKCS#1', keyB.pkcs1, /this is a private key, and a public key is needed/],
  ['a private key in DER', derOf(keyB.pkcs8), /this is a private key, and a public key is needed/],
  ['a private key in a JWK', keyB.jwk, /this is a private key, and a public key is needed/],
  [
    'a private key in a JWK that lacks only its exponent',
    Object.fromEntries(Object.entries(keyB.jwk).filter(([name]) => name !== 'd')),
    /private|no "d"/,
  ],
  ...(['d', 'p', 'q', 'dp', 'dq', 'qi'] as const).map((name): [string, PublicKeyInput, RegExp] => [
    `a public JWK with ${name} alone of the private numbers`,
    { ...publicJwk, [name]: keyB.jwk[name] },
    /this is a private key, and a public key is needed/,
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
  ['two certificates', other.certificate + other.certificate, /more than one PEM block/],
  ['a private key and a certificate', keyB.pkcs8 + other.certificate, /this is a private key/],
  ['two public keys and a certificate', keyB.spki + keyB.spki + other.certificate, /more than one/],
  [
    'a header of RFC 1421',
    keyB.pkcs1Public.replace('-\n', '-\nComment: my-key\n\n'),
    /headers.*delete the lines/,
  ],
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
  ['a public key in SPKI', keyB.spki, /this is a public key, and a private key is needed/],
  ['a public key in PKCS#1', keyB.pkcs1Public, /this is a public key, and a private key is needed/],
  ['a public key in DER', derOf(keyB.spki), /this is a public key, and a private key is needed/],
  ['a public key in a JWK', publicJwk, /this is a public key, and a private key is needed/],
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
  ['two keys and a certificate', keyB.pkcs8 + other.certificate + keyB.pkcs1, /more than one/],
  ['a public key and a certificate', keyB.spki + other.certificate, /this is a public key/],
  ['a header', keyB.pkcs1.replace('-\n', '-\nComment: x\n\n'), /headers.*delete the lines/],
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

it('a key of another known kind is named and not called damaged', () => {
  expect(thrown(() => parsePublicKey(other.ecSpki), 'ERR_KEY_INVALID').message).toBe(
    'this is an EC key: a plain RSA key is needed, make a pair with keygen()',
  );
});
