import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../src/bytes.ts';
import {
  DerError,
  element,
  encodeInteger,
  readElements,
  readInteger,
  readSequence,
  TAG,
} from '../../../src/keys/der.ts';
import {
  encodePkcs1Private,
  encodePkcs1Public,
  encodePkcs8,
  encodeSpki,
} from '../../../src/keys/encode.ts';
import { parseEitherKey, parsePrivateKey, parsePublicKey } from '../../../src/keys/parse.ts';
import { encodePem } from '../../../src/keys/pem.ts';
import { thrown } from '../../support/errors.ts';
import { derOf, expectNoKeyMaterial, rsa2048Pkcs8 } from '../../support/keys.ts';
import { keyB } from '../../support/vectors.ts';

const key = parsePrivateKey(keyB.pkcs8);
const ALGORITHM = fromHex('300d06092a864886f70d0101010500');
const NULL = Uint8Array.of(TAG.null, 0);
const OID = fromHex('06092a864886f70d010101');

const sequence = (...parts: Uint8Array[]) => element(TAG.sequence, ...parts);
const octets = (...parts: Uint8Array[]) => element(TAG.octetString, ...parts);
const bits = (unused: number, ...parts: Uint8Array[]) =>
  element(TAG.bitString, Uint8Array.of(unused), ...parts);
/** An INTEGER whose content is given as it stands. */
const rawInteger = (content: Uint8Array) => element(TAG.integer, content);
const contentOf = (der: Uint8Array) => readElements(der)[0]?.content as Uint8Array;
/** The same element, its length in the given octets. */
const withLength = (der: Uint8Array, ...length: number[]) =>
  concat(Uint8Array.of(der[0] as number, ...length), contentOf(der));

const numbers = [0n, key.n, key.e, key.d, key.p, key.q, key.dp, key.dq, key.qi];
const pkcs1 = encodePkcs1Private(key);
const pkcs1Public = encodePkcs1Public(key);
const pkcs8 = encodePkcs8(key);
const spki = encodeSpki(key);
const trailing = Uint8Array.of(0);

describe('the encoders', () => {
  it('make the bytes that OpenSSL made', () => {
    expect(toHex(pkcs8)).toBe(toHex(derOf(keyB.pkcs8)));
    expect(toHex(pkcs1)).toBe(toHex(derOf(keyB.pkcs1)));
    expect(toHex(spki)).toBe(toHex(derOf(keyB.spki)));
    expect(toHex(pkcs1Public)).toBe(toHex(derOf(keyB.pkcs1Public)));
    expect(encodePem('PRIVATE KEY', pkcs8)).toBe(keyB.pkcs8);
    expect(encodePem('RSA PUBLIC KEY', pkcs1Public)).toBe(keyB.pkcs1Public);
  });

  it.each([
    [0, '0400'],
    [1, '040100'],
    [127, `047f${'00'.repeat(127)}`],
    [128, `048180${'00'.repeat(128)}`],
    [255, `0481ff${'00'.repeat(255)}`],
    [256, `04820100${'00'.repeat(256)}`],
    [65_535, `0482ffff${'00'.repeat(65_535)}`],
    [65_536, `0483010000${'00'.repeat(65_536)}`],
  ])('write a length of %i in the fewest octets', (length, hex) => {
    const encoded = octets(new Uint8Array(length));
    expect(toHex(encoded)).toBe(hex);
    expect(readElements(encoded)).toEqual([
      { tag: TAG.octetString, content: new Uint8Array(length) },
    ]);
  });

  it.each([
    [0n, '020100'],
    [1n, '020101'],
    [127n, '02017f'],
    [128n, '02020080'],
    [255n, '020200ff'],
    [256n, '02020100'],
    [32_767n, '02027fff'],
    [32_768n, '0203008000'],
    [65_537n, '0203010001'],
  ])('write the INTEGER %i with a sign bit and no more', (value, hex) => {
    expect(toHex(encodeInteger(value))).toBe(hex);
    expect(readInteger({ tag: TAG.integer, content: fromHex(hex.slice(4)) })).toBe(value);
  });
});

