import { describe, expect, it } from 'vitest';
import { encryptBundle, openBundle, type RandomAccessSource } from '../../../src/index.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { PREFERRED_BACKENDS } from '../../support/scope.ts';
import { drain, same, watchedSignal } from '../../support/streams.ts';
import { base64, keyA, keyB, vectors } from '../../support/vectors.ts';

const CHUNK = 4096;
const plain = bytesOf(40 * CHUNK + 100);
const opening = { publicKey: keyB.spki };
const sealed = await encryptBundle(plain, { privateKey: keyB.pkcs8, chunkSize: CHUNK });
const headerLength = sealed.bytes.length - sealed.ciphertext.length;

interface Recorded extends RandomAccessSource {
  /** The requests since the bundle was opened: offset in the body, and length. */
  asked: [offset: number, length: number][];
  signals: (AbortSignal | undefined)[];
}

function recorded(
  answer: (offset: number, length: number, call: number) => unknown = (offset, length) =>
    sealed.ciphertext.slice(offset, offset + length),
): Recorded {
  const source: Recorded = {
    size: sealed.ciphertext.length,
    asked: [],
    signals: [],
    read(offset, length, signal) {
      source.signals.push(signal);
      return answer(offset, length, source.asked.push([offset, length]) - 1) as Promise<Uint8Array>;
    },
  };
  return source;
}

const openApart = (source: RandomAccessSource, more = {}) =>
  openBundle(source, { ...opening, seal: sealed.seal, ...more });
const place = (chunk: number, count = 1): [number, number] => [
  chunk * (CHUNK + 16),
  count * (CHUNK + 16),
];

describe.each(PREFERRED_BACKENDS)('the vectors, opened for reading through %s', (backend) => {
  it.each(vectors.good)('$description', async ({ key, sealed: text, plain, checksum }) => {
    const options = { publicKey: vectors.keys[key].spki, backend };
    const reader = await openBundle(base64(text), options);
    const bytes = base64(plain);
    expect(reader.info).toMatchObject({ proven: true, checksum, size: bytes.length });
    expect(same(await reader.read(0, bytes.length), bytes)).toBe(true);
    expect(same((await drain(reader.stream())).bytes, bytes)).toBe(true);
    reader.close();
  });

  it.each(vectors.bad.filter(({ code }) => code !== 'ERR_CHECKSUM_MISMATCH'))(
    'refuse: $description',
    async ({ key, sealed: text, code, chunkIndex }) => {
      const options = { publicKey: vectors.keys[key].spki, backend };
      const work = openBundle(base64(text), options).then((reader) =>
        reader.read(0, reader.info.size),
      );
      const error = await rejection(work, code as never);
      if (chunkIndex !== undefined) expect(error.chunkIndex).toBe(chunkIndex);
    },
  );
});

