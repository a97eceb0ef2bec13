// Forgeries that lenient readers of PKCS#1 v1.5 took (Bleichenbacher at CRYPTO 2006, CVE-2006-4339 and its
// kin), and the faults that give a private key away (Boneh, DeMillo, Lipton 1997). The forged blocks are
// raised to the private exponent here, which is more than an attacker could: only the reader refuses them.

import { pow } from 'micro-rsa-dsa-dh/utils.js';
import { describe, expect, it, vi } from 'vitest';
import { randomBytes } from '../../src/backend/random.ts';
import { selectBackend } from '../../src/backend/select.ts';
import { bytesToInteger, concat, integerToBytes, toHex } from '../../src/bytes.ts';
import { type ChunkLayout, chunkLayout } from '../../src/format/chunks.ts';
import { encodeHead } from '../../src/format/header.ts';
import { decryptBundle, encryptBundle } from '../../src/index.ts';
import { keyDigest } from '../../src/keys/encode.ts';
import { parsePrivateKey } from '../../src/keys/parse.ts';
import { modulusLength, type RsaPrivateKey } from '../../src/keys/rsa.ts';
import { privateOperation, publicOperation } from '../../src/seal/arithmetic.ts';
import { recoverSeal, signSeal } from '../../src/seal/seal.ts';
import { BACKENDS } from '../support/backends.ts';
import { rejection } from '../support/errors.ts';
import { keyA, keyB } from '../support/vectors.ts';

const key = parsePrivateKey(keyB.pkcs8);
const { n, e, p, q, dp, dq, qi } = key;
const K = modulusLength(key);
const PAYLOAD = 104;

const ff = (count: number) => new Uint8Array(count).fill(0xff);
const garbage = (count: number) => Uint8Array.from({ length: count }, (_, i) => (i * 167 + 91) | 1);

/** The private operation, by the Chinese remainder theorem, which takes a quarter of the time. */
function raise(block: Uint8Array): Uint8Array {
  const number = bytesToInteger(block);
  const byQ = pow(number % q, dq, q);
  const factor = ((((pow(number % p, dp, p) - byQ) * qi) % p) + p) % p;
  const signature = byQ + factor * q;
  if (pow(signature, e, n) !== number % n) throw new Error('the block was not raised');
  return integerToBytes(signature, K);
}

const block = (...parts: (Uint8Array | number)[]) =>
  concat(...parts.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part)));

/** A bundle whose head is made here, in full, so that a forger's signature over it can take its place. */
async function prepare(seed: number) {
  const backend = await selectBackend('noble');
  const layout: ChunkLayout = chunkLayout(0, 4096);
  const sessionKey = Uint8Array.from({ length: 32 }, (_, i) => (seed * 31 + i * 7) & 0xff);
  const body = new Uint8Array(16);
  const cipher = await backend.createCipher('encrypt', sessionKey, 0, 4096);
  const nonce = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
  const digests = await cipher.encrypt(nonce, new Uint8Array(), body);
  const head = encodeHead({
    kind: 'bundle',
    layout,
    keyId: await keyDigest(backend, key),
    signatureLength: K,
    metadata: new Uint8Array(),
    digests,
  });
  const checksum = await backend.sha256(new Uint8Array());
  const headDigest = await backend.sha256(head);
  const payload = concat(new TextEncoder().encode('BNDLSEAL'), sessionKey, checksum, headDigest);
  return { head, body, payload, headDigest };
}

const { head, body, payload, headDigest } = await prepare(1);
const right = block(0, 1, ff(K - PAYLOAD - 3), 0, payload);
const genuine = raise(right);
const sealedWith = (signature: Uint8Array) => concat(head, signature, body);

const altered = (at: number) => {
  const copy = payload.slice();
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
};
const withRight = (at: number, value: number) => {
  const copy = right.slice();
  copy[at] = value;
  return copy;
};

