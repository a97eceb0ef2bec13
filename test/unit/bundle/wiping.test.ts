// Secrets do not stay in memory: session keys, and plain bytes that no caller receives.

import { describe, expect, it, vi } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import { decodeSeal, encodeSeal } from '../../../src/format/header.ts';
import {
  type BackendName,
  decryptBundle,
  decryptStream,
  encryptBundle,
  encryptStream,
  openBundle,
  resealBundle,
  verifyChecksum,
} from '../../../src/index.ts';
import { parsePublicKey } from '../../../src/keys/parse.ts';
import { bytesOf } from '../../support/bytes.ts';
import { sessionKeyOf, takeApart } from '../../support/forger.ts';
import { drain, streamOf } from '../../support/streams.ts';
import { keyA, keyB } from '../../support/vectors.ts';
import { wipedDuring } from '../../support/wiped.ts';

const CHUNK = 4096;
const plain = bytesOf(3 * CHUNK);
const sealing = { privateKey: keyB.pkcs8, chunkSize: CHUNK };
const { bytes, seal, ciphertext } = await encryptBundle(plain, sealing);
const publicKey = keyB.spki;
const keyOf = (sealed: Uint8Array) =>
  toHex(sessionKeyOf(takeApart(sealed), parsePublicKey(publicKey)));
const sessionKey = keyOf(bytes);
const altered = bytes.slice();
altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
const reseal = { publicKey, privateKey: keyA.pkcs8 };

/** How often memory that held the session key was wiped. */
async function wipes(work: () => unknown, key = sessionKey): Promise<number> {
  return (await wipedDuring(32, work)).filter((wiped) => wiped === key).length;
}

// The cipher of noble has a copy of the key, and WebCrypto keeps it outside of JavaScript. The rest is the caller's.
const CIPHERS: [BackendName, number][] = [
  ['webcrypto', 0],
  ['noble', 1],
];

describe.each(CIPHERS)('the session key, through %s', (backend, copy) => {
  const options = { publicKey, backend };

  it('is wiped when a bundle has been sealed, and every copy of it', async () => {
    let key = '';
    const wiped = await wipedDuring(32, async () => {
      key = keyOf((await encryptBundle(plain, { ...sealing, backend })).bytes);
    });
    expect(wiped.filter((one) => one === key)).toHaveLength(1 + copy);
  });

  it('is wiped when a stream has been sealed, and every copy of it', async () => {
    let key = '';
    const wiped = await wipedDuring(32, async () => {
      const { body, seal } = encryptStream(streamOf([plain]).stream, { ...sealing, backend });
      await drain(body);
      key = keyOf(decodeSeal(await seal));
    });
    expect(wiped.filter((one) => one === key)).toHaveLength(1 + copy);
  });

  it('is wiped if sealing fails', async () => {
    let given = '';
    const sign = (payload: Uint8Array) => {
      given = toHex(payload.subarray(8, 40));
      throw new Error('no');
    };
    const privateKey = { publicKey, sign };
    const whole = await wipedDuring(32, () => encryptBundle(plain, { privateKey, backend }));
    expect(whole.filter((one) => one === given)).toHaveLength(1 + copy);
    const streamed = await wipedDuring(32, () =>
      drain(encryptStream(streamOf([plain]).stream, { privateKey, backend }).body),
    );
    expect(streamed.filter((one) => one === given)).toHaveLength(1 + copy);
  });

  it.each<[string, () => unknown]>([
    ['opened', () => decryptBundle(bytes, options)],
    ['found altered', () => decryptBundle(altered, options)],
    ['opened as a stream', () => drain(decryptStream(streamOf([bytes]).stream, options))],
    ['found altered as a stream', () => drain(decryptStream(streamOf([altered]).stream, options))],
  ])('is wiped when a bundle has been %s, and every copy of it', async (_, work) => {
    expect(await wipes(work)).toBe(1 + copy);
  });

  it.each<[string, () => unknown]>([
    ['is cut', () => decryptBundle(bytes.subarray(0, -1), options)],
    ['is cut, for a reader', () => openBundle(bytes.subarray(0, -1), options)],
    ['is cut, to be resealed', () => resealBundle(bytes.subarray(0, -1), { ...reseal, backend })],
    [
      'is another one than was expected',
      () => decryptBundle(bytes, { ...options, expect: { appId: 'a' } }),
    ],
    [
      'has a seal that goes on',
      () => decryptBundle(ciphertext, { ...options, seal: encodeSeal(bytes) }),
    ],
  ])('is wiped where a bundle %s', async (_, work) => {
    expect(await wipes(work)).toBe(1);
  });

  it('is wiped after verifyChecksum and after resealing', async () => {
    expect(await wipes(() => verifyChecksum(plain, { seal, publicKey }, { backend }))).toBe(1);
    expect(await wipes(() => resealBundle(seal, { ...reseal, backend }))).toBe(1);
  });

  it('is kept by a reader until its close, and then wiped with every copy of it', async () => {
    const reader = await openBundle(bytes, options);
    expect(await wipes(() => reader.read(0, 10))).toBe(0);
    // A stream has a cipher of its own.
    expect(await wipes(() => drain(reader.stream()))).toBe(copy);
    expect(await wipes(() => reader.close())).toBe(1 + copy);
  });

  it('is wiped if the opening of a reader is aborted at its end', async () => {
    const controller = new AbortController();
    const opening = () => {
      const work = openBundle(bytes, { ...options, signal: controller.signal });
      controller.abort();
      return work;
    };
    expect(await wipes(opening)).toBe(1);
  });
});

describe('the session key', () => {
  it('is wiped if the backend cannot make the cipher of a reader', async () => {
    const importKey = vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(new Error('no'));
    expect(await wipes(() => openBundle(bytes, { publicKey, backend: 'webcrypto' }))).toBe(1);
    importKey.mockRestore();
  });
});

describe('plain bytes', () => {
  it('are wiped if a later part of the bundle is altered', async () => {
    const [wiped = ''] = await wipedDuring(plain.length, () =>
      decryptBundle(altered, { publicKey }),
    );
    expect(wiped.slice(0, 4 * CHUNK)).toBe(toHex(plain.subarray(0, 2 * CHUNK)));
  });

  it('in the cache of a reader are wiped on its close', async () => {
    const reader = await openBundle(bytes, { publicKey });
    await reader.read(CHUNK, 2 * CHUNK);
    const wiped = await wipedDuring(CHUNK, () => reader.close());
    expect(wiped).toEqual([1, 2].map((i) => toHex(plain.subarray(i * CHUNK, (i + 1) * CHUNK))));
  });
});
