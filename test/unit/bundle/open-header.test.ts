// Opening a header: the reads of the source, their order, and the messages for refused headers.

import { describe, expect, it } from 'vitest';
import { encodeSeal } from '../../../src/format/header.ts';
import {
  decryptBundle,
  encryptBundle,
  inspectBundle,
  openBundle,
  type RandomAccessSource,
} from '../../../src/index.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const plain = bytesOf(100);
const publicKey = keyB.spki;
const metadata = { appId: 'a', version: '1', channel: 'beta', sequence: 5 };
const { bytes, seal, ciphertext } = await encryptBundle(plain, {
  privateKey: keyB.pkcs8,
  metadata,
});
const { headerLength } = inspectBundle(bytes);
const open = (more: object, input = bytes) =>
  decryptBundle(input, { publicKey, ...more } as Parameters<typeof decryptBundle>[1]);

/** A source of the first `size` bytes, and a log of its reads. */
function sourceOf(size: number): RandomAccessSource & { readonly asked: [number, number][] } {
  const asked: [number, number][] = [];
  return {
    size,
    asked,
    async read(offset, length) {
      asked.push([offset, length]);
      return bytes.slice(offset, offset + length);
    },
  };
}

describe('the header of a source', () => {
  it('is requested within the size of the source', async () => {
    const short = sourceOf(20);
    const error = await rejection(openBundle(short, { publicKey }), 'ERR_LENGTH_INVALID');
    expect(error.offset).toBe(20);
    expect(short.asked).toEqual([[0, 20]]);
    const cut = sourceOf(300);
    await rejection(openBundle(cut, { publicKey }), 'ERR_LENGTH_INVALID');
    expect(cut.asked).toEqual([
      [0, 56],
      [56, 244],
    ]);
  });

  it('has exactly the signed bytes although its source changes them meanwhile', async () => {
    const memory = bytes.slice();
    // Another size, which the signature does not cover: to be gone when it is looked at.
    new DataView(memory.buffer).setUint32(20, 99);
    const source: RandomAccessSource = {
      size: bytes.length - 1,
      async read(offset, length) {
        if (offset > 0) memory.set(bytes);
        return memory.subarray(offset, offset + length);
      },
    };
    await rejection(openBundle(source, { publicKey }), 'ERR_SEAL_INVALID');
  });

  it('of more than 2^20 chunks is refused unless the caller allows it, before more is read', async () => {
    const fixed = bytes.slice();
    fixed[10] = 12;
    new DataView(fixed.buffer).setUint32(16, 1);
    const error = await rejection(open({}, fixed), 'ERR_LIMIT_EXCEEDED');
    expect(error.message).toMatch(/has 1048577 chunks and the limit is 1048576/);
    await rejection(open({ maxChunks: 2 ** 20 + 1 }, fixed), 'ERR_LENGTH_INVALID');
  });

  it('of one chunk is within a cap of one', async () => {
    expect(await open({ maxChunks: 1 })).toEqual(plain);
  });
});

describe('a seal', () => {
  it('is refused with bytes after the header, and the message has the length of the header', async () => {
    const whole = open({ seal: encodeSeal(bytes) }, ciphertext);
    const error = await rejection(whole, 'ERR_LENGTH_INVALID');
    expect(error.message).toBe(
      `the seal takes ${headerLength} bytes, got ${bytes.length}: pass the header alone, without the body`,
    );
    expect(error.offset).toBe(headerLength);
  });

  it('that is not base64url is refused, and the message says what to pass', async () => {
    const error = await rejection(open({ seal: `${seal}=` }, ciphertext), 'ERR_HEADER_INVALID');
    expect(error.message).toMatch(
      /^the seal is not base64url without padding: pass what encryptBundle gave as `seal`/,
    );
  });
});