const BLOCKS: [string, Uint8Array][] = [
  [
    'a short run of FF and garbage after the payload (Bleichenbacher 2006)',
    block(0, 1, ff(8), 0, payload, garbage(K - PAYLOAD - 11)),
  ],
  [
    'a short run of FF and zeros after the payload',
    block(0, 1, ff(8), 0, payload, new Uint8Array(K - PAYLOAD - 11)),
  ],
  [
    'the payload one byte to the left and a byte of garbage after it',
    block(0, 1, ff(K - PAYLOAD - 4), 0, payload, 0x5a),
  ],
  [
    'the payload twice, the first time where a scan finds it',
    block(0, 1, ff(8), 0, payload, ff(K - 2 * PAYLOAD - 12), 0, payload),
  ],
  [
    'a short run of FF and garbage in front of the payload',
    block(0, 1, ff(8), 0, garbage(K - PAYLOAD - 12), 0, payload),
  ],
  ['no FF at all', block(0, 1, 0, garbage(K - PAYLOAD - 4), 0, payload)],
  ['garbage for the run of FF', block(0, 1, garbage(K - PAYLOAD - 3), 0, payload)],
  ['zeros for the run of FF', block(0, 1, new Uint8Array(K - PAYLOAD - 3), 0, payload)],
  ['one byte of the run of FF altered at its start', withRight(2, 0xfe)],
  ['one byte of the run of FF altered in its middle', withRight(100, 0x7f)],
  ['one byte of the run of FF altered at its end', withRight(K - PAYLOAD - 2, 0xfe)],
  ['a zero within the run of FF', withRight(40, 0)],
  ['block type 0 with zeros', block(new Uint8Array(K - PAYLOAD), payload)],
  ['block type 0 with FF', withRight(1, 0)],
  ['block type 2', withRight(1, 2)],
  ['block type 2 with random padding', block(0, 2, garbage(K - PAYLOAD - 3), 0, payload)],
  ['a first byte that is not 00', withRight(0, 1)],
  ['FF where the 00 belongs', withRight(K - PAYLOAD - 1, 0xff)],
  ['01 where the 00 belongs', withRight(K - PAYLOAD - 1, 1)],
  ['the 00 one byte early', block(0, 1, ff(K - PAYLOAD - 4), 0, 0, payload)],
  ['a tag that is wrong in its first byte', block(0, 1, ff(K - PAYLOAD - 3), 0, altered(0))],
  ['a tag that is wrong in its last byte', block(0, 1, ff(K - PAYLOAD - 3), 0, altered(7))],
  ['the tag in lower case', lowerCaseTag()],
  ['a head digest that is wrong in its first bit', block(0, 1, ff(K - 107), 0, altered(72))],
  ['a head digest that is wrong in its last bit', block(0, 1, ff(K - 107), 0, altered(103))],
  ['no head digest', block(0, 1, ff(K - 75), 0, payload.subarray(0, 72))],
  ['a payload a byte short', block(0, 1, ff(K - 106), 0, payload.subarray(1))],
  ['a payload a byte long', block(0, 1, ff(K - 108), 0, payload, 0)],
  ['the payload alone', block(new Uint8Array(K - PAYLOAD), payload)],
  ['a DigestInfo of the head (RFC 8017 §9.2)', digestInfo()],
  ['nothing but FF after its start', block(0, 1, ff(K - 2))],
];

function lowerCaseTag(): Uint8Array {
  const tag = new TextEncoder().encode('bndlseal');
  return block(0, 1, ff(K - PAYLOAD - 3), 0, tag, payload.subarray(8));
}

/** An ordinary RSASSA-PKCS1-v1_5 signature over the same head. */
function digestInfo(): Uint8Array {
  const prefix = '3031300d060960864801650304020105000420';
  const info = Uint8Array.from(prefix.match(/../g) ?? [], (hex) => Number.parseInt(hex, 16));
  return block(0, 1, ff(K - info.length - 35), 0, info, headDigest);
}

const FORGED: [string, Uint8Array][] = BLOCKS.map(([what, bytes]) => [what, raise(bytes)]);

const NUMBERS: [string, Uint8Array][] = [
  ['0', new Uint8Array(K)],
  ['1', integerToBytes(1n, K)],
  ['n - 1', integerToBytes(n - 1n, K)],
  ['n', integerToBytes(n, K)],
  ['n + 1', integerToBytes(n + 1n, K)],
  ['the largest number', ff(K)],
  ['the negative of the genuine one', integerToBytes(n - bytesToInteger(genuine), K)],
  ['the block itself', right],
  ['its e-th power', integerToBytes(pow(bytesToInteger(right), e, n), K)],
  ['the genuine one backwards', genuine.slice().reverse()],
];

