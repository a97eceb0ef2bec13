// What makes a device take something weaker or older than it has: V1, another suite, Capgo's format, a genuine
// bundle of an earlier day.

import { describe, expect, it } from 'vitest';
import * as capgo from '../../src/capgo.ts';
import { decryptBundle, encryptBundle, type Metadata } from '../../src/index.ts';
import { bytesOf } from '../support/bytes.ts';
import { rejection } from '../support/errors.ts';
import { expectOpened, expectRefused } from '../support/openers.ts';
import { capgoPair } from '../support/pairs.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { keyB } from '../support/vectors.ts';

const plain = bytesOf(5000);
const seal = (metadata?: Metadata) =>
  encryptBundle(plain, {
    privateKey: keyB.pkcs8,
    chunkSize: 4096,
    ...(metadata && { metadata }),
  });
const { bytes, ciphertext } = await seal({ version: '2.0.0', sequence: 10 });
const bare = await seal();
const named = await seal({ version: '99.0.0', createdAt: '2099-01-01T00:00:00Z' });
const small = capgoPair(0);
const forCapgo = await capgo.encryptBundle(plain, { privateKey: small.privateKey });

const withByte = (at: number, value: number) => {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
};

describe.each(PREFERRED_BACKENDS)('a downgrade, through %s', (backend) => {
  const options = { publicKey: keyB.spki, backend };

  it('to a lower sequence is refused; the same and a higher one open', async () => {
    for (const minSequence of [0, 9, 10]) {
      await expectOpened(bytes, { ...options, expect: { minSequence } }, plain);
    }
    for (const minSequence of [11, Number.MAX_SAFE_INTEGER]) {
      const expecting = { ...options, expect: { minSequence } };
      await expectRefused(bytes, expecting, 'ERR_EXPECTATION_FAILED');
    }
  });

  it('to a bundle without a sequence is refused, although minSequence is 0 and its version is higher', async () => {
    for (const sealed of [bare.bytes, named.bytes]) {
      const expecting = { ...options, expect: { minSequence: 0 } };
      await expectRefused(sealed, expecting, 'ERR_EXPECTATION_FAILED');
    }
  });

  it('with the sequence rewritten is refused', async () => {
    const text = new TextDecoder('latin1').decode(bytes);
    const at = text.indexOf('"sequence":10');
    const sealed = bytes.slice();
    sealed.set(new TextEncoder().encode('"sequence":99'), at);
    await expectRefused(sealed, { ...options, expect: { minSequence: 50 } }, 'ERR_SEAL_INVALID');
  });

  it.each([
    ['version', 8, [0, 1, 3, 255]],
    ['suite', 9, [0, 2, 255]],
  ])('of the %s is refused although everything else is genuine', async (_, at, values) => {
    for (const value of values) {
      await expectRefused(withByte(at, value), options, 'ERR_VERSION_UNSUPPORTED');
    }
  });

  it('of the kind, or to smaller or larger chunks, is refused', async () => {
    await expectRefused(withByte(11, 1), options, 'ERR_HEADER_INVALID');
    for (const exponent of [0, 11, 25, 255]) {
      await expectRefused(withByte(10, exponent), options, 'ERR_HEADER_INVALID');
    }
    await expectRefused(withByte(10, 24), options, ['ERR_SEAL_INVALID', 'ERR_LENGTH_INVALID']);
  });

  it('to Capgo’s format is refused, as is a key of its 2048 bits', async () => {
    await expectRefused(forCapgo.bundle, options, 'ERR_HEADER_INVALID');
    const { publicKey } = small;
    await rejection(decryptBundle(bytes, { publicKey, backend }), 'ERR_KEY_INVALID');
    await rejection(decryptBundle(forCapgo.bundle, { publicKey, backend }), 'ERR_KEY_INVALID');
    // Nor does the small key make the large one, beside it, be passed over.
    const both = { publicKey: [keyB.spki, publicKey], backend };
    await rejection(decryptBundle(bytes, both), 'ERR_KEY_INVALID');
  });

  it('does not make the reader of Capgo’s format open a sealed bundle, its body or plain bytes', async () => {
    const { ivSessionKey, checksum } = forCapgo;
    const opening = { publicKey: small.publicKey, ivSessionKey, checksum, backend };
    expect(await capgo.decryptBundle(forCapgo.bundle, opening)).toEqual(plain);
    for (const other of [bytes, ciphertext, plain]) {
      await expect(capgo.decryptBundle(other, opening)).rejects.toMatchObject({
        name: 'BundleSealError',
      });
    }
  });
});