describe('a public key', () => {
  it.each<[string, unknown, RegExp]>([
    ['alone', 7, /^publicKey expected/],
    ['in a list', [publicKey, 7], /^publicKey\[1\] expected/],
    ['that is an empty list', [], /^options\.publicKey expected a key, got an empty array$/],
  ])('that is none is refused by its name: %s', async (_, key, message) => {
    await expect(open({ publicKey: key })).rejects.toThrow(TypeError);
    await expect(open({ publicKey: key })).rejects.toThrow(message);
  });

  it('of another pair is refused, with the ids of all passed keys', async () => {
    const error = await rejection(
      open({ publicKey: [keyA.spki, keyA.pkcs1Public] }),
      'ERR_KEY_MISMATCH',
    );
    expect(error.message).toBe(
      `the bundle was sealed for the key ${keyB.keyId}, and the key given is ${keyA.keyId}, ${keyA.keyId}: pass the public key of the pair that sealed it, or have the bundle resealed`,
    );
    expect(error.keyId).toBe(keyB.keyId);
  });
});

describe('an expectation about a bundle', () => {
  it.each<[unknown, typeof TypeError | typeof RangeError, string]>([
    [{ appId: 7 }, TypeError, 'options.expect.appId expected a string, got a number'],
    [{ version: 7 }, TypeError, 'options.expect.version expected a string, got a number'],
    [{ channel: null }, TypeError, 'options.expect.channel expected a string, got null'],
    [{ minSequence: -1 }, RangeError, ', got -1'],
    [{ minSequence: '1' }, RangeError, ', got a string'],
    [
      { sequence: 1 },
      TypeError,
      'does not know the option "sequence": it takes appId, version, channel, minSequence',
    ],
    ['a', TypeError, 'expect expected an options object, got a string'],
  ])('is checked before anything is opened: %o', async (wrong, kind, message) => {
    const work = open({ expect: wrong }, new Uint8Array(0) as typeof bytes);
    await expect(work).rejects.toThrow(kind);
    await expect(work).rejects.toThrow(message);
  });

  it.each([0, 1.5, -1, '5', Number.NaN])('must not be a limit of %o chunks', async (maxChunks) => {
    const work = open({ maxChunks }, new Uint8Array(0) as typeof bytes);
    await expect(work).rejects.toThrow(RangeError);
    await expect(work).rejects.toThrow(
      `options.maxChunks expected a positive integer, got ${typeof maxChunks === 'string' ? 'a string' : maxChunks}`,
    );
  });

  it('is not checked if it is left out or undefined', async () => {
    const none = { appId: undefined, minSequence: undefined };
    expect(await open({ expect: undefined, maxChunks: undefined })).toEqual(plain);
    expect(await open({ expect: none })).toEqual(plain);
    const plainOne = await encryptBundle(plain, { privateKey: keyB.pkcs8 });
    expect(await open({ expect: none }, plainOne.bytes)).toEqual(plain);
  });

  it.each([
    [{ appId: 'b' }, 'appId must be "b", but its metadata says "a"'],
    [{ minSequence: 6 }, 'sequence must be at least 6, but its metadata says 5'],
  ])('that is not met is reported in full: %o', async (wanted, what) => {
    const error = await rejection(open({ expect: wanted }), 'ERR_EXPECTATION_FAILED');
    expect(error.message).toBe(
      `the bundle is genuine, but not the expected one: ${what}; do not install it`,
    );
  });

  it('about a member that the bundle lacks is reported as such', async () => {
    const { bytes: silent } = await encryptBundle(plain, { privateKey: keyB.pkcs8 });
    for (const [wanted, name] of [
      [{ minSequence: 0 }, 'sequence'],
      [{ channel: 'beta' }, 'channel'],
    ] as const) {
      const error = await rejection(open({ expect: wanted }, silent), 'ERR_EXPECTATION_FAILED');
      expect(error.message).toMatch(`${name} must be`);
      expect(error.message).toMatch(', but its metadata says nothing; do not install it');
    }
  });
});