describe.each(BACKENDS)('a forged signature, through %s', (backend) => {
  const open = (signature: Uint8Array) =>
    decryptBundle(sealedWith(signature), { publicKey: keyB.spki, backend });

  it('is compared with the genuine one, which opens', async () => {
    expect(await open(genuine)).toEqual(new Uint8Array());
  });

  it.each(FORGED)('is refused where its block has %s', async (_, signature) => {
    const error = await rejection(open(signature), 'ERR_SEAL_INVALID');
    expect(error.cause).toBeUndefined();
  });

  it.each(NUMBERS)('is refused where it is %s', async (_, signature) => {
    expect(signature.length).toBe(K);
    const error = await rejection(open(signature), 'ERR_SEAL_INVALID');
    expect(error.cause).toBeUndefined();
  });

  it('is refused where it is the genuine one plus n, for each signature has one spelling', async () => {
    // About one signature in four leaves room for it.
    let found: { sealed: Uint8Array; spelt: Uint8Array } | undefined;
    for (let seed = 2; found === undefined && seed < 80; seed++) {
      const other = await prepare(seed);
      const signature = raise(block(0, 1, ff(K - PAYLOAD - 3), 0, other.payload));
      const sum = bytesToInteger(signature) + n;
      if (sum >= 1n << BigInt(8 * K)) continue;
      found = {
        sealed: concat(other.head, signature, other.body),
        spelt: concat(other.head, integerToBytes(sum, K), other.body),
      };
    }
    const { sealed, spelt } = found as NonNullable<typeof found>;
    const publicKey = keyB.spki;
    expect(await decryptBundle(sealed, { publicKey, backend })).toEqual(new Uint8Array());
    await rejection(decryptBundle(spelt, { publicKey, backend }), 'ERR_SEAL_INVALID');
  });

  it('is refused by the same message for every fault', async () => {
    const messages = new Set<string>();
    for (const [, signature] of [...FORGED.slice(0, 6), ...NUMBERS]) {
      messages.add((await rejection(open(signature), 'ERR_SEAL_INVALID')).message);
    }
    expect(messages.size).toBe(1);
    expect([...messages][0]).toMatch(/does not belong to this header: .*discard the bundle/);
  });

  it('is refused where its length is not that of the modulus', async () => {
    const chosen = await selectBackend(backend);
    const longer = concat(Uint8Array.of(0), genuine);
    for (const signature of [longer, genuine.subarray(1), new Uint8Array()]) {
      await rejection(recoverSeal(chosen, key, signature, headDigest), 'ERR_SEAL_INVALID');
    }
    const secrets = await recoverSeal(chosen, key, genuine, headDigest);
    expect(toHex(secrets.sessionKey)).toBe(toHex(payload.subarray(8, 40)));
    expect(toHex(secrets.checksum)).toBe(toHex(payload.subarray(40, 72)));
  });
});

describe('a genuine signature', () => {
  it('is the same from every backend, and the private operation on the block', async () => {
    const secrets = { sessionKey: payload.slice(8, 40), checksum: payload.slice(40, 72) };
    for (const name of BACKENDS) {
      const backend = await selectBackend(name);
      const signing = { privateKey: key, publicKey: key };
      const signature = await signSeal(backend, signing, secrets, headDigest);
      expect(toHex(signature)).toBe(toHex(genuine));
    }
  });
});

describe.each([
  ['a', keyA],
  ['b', keyB],
])('the private operation with key %s', (_, { pkcs8 }) => {
  const own = parsePrivateKey(pkcs8);
  const random = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(modulusLength(own) + 8));
    return bytesToInteger(bytes) % own.n;
  };

  it('computes message^d mod n, which the public operation reverses', () => {
    for (const message of [0n, 1n, own.n - 1n, own.p, own.q * 2n, random(), random(), random()]) {
      const signature = privateOperation(own, message, randomBytes);
      expect(signature === pow(message, own.d, own.n)).toBe(true);
      expect(publicOperation(own, signature) === message).toBe(true);
    }
  });

  it('gives the same signature for the same message, though its blinding differs', () => {
    const message = random();
    const drawn: string[] = [];
    const watched = (length: number) => {
      const bytes = randomBytes(length);
      drawn.push(toHex(bytes));
      return bytes;
    };
    const signatures = [1, 2].map(() => privateOperation(own, message, watched));
    expect(signatures[0] === signatures[1]).toBe(true);
    // One number as long as the modulus for the message and 64 bits for each exponent, new every time.
    expect(drawn.map((hex) => hex.length / 2)).toEqual([
      ...[modulusLength(own) + 8, 8, 8],
      ...[modulusLength(own) + 8, 8, 8],
    ]);
    expect(new Set(drawn).size).toBe(6);
  });

  it('blinds by the number that was drawn, and gives up if every one lacks an inverse', () => {
    const drawn = (length: number) => integerToBytes(own.p - 2n, length);
    expect(() => privateOperation(own, random(), drawn)).toThrow();
    const least = (length: number) => new Uint8Array(length);
    expect(privateOperation(own, 5n, least) === pow(5n, own.d, own.n)).toBe(true);
    // The first that comes out small again: as large as n it would have no inverse.
    const round = (length: number) => integerToBytes(own.n - 2n, length);
    expect(privateOperation(own, 5n, round) === pow(5n, own.d, own.n)).toBe(true);
  });

  it('lengthens each exponent by the 64 bits that were drawn for it', () => {
    const spelt = vi.spyOn(BigInt.prototype, 'toString');
    try {
      privateOperation(own, 5n, (length) => new Uint8Array(length).fill(0x5a));
      // An exponent is taken digit by digit, and so it is spelt.
      const digits = spelt.mock.results.map(({ value }) => value);
      const drawn = 0x5a5a5a5a5a5a5a5an;
      expect(digits).toContain((own.dp + drawn * (own.p - 1n)).toString(16));
      expect(digits).toContain((own.dq + drawn * (own.q - 1n)).toString(16));
    } finally {
      spelt.mockRestore();
    }
  });
});