describe('a reader fetches', () => {
  it('only the chunks that a read touches, neighbours in one request', async () => {
    const source = recorded();
    const reader = await openApart(source, { cacheSize: 0 });
    expect(source.asked).toEqual([]);
    await reader.read(5 * CHUNK + 10, 20);
    await reader.read(6 * CHUNK - 1, 2);
    await reader.read(10 * CHUNK, 3 * CHUNK);
    await reader.read(plain.length - 1, 50);
    expect(source.asked).toEqual([place(5), place(5, 2), place(10, 3), [place(40)[0], 116]]);
    await reader.read(7, 0);
    await reader.read(plain.length, 100);
    await reader.read(Number.MAX_SAFE_INTEGER, 100);
    expect(source.asked).toHaveLength(4);
  });

  it('the header once, without chunks', async () => {
    const source: Recorded = {
      ...recorded(),
      size: sealed.bytes.length,
      async read(offset, length) {
        source.asked.push([offset, length]);
        return sealed.bytes.slice(offset, offset + length);
      },
    };
    source.asked = [];
    const reader = await openBundle(source, opening);
    expect(source.asked).toEqual([
      [0, 56],
      [56, headerLength - 56],
    ]);
    expect(same(await reader.read(CHUNK, 5), plain.slice(CHUNK, CHUNK + 5))).toBe(true);
  });

  it('a chunk once that many reads need at the same time', async () => {
    const source = recorded(async (offset, length) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return sealed.ciphertext.slice(offset, offset + length);
    });
    const reader = await openApart(source, { cacheSize: 0 });
    const parts = await Promise.all(
      Array.from({ length: 64 }, (_, i) => reader.read(3 * CHUNK + i, 10)),
    );
    expect(source.asked).toEqual([place(3)]);
    for (const [i, part] of parts.entries()) {
      expect(same(part, plain.slice(3 * CHUNK + i, 3 * CHUNK + i + 10))).toBe(true);
    }
  });

  it('nothing for a cached chunk, and caches no more than allowed', async () => {
    const source = recorded();
    const reader = await openApart(source, { cacheSize: 2 * CHUNK });
    const touch = (chunk: number) => reader.read(chunk * CHUNK, 1);
    for (const chunk of [1, 2, 1, 3, 1, 2]) await touch(chunk);
    // Chunk 2 was the least recently used one when chunk 3 arrived.
    expect(source.asked).toEqual([place(1), place(2), place(3), place(2)]);
  });

  it('a long range in several parallel requests, and returns new memory', async () => {
    const large = bytesOf(9 * 2 ** 20);
    const bundle = await encryptBundle(large, { privateKey: keyB.pkcs8, chunkSize: 2 ** 20 });
    let underWay = 0;
    let most = 0;
    const lengths: number[] = [];
    const source = {
      size: bundle.ciphertext.length,
      async read(offset: number, length: number) {
        lengths.push(length);
        most = Math.max(most, ++underWay);
        await new Promise((resolve) => setTimeout(resolve, 20));
        underWay -= 1;
        return bundle.ciphertext.slice(offset, offset + length);
      },
    };
    const reader = await openBundle(source, { ...opening, seal: bundle.seal });
    const first = await reader.read(0, large.length);
    expect(same(first, large)).toBe(true);
    expect(most).toBe(3);
    expect(Math.max(...lengths)).toBe(4 * (2 ** 20 + 16));
    first.fill(0);
    expect(same(await reader.read(5, 5), large.slice(5, 10))).toBe(true);
  });
});

