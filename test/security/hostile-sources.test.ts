// Sources that lie, change the bytes that they have returned, never answer, or call back into their reader.

import { describe, expect, it } from 'vitest';
import {
  type BundleReader,
  BundleSealError,
  encryptBundle,
  openBundle,
  type RandomAccessSource,
} from '../../src/index.ts';
import { bytesOf } from '../support/bytes.ts';
import { rejection } from '../support/errors.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { same } from '../support/streams.ts';
import { keyB } from '../support/vectors.ts';

const CHUNK = 4096;
const plain = bytesOf(6 * CHUNK);
const { bytes: sealed } = await encryptBundle(plain, {
  privateKey: keyB.pkcs8,
  chunkSize: CHUNK,
});
const opening = { publicKey: keyB.spki };
const sourceOf = (
  read: (offset: number, length: number) => unknown,
  size: number = sealed.length,
): RandomAccessSource => ({ size, read: read as RandomAccessSource['read'] });
const honest = async (offset: number, length: number) => sealed.slice(offset, offset + length);

describe.each(PREFERRED_BACKENDS)('a source, read through %s', (backend) => {
  const open = (source: RandomAccessSource) => openBundle(source, { ...opening, backend });

  it.each([
    ['fewer bytes', (offset: number, length: number) => honest(offset, length - 1)],
    ['more bytes', (offset: number, length: number) => honest(offset, length + 1)],
    ['none', async () => new Uint8Array(0)],
  ])('that gives %s than asked for is refused', async (_, read) => {
    const error = await rejection(open(sourceOf(read)), 'ERR_SOURCE_FAILED');
    expect(error.offset).toBe(0);
  });

  it.each([
    ['text', 'text'],
    ['nothing', undefined],
    ['an array', [1, 2]],
    ['an ArrayBuffer', new ArrayBuffer(56)],
  ])('that gives %s is refused', async (_, given) => {
    await expect(open(sourceOf(async () => given))).rejects.toThrow(TypeError);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('x');
      },
    ],
    ['rejects', () => Promise.reject('x')],
  ])('that %s is refused with its error as the cause', async (_, read) => {
    expect((await rejection(open(sourceOf(read)), 'ERR_SOURCE_FAILED')).cause).toBeDefined();
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '9', undefined])(
    'of size %o is refused',
    async (size) => {
      await expect(open({ size, read: honest } as never)).rejects.toThrow(/source\.size/);
    },
  );

  it('that lies about its size is refused before a chunk is read', async () => {
    for (const size of [sealed.length - 1, sealed.length + 1, 2 ** 53 - 1]) {
      await rejection(open(sourceOf(honest, size)), 'ERR_LENGTH_INVALID');
    }
  });

  it('that never answers does not keep an abort from ending the wait', async () => {
    const controller = new AbortController();
    const source = sourceOf(() => new Promise(() => {}));
    const opened = openBundle(source, { ...opening, backend, signal: controller.signal });
    setTimeout(() => controller.abort('enough'), 5);
    await expect(opened).rejects.toBe('enough');
  });

  it('that changes bytes that it has returned is refused or has no effect', async () => {
    let last = new Uint8Array(0);
    const source = sourceOf(async (offset, length) => {
      last = sealed.slice(offset, offset + length);
      // Whatever is done with it in the meantime, and again somewhat later.
      queueMicrotask(() => queueMicrotask(() => last.fill(0xff)));
      return last;
    });
    const all = open(source).then((reader) => reader.read(0, plain.length));
    const read = await all.catch((error) => error);
    if (read instanceof Uint8Array) expect(same(read, plain)).toBe(true);
    else expect(read).toBeInstanceOf(BundleSealError);
  });

  it('that reads the bundle while it is being read gets the right bytes', async () => {
    let reader: BundleReader | undefined;
    let inner: Uint8Array | undefined;
    const source = sourceOf(async (offset, length) => {
      if (reader !== undefined && inner === undefined) {
        inner = new Uint8Array(1);
        inner = await reader.read(5 * CHUNK, 10);
      }
      return honest(offset, length);
    });
    reader = await open(source);
    expect(same(await reader.read(0, 10), plain.slice(0, 10))).toBe(true);
    expect(same(inner as Uint8Array, plain.slice(5 * CHUNK, 5 * CHUNK + 10))).toBe(true);
  });
});
