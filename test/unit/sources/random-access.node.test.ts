// How the library reads the answers of a caller's own source.

import { describe, expect, it } from 'vitest';
import { BundleSealError, decryptStream, encryptBundle } from '../../../src/index.ts';
import { openRandomAccess } from '../../../src/sources/input.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { keyB } from '../../support/vectors.ts';

it.each([
  ['a Buffer', Buffer.from([0, 1, 2, 3, 4]).subarray(1)],
  ['shared memory', new Uint8Array(new SharedArrayBuffer(5), 1).fill(7)],
])('a read that returns %s gives a plain Uint8Array over the same memory', async (_, answer) => {
  const source = openRandomAccess({ size: 4, read: async () => answer }, 'source');
  const bytes = await source.read(0, 4);
  expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
  expect(bytes.buffer).toBe(answer.buffer);
  expect([...bytes]).toEqual([...answer]);
});

describe('an error of the source', () => {
  const failing = async (error: unknown) =>
    openRandomAccess({ size: 20, read: () => Promise.reject(error) }, 'source').read(10, 4);

  it('becomes the cause of an error that names the byte', async () => {
    const cause = new Error('no disk');
    const error = await rejection(failing(cause), 'ERR_SOURCE_FAILED');
    expect(error).toMatchObject({
      cause,
      offset: 10,
      message: 'the source could not be read at byte 10: see the cause, and try again',
    });
  });

  it('comes out unchanged if it is of this library', async () => {
    const error = new BundleSealError('ERR_CHUNK_INVALID', 'chunk 3 was altered');
    await expect(failing(error)).rejects.toBe(error);
  });

  it('comes out unchanged if a callback threw it in a stream of this library', async () => {
    const { bytes } = await encryptBundle(bytesOf(1000), { privateKey: keyB.pkcs8 });
    const thrown = new Error('thrown by onProgress');
    const stream = decryptStream(new Blob([bytes as Uint8Array<ArrayBuffer>]).stream(), {
      publicKey: keyB.spki,
      onProgress() {
        throw thrown;
      },
    });
    const response = new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>);
    const read = async () => new Uint8Array(await response.arrayBuffer());
    const source = openRandomAccess({ size: 1000, read }, 'source');
    await expect(source.read(0, 1000)).rejects.toBe(thrown);
  });
});
