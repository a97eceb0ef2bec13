// Blobs that are none: objects that carry the brand and lie, answer late, or answer otherwise the second time.

import { describe, expect, it } from 'vitest';
import {
  BundleSealError,
  checksum,
  decryptBundle,
  encryptBundle,
  openBundle,
} from '../../src/index.ts';
import { bytesOf } from '../support/bytes.ts';
import { rejection } from '../support/errors.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { same } from '../support/streams.ts';
import { keyB } from '../support/vectors.ts';

const CHUNK = 4096;
const plain = bytesOf(3 * CHUNK);
const { bytes: sealed } = await encryptBundle(plain, { privateKey: keyB.pkcs8, chunkSize: CHUNK });

type Slice = (start: number, end: number) => unknown;

/** Something that says it is a Blob. */
const blobOf = (slice: Slice, size: unknown = sealed.length): Blob =>
  ({
    [Symbol.toStringTag]: 'Blob',
    size,
    slice: (start: number, end: number) => ({ arrayBuffer: () => slice(start, end) }),
  }) as unknown as Blob;
const honest: Slice = async (start, end) => sealed.slice(start, end).buffer;

describe.each(PREFERRED_BACKENDS)('a Blob that lies, through %s', (backend) => {
  const options = { publicKey: keyB.spki, backend };
  const read = async (blob: Blob) => {
    const reader = await openBundle(blob, options);
    return reader.read(0, plain.length).finally(() => reader.close());
  };
  const ways = [(blob: Blob) => decryptBundle(blob, options), read];

  it('is compared with an honest one, which opens', async () => {
    for (const open of ways) expect(same(await open(blobOf(honest)), plain)).toBe(true);
  });

  const count = /^the Blob returned \d+ bytes instead of \d+: if it is a file, it was changed /;
  const failure =
    /^the Blob could not be read: if it is a file, it was changed or removed meanwhile; choose it again$/;
  it.each<[string, Slice, RegExp]>([
    ['fewer bytes', async (start, end) => sealed.slice(start, end - 1).buffer, count],
    ['more bytes', async (start, end) => sealed.slice(start, end + 1).buffer, count],
    ['none', async () => new ArrayBuffer(0), count],
    ['nothing', async () => undefined, count],
    [
      'an error',
      () => {
        throw new Error('x');
      },
      failure,
    ],
  ])('and gives %s is refused as a source that failed', async (_, slice, message) => {
    const sealing = { privateKey: keyB.pkcs8, chunkSize: CHUNK, backend };
    for (const call of [
      ...ways,
      (blob: Blob) => encryptBundle(blob, sealing),
      (blob: Blob) => checksum(blob),
    ]) {
      // The size that it names is below the true one, so that it has more bytes to give at its end.
      const blob = blobOf(slice, sealed.length - 1);
      const error = await rejection(call(blob), 'ERR_SOURCE_FAILED');
      expect(error.message).toMatch(message);
    }
  });

  it('about its size is refused before a chunk is read', async () => {
    for (const size of [sealed.length - 1, sealed.length + 1, 2 ** 53 - 1]) {
      for (const open of ways) await rejection(open(blobOf(honest, size)), 'ERR_LENGTH_INVALID');
    }
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, '9', null, {}])(
    'about its size, saying %o, is not opened',
    async (size) => {
      for (const open of ways) {
        const error = await open(blobOf(honest, size)).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(Error);
        if (!(error instanceof TypeError)) expect(error).toBeInstanceOf(BundleSealError);
      }
    },
  );

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '9', null])(
    'about its size, saying %o, is neither sealed nor hashed',
    async (size) => {
      const sealing = { privateKey: keyB.pkcs8, chunkSize: CHUNK, backend };
      await expect(encryptBundle(blobOf(honest, size), sealing)).rejects.toThrow(TypeError);
      await expect(checksum(blobOf(honest, size))).rejects.toThrow(
        /size expected a number of bytes/,
      );
    },
  );

  it('and answers differently the second time gives the right bytes or an error', async () => {
    for (const spoilt of [1, 2, 3, 4, 5]) {
      let calls = 0;
      const slice: Slice = async (start, end) => {
        calls += 1;
        return calls < spoilt ? honest(start, end) : new Uint8Array(end - start).fill(calls).buffer;
      };
      for (const open of ways) {
        calls = 0;
        const result = await open(blobOf(slice)).catch((error: unknown) => error);
        if (result instanceof Uint8Array) expect(same(result, plain)).toBe(true);
        else expect(result).toBeInstanceOf(BundleSealError);
      }
    }
  });

  it('and changes bytes that it has returned gives the right bytes or an error', async () => {
    const slice: Slice = async (start, end) => {
      const given = sealed.slice(start, end);
      queueMicrotask(() => queueMicrotask(() => given.fill(0xff)));
      return given.buffer;
    };
    for (const open of ways) {
      const result = await open(blobOf(slice)).catch((error: unknown) => error);
      if (result instanceof Uint8Array) expect(same(result, plain)).toBe(true);
      else expect(result).toBeInstanceOf(BundleSealError);
    }
  });

  it('and never answers does not keep an abort from ending the wait', async () => {
    const controller = new AbortController();
    const blob = blobOf(() => {
      queueMicrotask(() => controller.abort('enough'));
      return new Promise(() => {});
    });
    const opening = { ...options, signal: controller.signal };
    await expect(decryptBundle(blob, opening)).rejects.toBe('enough');
    const sealing = { privateKey: keyB.pkcs8, backend, signal: controller.signal };
    await expect(encryptBundle(blob, sealing)).rejects.toBe('enough');
  });

  it('and opens itself again while it is being opened is opened both times', async () => {
    let inner: Promise<Uint8Array> | undefined;
    const blob = blobOf(async (start, end) => {
      inner ??= decryptBundle(sealed, options);
      await inner;
      return honest(start, end);
    });
    expect(same(await decryptBundle(blob, options), plain)).toBe(true);
    expect(same((await inner) as Uint8Array, plain)).toBe(true);
  });
});