describe('the reader of elements', () => {
  it('returns every element in order', () => {
    const read = readElements(concat(encodeInteger(5n), NULL, octets(Uint8Array.of(1, 2))));
    expect(read.map(({ tag, content }) => [tag, toHex(content)])).toEqual([
      [TAG.integer, '05'],
      [TAG.null, ''],
      [TAG.octetString, '0102'],
    ]);
    expect(readElements(new Uint8Array())).toEqual([]);
  });

  it.each([
    ['a tag alone', '02', /der cut$/],
    ['a length that goes past the end', '020201', /der cut$/],
    ['a long length of which an octet is missing', '048201', /der cut$/],
    ['the indefinite form', '30800201010000', /der length$/],
    ['a length of four octets', `048400000080${'00'.repeat(128)}`, /der length$/],
    ['the reserved length octet', '04ff00', /der length$/],
    ['a long length that fits the short form', `04817f${'00'.repeat(127)}`, /der length-minimal$/],
    ['a length of 0 in the long form', '048100', /der length-minimal$/],
    ['two octets for a length that fits one', `04820080${'00'.repeat(128)}`, /der length-minimal$/],
    [
      'three octets for a length that fits two',
      `0483000100${'00'.repeat(256)}`,
      /der length-minimal$/,
    ],
  ])('refuses %s', (_, hex, why) => {
    expect(() => readElements(fromHex(hex))).toThrow(DerError);
    expect(() => readElements(fromHex(hex))).toThrow(why);
  });

  it.each([
    ['an empty INTEGER', '0200', /der integer$/],
    ['another tag', '0401ff', /der integer$/],
    ['-1', '0201ff', /der negative$/],
    ['-128', '020180', /der negative$/],
    ['a needless leading zero', '0202007f', /der integer-minimal$/],
    ['a zero in two octets', '02020000', /der integer-minimal$/],
  ])('refuses %s for a positive INTEGER', (_, hex, why) => {
    const [read] = readElements(fromHex(hex));
    expect(() => readInteger(read as NonNullable<typeof read>)).toThrow(DerError);
    expect(() => readInteger(read as NonNullable<typeof read>)).toThrow(why);
  });

  it('reads one SEQUENCE and nothing after it', () => {
    expect(readSequence(sequence())).toEqual([]);
    expect(() => readSequence(concat(sequence(), trailing, trailing))).toThrow(/der more$/);
    expect(() => readSequence(octets())).toThrow(/der sequence$/);
    expect(() => readSequence(new Uint8Array())).toThrow(/der sequence$/);
  });
});

/** Puts an inner structure into a correct PKCS#8 or SPKI key. */
const inPkcs8 = (inner: Uint8Array) => sequence(encodeInteger(0n), ALGORITHM, octets(inner));
const inSpki = (inner: Uint8Array) => sequence(ALGORITHM, bits(0, inner));
const otherPrimes = sequence(sequence(encodeInteger(3n), encodeInteger(1n), encodeInteger(1n)));
const multiPrime = sequence(...[1n, ...numbers.slice(1)].map(encodeInteger), otherPrimes);