describe('a reader', () => {
  it('fails the reads that touch an altered chunk, and no others', async () => {
    const altered = sealed.ciphertext.slice();
    altered[place(7)[0] + 9] = (altered[place(7)[0] + 9] ?? 0) ^ 1;
    const reader = await openBundle(altered, { ...opening, seal: sealed.seal });
    for (const work of [
      reader.read(7 * CHUNK + 100, 1),
      reader.read(0, 8 * CHUNK),
      reader.read(8 * CHUNK - 1, 2),
    ]) {
      expect((await rejection(work, 'ERR_CHUNK_INVALID')).chunkIndex).toBe(7);
    }
    expect(same(await reader.read(8 * CHUNK, 10), plain.slice(8 * CHUNK, 8 * CHUNK + 10))).toBe(
      true,
    );
    const { bytes, error } = await drain(reader.stream(6 * CHUNK + 5));
    expect(error).toMatchObject({ code: 'ERR_CHUNK_INVALID', chunkIndex: 7 });
    expect(same(bytes, plain.slice(6 * CHUNK + 5, 7 * CHUNK))).toBe(true);
  });

  it('fetches a chunk again after a failure', async () => {
    const source = recorded((offset, length, call) => {
      if (call === 0) throw new Error('no network');
      return Promise.resolve(sealed.ciphertext.slice(offset, offset + length));
    });
    const reader = await openApart(source);
    const error = await rejection(reader.read(0, 10), 'ERR_SOURCE_FAILED');
    expect(error.cause).toMatchObject({ message: 'no network' });
    expect(same(await reader.read(0, 10), plain.slice(0, 10))).toBe(true);
  });

  it('stops a fetch when no read needs it any more, and not before', async () => {
    const source = recorded(() => new Promise(() => {}));
    const reader = await openApart(source);
    const one = watchedSignal();
    const two = watchedSignal();
    const first = reader.read(0, 10, one.controller.signal);
    const second = reader.read(0, 10, two.controller.signal);
    await new Promise((resolve) => setTimeout(resolve, 5));
    one.controller.abort('one');
    await expect(first).rejects.toBe('one');
    expect(source.signals[0]?.aborted).toBe(false);
    two.controller.abort('two');
    await expect(second).rejects.toBe('two');
    expect(source.signals[0]?.aborted).toBe(true);
    expect([one.listening(), two.listening()]).toEqual([0, 0]);
    // A new read fetches the chunk again.
    const third = reader.read(0, 10);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(source.asked).toHaveLength(2);
    reader.close();
    await expect(third).rejects.toThrow(/closed/);
  });

  it('refuses reads after its close, which stops reads in progress', async () => {
    const source = recorded(() => new Promise(() => {}));
    const reader = await openApart(source);
    const reading = reader.read(0, 10);
    const streaming = drain(reader.stream());
    await new Promise((resolve) => setTimeout(resolve, 5));
    reader.close();
    reader.close();
    await expect(reading).rejects.toThrow(TypeError);
    expect((await streaming).error).toBeInstanceOf(TypeError);
    await expect(reader.read(0, 10)).rejects.toThrow(/closed: open the bundle again/);
    expect(() => reader.stream()).toThrow(/closed/);
    for (const signal of source.signals) expect(signal?.aborted).toBe(true);
  });

  it('stops at an abort, also in its streams', async () => {
    const reader = await openBundle(sealed.bytes, opening);
    const aborted = AbortSignal.abort('no');
    await expect(reader.read(0, 10, aborted)).rejects.toBe('no');
    await expect(reader.read(0, 10, { signal: aborted })).rejects.toBe('no');
    expect((await drain(reader.stream(0, 10, { signal: aborted }))).error).toBe('no');
    await expect(openBundle(sealed.bytes, { ...opening, signal: aborted })).rejects.toBe('no');
    const { controller, listening } = watchedSignal();
    await drain(reader.stream(5, 9000, { signal: controller.signal }));
    await reader.read(5, 9000, controller.signal);
    expect(listening()).toBe(0);
  });

  it.each([
    [-1, 5],
    [0.5, 5],
    [Number.NaN, 5],
    [2 ** 53, 5],
    ['0', 5],
    [0, -1],
    [0, undefined],
  ])('refuses the range %o, %o', async (offset, length) => {
    const reader = await openBundle(sealed.bytes, opening);
    await expect(reader.read(offset as number, length as number)).rejects.toThrow(RangeError);
    if (length !== undefined) {
      expect(() => reader.stream(offset as number, length)).toThrow(RangeError);
    }
  });

  it('refuses unknown options, and a body whose length differs from its header', async () => {
    await expect(openBundle(sealed.bytes, { ...opening, cache: 5 } as never)).rejects.toThrow(
      'openBundle does not know the option "cache": it takes publicKey, seal, expect, maxChunks, cacheSize, signal, backend',
    );
    await expect(openBundle(sealed.bytes, { ...opening, cacheSize: -1 })).rejects.toThrow(
      RangeError,
    );
    await expect(openBundle(5 as never, opening)).rejects.toThrow(TypeError);
    const reader = await openBundle(sealed.bytes, opening);
    await expect(reader.read(0, 1, { signal: 1 } as never)).rejects.toThrow(
      new TypeError('options.signal expected an AbortSignal, got a number'),
    );
    await rejection(openBundle(sealed.bytes.slice(0, -1), opening), 'ERR_LENGTH_INVALID');
    await rejection(
      openBundle(sealed.bytes, { ...opening, seal: sealed.seal }),
      'ERR_LENGTH_INVALID',
    );
    await rejection(openBundle(sealed.bytes, { publicKey: keyA.spki }), 'ERR_KEY_MISMATCH');
    await rejection(openBundle(sealed.bytes, { ...opening, maxChunks: 1 }), 'ERR_LIMIT_EXCEEDED');
    const expecting = { ...opening, expect: { appId: 'x' } };
    await rejection(openBundle(sealed.bytes, expecting), 'ERR_EXPECTATION_FAILED');
  });
});