describe.each(BACKENDS)('the native operation that %s may have', (name) => {
  /** The backend with native RSA, whatever it has else, and what went in and came out of it. */
  async function watched() {
    const passed: Uint8Array[] = [];
    const keep = (...bytes: Uint8Array[]) => passed.push(...bytes);
    const rsa = {
      sign(der: Uint8Array, given: Uint8Array) {
        keep(der, given);
        return genuine.slice();
      },
      recover(_: Uint8Array, signature: Uint8Array) {
        const recovered = integerToBytes(pow(bytesToInteger(signature), e, n), K);
        keep(recovered);
        return recovered;
      },
    };
    return { backend: { ...(await selectBackend(name)), rsa }, passed };
  }
  const isWiped = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

  it('signs, and its copies of the private key and of the block are wiped', async () => {
    const { backend, passed } = await watched();
    const secrets = { sessionKey: payload.slice(8, 40), checksum: payload.slice(40, 72) };
    await signSeal(backend, { privateKey: key, publicKey: key }, secrets, headDigest);
    // The key, the block, and the block that the check of the signature recovers.
    expect(passed.map(isWiped)).toEqual([true, true, true]);
  });

  it('recovers, and the block that holds the session key is wiped', async () => {
    const { backend, passed } = await watched();
    const { sessionKey } = await recoverSeal(backend, key, genuine, headDigest);
    expect(toHex(sessionKey)).toBe(toHex(payload.subarray(8, 40)));
    expect(passed.map(isWiped)).toEqual([true]);
  });
});

describe('a signature that a fault has spoilt', () => {
  const secrets = { sessionKey: payload.slice(8, 40), checksum: payload.slice(40, 72) };
  const FAULTS: [string, RsaPrivateKey][] = [
    ['dp', { ...key, dp: key.dp + 2n }],
    ['dq', { ...key, dq: key.dq - 2n }],
    ['qi', { ...key, qi: key.qi + 1n }],
  ];

  describe.each(BACKENDS.filter((name) => name !== 'node'))('through %s', (name) => {
    it.each(FAULTS)('in %s is never released: ERR_SIGNER_FAILED', async (_, privateKey) => {
      // Anyone could compute a factor of n from such a signature.
      const spoilt = privateOperation(privateKey, bytesToInteger(right), randomBytes);
      expect(publicOperation(key, spoilt) === bytesToInteger(right)).toBe(false);
      const work = signSeal(
        await selectBackend(name),
        { privateKey, publicKey: key },
        secrets,
        headDigest,
      );
      const error = await rejection(work, 'ERR_SIGNER_FAILED');
      expect(error.message).toMatch(/was not released.*machine or its memory is faulty/);
    });
  });

  it.each(BACKENDS)('by the native operation of %s is never released either', async (name) => {
    const backend = await selectBackend(name);
    const faulty = {
      ...backend,
      rsa: {
        sign: () => integerToBytes(bytesToInteger(genuine) ^ 1n, K),
        recover: (_: Uint8Array, signature: Uint8Array) =>
          integerToBytes(pow(bytesToInteger(signature), e, n), K),
      },
    };
    const signing = { privateKey: key, publicKey: key };
    await rejection(signSeal(faulty, signing, secrets, headDigest), 'ERR_SIGNER_FAILED');
    const sound = { ...faulty, rsa: { ...faulty.rsa, sign: () => genuine.slice() } };
    expect(toHex(await signSeal(sound, signing, secrets, headDigest))).toBe(toHex(genuine));
  });

  it.each(BACKENDS)('that is a number over the modulus is not released by %s', async (name) => {
    const backend = await selectBackend(name);
    const over = { ...backend, rsa: { sign: () => ff(K), recover: () => right.slice() } };
    const signing = { privateKey: key, publicKey: key };
    await rejection(signSeal(over, signing, secrets, headDigest), 'ERR_SIGNER_FAILED');
  });
});

describe.each(BACKENDS)('a private key through %s', (backend) => {
  it('that is inconsistent is refused before it signs', async () => {
    const jwk = { ...keyB.jwk, dp: keyB.jwk.dq };
    const work = encryptBundle(new Uint8Array(1), { privateKey: jwk, backend });
    await rejection(work, 'ERR_KEY_INVALID');
  });
});