const PRIVATE: [string, Uint8Array][] = [
  ['a byte after PKCS#8', concat(pkcs8, trailing)],
  ['a second PKCS#8 after the first', concat(pkcs8, pkcs8)],
  ['a byte after PKCS#1', concat(pkcs1, trailing)],
  ['a byte after the key within PKCS#8', inPkcs8(concat(pkcs1, trailing))],
  ['a NULL after the numbers of PKCS#1', sequence(contentOf(pkcs1), NULL)],
  ['a byte after the numbers within PKCS#8', inPkcs8(sequence(contentOf(pkcs1), trailing))],
  ['a member after the key in PKCS#8', sequence(contentOf(pkcs8), NULL)],
  [
    'a member after the attributes of PKCS#8',
    sequence(contentOf(pkcs8), element(TAG.attributes), NULL),
  ],
  ['a tenth number in PKCS#1', sequence(...[...numbers, 1n].map(encodeInteger))],
  ['a tenth number within PKCS#8', inPkcs8(sequence(...[...numbers, 1n].map(encodeInteger)))],
  ['eight numbers in PKCS#1', sequence(...numbers.slice(0, 8).map(encodeInteger))],
  ['three numbers in PKCS#1', sequence(...numbers.slice(0, 3).map(encodeInteger))],
  ['no numbers within PKCS#8', inPkcs8(sequence())],
  ['nothing within PKCS#8', inPkcs8(new Uint8Array())],
  ['a length of PKCS#8 in three octets', withLength(pkcs8, 0x83, 0, ...pkcs8.subarray(2, 4))],
  ['a length of PKCS#1 in three octets', withLength(pkcs1, 0x83, 0, ...pkcs1.subarray(2, 4))],
  [
    'a length within PKCS#8 that is not minimal',
    inPkcs8(withLength(pkcs1, 0x83, 0, ...pkcs1.subarray(2, 4))),
  ],
  [
    'a version whose length is not minimal',
    sequence(Uint8Array.of(2, 0x81, 1, 0), ALGORITHM, octets(pkcs1)),
  ],
  ['the indefinite form around PKCS#8', concat(withLength(pkcs8, 0x80), new Uint8Array(2))],
  [
    'the indefinite form within PKCS#8',
    inPkcs8(concat(withLength(pkcs1, 0x80), new Uint8Array(2))),
  ],
  ['PKCS#8 cut short', pkcs8.subarray(0, -1)],
  ['PKCS#1 cut short', pkcs1.subarray(0, 100)],
  ['the key within PKCS#8 cut short', inPkcs8(pkcs1.subarray(0, -1))],
  ['version 1 in PKCS#8', sequence(encodeInteger(1n), ALGORITHM, octets(pkcs1))],
  [
    'version 1 and a public key in PKCS#8 (RFC 5958)',
    sequence(encodeInteger(1n), ALGORITHM, octets(pkcs1), element(0x81, trailing, pkcs1Public)),
  ],
  ['version -1 in PKCS#8', sequence(fromHex('0201ff'), ALGORITHM, octets(pkcs1))],
  ['an empty version in PKCS#8', sequence(fromHex('0200'), ALGORITHM, octets(pkcs1))],
  ['a version of two octets in PKCS#8', sequence(fromHex('02020000'), ALGORITHM, octets(pkcs1))],
  ['version 2 in PKCS#1', sequence(...[2n, ...numbers.slice(1)].map(encodeInteger))],
  ['version 1 in PKCS#1', sequence(...[1n, ...numbers.slice(1)].map(encodeInteger))],
  ['more than two primes in PKCS#1', multiPrime],
  ['more than two primes within PKCS#8', inPkcs8(multiPrime)],
  ['no algorithm in PKCS#8', sequence(encodeInteger(0n), sequence(), octets(pkcs1))],
  ['no NULL parameters in PKCS#8', sequence(encodeInteger(0n), sequence(OID), octets(pkcs1))],
  [
    'two NULL parameters in PKCS#8',
    sequence(encodeInteger(0n), sequence(OID, NULL, NULL), octets(pkcs1)),
  ],
  [
    'NULL with content',
    sequence(encodeInteger(0n), sequence(OID, fromHex('050100')), octets(pkcs1)),
  ],
  [
    'parameters that are no NULL',
    sequence(encodeInteger(0n), sequence(OID, sequence()), octets(pkcs1)),
  ],
  [
    'an algorithm of a needlessly long identifier',
    sequence(encodeInteger(0n), sequence(fromHex('060a2a80864886f70d010101'), NULL), octets(pkcs1)),
  ],
  [
    'an algorithm that is no identifier',
    sequence(encodeInteger(0n), sequence(NULL), octets(pkcs1)),
  ],
  [
    'an algorithm that nobody knows',
    sequence(encodeInteger(0n), sequence(fromHex('06022a03'), NULL), octets(pkcs1)),
  ],
  ['a public key within PKCS#8', inPkcs8(pkcs1Public)],
  ['an OCTET STRING within PKCS#8', inPkcs8(octets(pkcs1))],
  [
    'attributes in front of the key',
    sequence(encodeInteger(0n), ALGORITHM, element(TAG.attributes)),
  ],
  ...numbers.slice(1).flatMap((value, i): [string, Uint8Array][] => {
    const name = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'][i];
    const replaced = (by: Uint8Array) =>
      sequence(...numbers.map((number, at) => (at === i + 1 ? by : encodeInteger(number))));
    const content = contentOf(encodeInteger(value));
    return [
      [`${name} with a needless leading zero`, replaced(rawInteger(concat(trailing, content)))],
      [`${name} negative`, replaced(rawInteger(concat(Uint8Array.of(0xff), content)))],
      [`${name} empty`, replaced(rawInteger(new Uint8Array()))],
      [`${name} an OCTET STRING`, replaced(octets(content))],
    ];
  }),
];

