// Signatures that need no private key: roots of a block under a small public exponent (Bleichenbacher 2006, and the
// plain case of e = 1). They are real forgeries, made here without a private key; rsa.test.ts has the lenient
// blocks under e = 65537, where only the private key makes them.

import { describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backend/select.ts';
import { bytesToInteger, concat, fromHex, integerToBytes } from '../../src/bytes.ts';
import { decryptBundle, decryptStream, encryptBundle, keyId, openBundle } from '../../src/index.ts';
import { encodeSpki } from '../../src/keys/encode.ts';
import { parsePublicKey } from '../../src/keys/parse.ts';
import { recoverSeal } from '../../src/seal/seal.ts';
import { BACKENDS } from '../support/backends.ts';
import { rejection } from '../support/errors.ts';
import { forgeBody, putTogether, takeApart } from '../support/forger.ts';
import { expectRefused } from '../support/openers.ts';
import { streamOf } from '../support/streams.ts';
import { keyB } from '../support/vectors.ts';

const { n } = parsePublicKey(keyB.spki);
const K = 384;
const evil = new TextEncoder().encode('a bundle that nobody signed');
const genuine = takeApart(
  (await encryptBundle(evil, { privateKey: keyB.pkcs8, chunkSize: 4096 })).bytes,
);
const parts = { ...genuine, ...forgeBody(new Uint8Array(32), evil, 4096) };
const sha256 = async (bytes: Uint8Array) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes.slice()));
const headDigest = await sha256(concat(parts.fixed, parts.metadata, parts.digests));
const payload = concat(
  new TextEncoder().encode('BNDLSEAL'),
  new Uint8Array(32),
  await sha256(evil),
  headDigest,
);

/** The largest integer whose e-th power is no more than the value. */
function root(value: bigint, e: bigint): bigint {
  let low = 0n;
  let high = 1n << BigInt(Math.ceil(value.toString(2).length / Number(e)) + 1);
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (middle ** e <= value) low = middle;
    else high = middle - 1n;
  }
  return low;
}

/** 00 01 FF…FF 00 payload, then whatever makes it a cube: the block that a lenient reader takes. */
function cubeWithGarbage(): Uint8Array {
  const start = concat(
    Uint8Array.of(0, 1),
    new Uint8Array(8).fill(0xff),
    Uint8Array.of(0),
    payload,
  );
  const highest = concat(start, new Uint8Array(K - start.length).fill(0xff));
  const signature = root(bytesToInteger(highest), 3n);
  const block = integerToBytes(signature ** 3n, K);
  // The forgery succeeds: all that a scan looks at is there.
  expect(block.subarray(0, start.length)).toEqual(start);
  return integerToBytes(signature, K);
}

/** The very block, which is its own signature where e is 1. */
const exact = concat(
  Uint8Array.of(0, 1),
  new Uint8Array(K - 107).fill(0xff),
  Uint8Array.of(0),
  payload,
);

const FORGED: [bigint, string, Uint8Array][] = [
  [1n, 'the block itself', exact],
  [3n, 'a cube root with garbage after the payload', cubeWithGarbage()],
  [3n, 'a cube root of the start of the block', integerToBytes(root(bytesToInteger(exact), 3n), K)],
];

describe.each(BACKENDS)('a forgery without a private key, through %s', (backend) => {
  it.each(FORGED)('is refused with its key, whose e is %s: %s', async (e, _, signature) => {
    const publicKey = encodeSpki({ n, e });
    const fixed = parts.fixed.slice();
    fixed.set(await sha256(publicKey), 24);
    const sealed = putTogether(parts, { fixed, signature });
    const options = { publicKey, backend };
    await rejection(decryptBundle(sealed, options), 'ERR_KEY_INVALID');
    await rejection(openBundle(sealed, options), 'ERR_KEY_INVALID');
    const stream = async () =>
      decryptStream(streamOf([sealed]).stream, options)
        .getReader()
        .read();
    await rejection(stream(), 'ERR_KEY_INVALID');
  });

  it('with a cube root is refused by the block, even if the key were accepted', async () => {
    const chosen = await selectBackend(backend);
    for (const [e, , signature] of FORGED.filter(([exponent]) => exponent === 3n)) {
      await rejection(recoverSeal(chosen, { n, e }, signature, headDigest), 'ERR_SEAL_INVALID');
    }
  });

  it('is refused under the publisher’s own key', async () => {
    for (const [, , signature] of FORGED) {
      const sealed = putTogether(parts, { signature });
      await expectRefused(sealed, { publicKey: keyB.spki, backend }, 'ERR_SEAL_INVALID');
    }
  });

  it('is refused under a key with the same modulus and another exponent', async () => {
    const other = encodeSpki({ n, e: 65539n });
    const sealed = putTogether(genuine);
    await expectRefused(sealed, { publicKey: other, backend }, 'ERR_KEY_MISMATCH');
    const fixed = genuine.fixed.slice();
    fixed.set(fromHex(await keyId(other)), 24);
    const renamed = putTogether(genuine, { fixed });
    await expectRefused(renamed, { publicKey: other, backend }, 'ERR_SEAL_INVALID');
  });
});

it.each([0n, 1n, 2n, 3n, 5n, 17n, 257n, 65535n, 65536n, 65538n, 2n ** 32n + 1n])(
  'a public key with e = %s is refused',
  async (e) => {
    await rejection(keyId(encodeSpki({ n, e })), 'ERR_KEY_INVALID');
  },
);