const PUBLIC: [string, Uint8Array][] = [
  ['a byte after SPKI', concat(spki, trailing)],
  ['a byte after PKCS#1', concat(pkcs1Public, trailing)],
  ['a byte after the key within SPKI', inSpki(concat(pkcs1Public, trailing))],
  ['a third number within SPKI', inSpki(sequence(contentOf(pkcs1Public), encodeInteger(1n)))],
  ['one number within SPKI', inSpki(sequence(encodeInteger(key.n)))],
  ['one number in PKCS#1', sequence(encodeInteger(key.n))],
  ['nothing at all in a SEQUENCE', sequence()],
  ['a member after the key in SPKI', sequence(contentOf(spki), NULL)],
  ['a length that is not minimal', withLength(spki, 0x83, 0, ...spki.subarray(2, 4))],
  [
    'a length within that is not minimal',
    inSpki(withLength(pkcs1Public, 0x83, 0, ...pkcs1Public.subarray(2, 4))),
  ],
  ['the indefinite form', concat(withLength(spki, 0x80), new Uint8Array(2))],
  ['SPKI cut short', spki.subarray(0, -1)],
  ['one byte', spki.subarray(0, 1)],
  ['one unused bit', sequence(ALGORITHM, bits(1, pkcs1Public))],
  ['seven unused bits', sequence(ALGORITHM, bits(7, pkcs1Public))],
  ['a BIT STRING without its count of unused bits', sequence(ALGORITHM, element(TAG.bitString))],
  ['an empty BIT STRING', sequence(ALGORITHM, bits(0))],
  ['no NULL parameters', sequence(sequence(OID), bits(0, pkcs1Public))],
  ['two NULL parameters', sequence(sequence(OID, NULL, NULL), bits(0, pkcs1Public))],
  ['parameters that are no NULL', sequence(sequence(OID, octets()), bits(0, pkcs1Public))],
  [
    'an algorithm of a needlessly long identifier',
    sequence(sequence(fromHex('060a2a80864886f70d010101'), NULL), bits(0, pkcs1Public)),
  ],
  [
    'sha256WithRSAEncryption for an algorithm',
    sequence(sequence(fromHex('06092a864886f70d01010b'), NULL), bits(0, pkcs1Public)),
  ],
  ['a private key within SPKI', inSpki(pkcs1)],
  [
    'a negative modulus',
    sequence(rawInteger(contentOf(encodeInteger(key.n)).subarray(1)), encodeInteger(key.e)),
  ],
  ['a negative exponent', sequence(encodeInteger(key.n), fromHex('0203810001'))],
  [
    'a needless zero in front of n',
    sequence(rawInteger(concat(trailing, contentOf(encodeInteger(key.n)))), encodeInteger(key.e)),
  ],
  ['a needless zero in front of e', sequence(encodeInteger(key.n), fromHex('020400010001'))],
  ['an empty exponent', sequence(encodeInteger(key.n), fromHex('0200'))],
];

describe('a private key in DER', () => {
  it.each(PRIVATE)('is refused with %s', (_, der) => {
    const error = thrown(() => parsePrivateKey(der), 'ERR_KEY_INVALID');
    expectNoKeyMaterial(error, der);
    thrown(() => parseEitherKey(der), 'ERR_KEY_INVALID');
    thrown(() => parsePublicKey(der), 'ERR_KEY_INVALID');
    thrown(() => parsePrivateKey(encodePem('PRIVATE KEY', der)), 'ERR_KEY_INVALID');
  });

  it('may have attributes after it, which are ignored', () => {
    const attributes = element(TAG.attributes, sequence(OID, element(0x31, NULL)));
    expect(parsePrivateKey(sequence(contentOf(pkcs8), attributes))).toEqual(key);
  });

  it.each([
    ['PKCS#8', inPkcs8(multiPrime)],
    ['PKCS#1', multiPrime],
  ])('of more than two primes is called that in %s', (_, der) => {
    const error = thrown(() => parsePrivateKey(der), 'ERR_KEY_INVALID');
    expect(error.message).toMatch(/more than two primes/);
  });

  it('of another version is called a form that is not PKCS#8 version 0', () => {
    const oneAsymmetricKey = sequence(
      encodeInteger(1n),
      ALGORITHM,
      octets(pkcs1),
      element(0x81, trailing, pkcs1Public),
    );
    for (const der of [sequence(encodeInteger(1n), ALGORITHM, octets(pkcs1)), oneAsymmetricKey]) {
      const error = thrown(() => parsePrivateKey(der), 'ERR_KEY_INVALID');
      expect(error.message).toMatch(/not (a )?PKCS#8 (key of )?version 0/);
    }
  });

  it.each([
    ['1.2.3', '06022a03'],
    ['rsaEncryption with a needless leading octet (X.690 §8.19.2)', '060a802a864886f70d010101'],
    ['rsaEncryption cut short', '06082a864886f70d0101'],
    ['nothing', '0600'],
  ])('is refused for the object identifier %s', (_, identifier) => {
    const der = sequence(encodeInteger(0n), sequence(fromHex(identifier), NULL), octets(pkcs1));
    const error = thrown(() => parsePrivateKey(der), 'ERR_KEY_INVALID');
    expect(error.message).toMatch(/a key for another algorithm/);
  });

  it('is refused if the algorithm is not an object identifier', () => {
    const der = sequence(
      encodeInteger(0n),
      sequence(fromHex('04092a864886f70d010101'), NULL),
      octets(pkcs1),
    );
    const error = thrown(() => parsePrivateKey(der), 'ERR_KEY_INVALID');
    expect(error.message).toMatch(/an algorithm was expected/);
  });

  it.each([
    [
      'nine numbers',
      sequence(...[...numbers, 1n].map(encodeInteger)),
      /has version 0 and eight numbers/,
    ],
    [
      'a version',
      sequence(...[2n, ...numbers.slice(1)].map(encodeInteger)),
      /has version 0 and eight/,
    ],
  ])('that lacks nothing but the right %s is told what was expected', (_, der, message) => {
    expect(thrown(() => parsePrivateKey(der), 'ERR_KEY_INVALID').message).toMatch(message);
  });

  it('is refused for its size although everything else is right', () => {
    const error = thrown(() => parsePrivateKey(derOf(rsa2048Pkcs8)), 'ERR_KEY_INVALID');
    expect(error.message).toMatch(/2048 bits/);
  });
});

describe('a public key in DER', () => {
  it.each(PUBLIC)('is refused with %s', (_, der) => {
    const error = thrown(() => parsePublicKey(der), 'ERR_KEY_INVALID');
    expectNoKeyMaterial(error, der);
    thrown(() => parseEitherKey(der), 'ERR_KEY_INVALID');
    thrown(() => parsePrivateKey(der), 'ERR_KEY_INVALID');
    thrown(() => parsePublicKey(encodePem('PUBLIC KEY', der)), 'ERR_KEY_INVALID');
  });

  it.each([
    ['bits', sequence(ALGORITHM, bits(1, pkcs1Public)), /BIT STRING is not whole bytes/],
    ['numbers', inSpki(pkcs1), /an RSA public key has two numbers/],
    ['parameters', sequence(sequence(OID), bits(0, pkcs1Public)), /must have NULL parameters/],
  ])('with wrong %s is told what was expected', (_, der, message) => {
    expect(thrown(() => parsePublicKey(der), 'ERR_KEY_INVALID').message).toMatch(message);
  });

  it.each([
    ['no bytes', 0, '-----BEGIN X-----\n-----END X-----\n'],
    [
      'a line and a half',
      72,
      `-----BEGIN X-----\n${'A'.repeat(64)}\n${'A'.repeat(32)}\n-----END X-----\n`,
    ],
  ])('of %s is encoded in lines of 64 characters', (_, length, text) => {
    expect(encodePem('X', new Uint8Array(length))).toBe(text);
  });

  it('is read if the pieces of the tests above are correct', () => {
    expect(parsePublicKey(inSpki(pkcs1Public))).toEqual({ n: key.n, e: key.e });
    expect(parsePrivateKey(inPkcs8(pkcs1))).toEqual(key);
    expect(parsePrivateKey(sequence(...numbers.map(encodeInteger)))).toEqual(key);
  });
});
