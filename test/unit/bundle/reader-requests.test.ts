// The requests of a reader and its cache: shared, bounded, cancelled and forgotten requests.

import { describe, expect, it, vi } from 'vitest';
import type { ChunkCipher } from '../../../src/backend/backend.ts';
import { nobleBackend } from '../../../src/backend/noble.ts';
import { chunkStore } from '../../../src/bundle/open.ts';
import { openSeal, readPublicKeys } from '../../../src/bundle/open-header.ts';
import { type BundleReader, encryptBundle, openBundle } from '../../../src/index.ts';
import { followSignals } from '../../../src/signals.ts';
import { openInput } from '../../../src/sources/input.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { drain, same } from '../../support/streams.ts';
import { keyB } from '../../support/vectors.ts';

const CHUNK = 4096;
const COUNT = 20;
const plain = bytesOf((COUNT - 1) * CHUNK + 100);
const { ciphertext, seal } = await encryptBundle(plain, {
  privateKey: keyB.pkcs8,
  chunkSize: CHUNK,
});
const rest = () => new Promise((resolve) => setTimeout(resolve, 5));
const contentOf = (offset: number, length: number) => ciphertext.slice(offset, offset + length);

interface Request {
  readonly chunk: number;
  readonly count: number;
  readonly signal: AbortSignal | undefined;
  answer(): void;
  fail(error: unknown): void;
}

/** A reader of a source that answers when it is told to. */
async function waiting(more: object = {}) {
  const requests: Request[] = [];
  const source = {
    size: ciphertext.length,
    read: (offset: number, length: number, signal?: AbortSignal) =>
      new Promise<Uint8Array>((resolve, reject) => {
        requests.push({
          chunk: offset / (CHUNK + 16),
          count: Math.ceil(length / (CHUNK + 16)),
          signal,
          answer: () => resolve(contentOf(offset, length)),
          fail: reject,
        });
      }),
  };
  const reader = await openBundle(source, { publicKey: keyB.spki, seal, ...more });
  return { reader, requests };
}

/** A reader of a source that answers at once, and the chunks that were asked for: the first and how many. */
async function answering(cacheSize: number) {
  const asked: [chunk: number, count: number][] = [];
  const source = {
    size: ciphertext.length,
    async read(offset: number, length: number) {
      asked.push([offset / (CHUNK + 16), Math.ceil(length / (CHUNK + 16))]);
      return contentOf(offset, length);
    },
  };
  const reader = await openBundle(source, { publicKey: keyB.spki, seal, cacheSize });
  return { reader, asked };
}

const touch = (reader: BundleReader, chunk: number) => reader.read(chunk * CHUNK, 1);

describe('requests', () => {
  it('of one read run four at a time', async () => {
    const { reader, requests } = await waiting();
    // The cache has every other chunk, so that no two missing chunks are adjacent.
    for (let chunk = 1; chunk < COUNT; chunk += 2) {
      const touching = touch(reader, chunk);
      await rest();
      requests.at(-1)?.answer();
      await touching;
    }
    const before = requests.length;
    const reading = reader.read(0, plain.length);
    await rest();
    expect(requests.slice(before).map(({ chunk, count }) => [chunk, count])).toEqual([
      ...[
        [0, 1],
        [2, 1],
        [4, 1],
        [6, 1],
      ],
    ]);
    requests[before + 1]?.answer();
    await rest();
    expect(requests.slice(before + 4).map(({ chunk }) => chunk)).toEqual([8]);
    for (let i = before; i < before + COUNT / 2; i++) {
      requests[i]?.answer();
      await rest();
    }
    expect(same(await reading, plain)).toBe(true);
    expect(requests).toHaveLength(before + COUNT / 2);
  });

  it('share chunks that another read has requested', async () => {
    const { reader, requests } = await waiting({ cacheSize: 0 });
    const two = reader.read(5 * CHUNK, 2 * CHUNK);
    const all = reader.read(0, plain.length);
    const one = touch(reader, 6);
    const next = touch(reader, 7);
    await rest();
    expect(requests.map(({ chunk, count }) => [chunk, count])).toEqual([
      ...[
        [5, 2],
        [0, 5],
        [7, COUNT - 7],
      ],
    ]);
    for (const request of requests) request.answer();
    expect(same(await all, plain)).toBe(true);
    expect(same(await two, plain.subarray(5 * CHUNK, 7 * CHUNK))).toBe(true);
    expect([(await one)[0], (await next)[0]]).toEqual([plain[6 * CHUNK], plain[7 * CHUNK]]);
  });

  it('that were aborted are neither shared with later reads nor counted', async () => {
    const { reader, requests } = await waiting();
    const controller = new AbortController();
    const first = reader.read(0, 10, controller.signal);
    await rest();
    const outcome = expect(first).rejects.toBe('enough');
    controller.abort('enough');
    await outcome;
    const second = touch(reader, 0);
    await rest();
    const third = touch(reader, 0);
    await rest();
    expect(requests.map(({ signal }) => signal?.aborted)).toEqual([true, false]);
    requests[1]?.answer();
    expect([(await second)[0], (await third)[0]]).toEqual([plain[0], plain[0]]);
  });

  it('that end late do not affect later requests', async () => {
    // Nothing but the cipher takes time here, and that does not look at a signal.
    const opened: (() => void)[] = [];
    const { createCipher } = nobleBackend;
    const spy = vi.spyOn(nobleBackend, 'createCipher').mockImplementation(async (...args) => {
      const cipher = await createCipher(...args);
      const decrypt: ChunkCipher['decrypt'] = (...chunk) =>
        new Promise((resolve) => opened.push(() => resolve(cipher.decrypt(...chunk))));
      return { ...cipher, decrypt };
    });
    const reader = await openBundle(ciphertext, { publicKey: keyB.spki, seal, backend: 'noble' });
    expect(spy).toHaveBeenCalledExactlyOnceWith('decrypt', expect.any(Uint8Array), CHUNK, CHUNK);
    spy.mockRestore();
    const controller = new AbortController();
    const first = reader.read(0, 10, controller.signal);
    const outcome = expect(first).rejects.toBe('enough');
    await rest();
    controller.abort('enough');
    await outcome;
    const second = touch(reader, 0);
    await rest();
    opened[0]?.();
    await rest();
    const third = touch(reader, 0);
    await rest();
    expect(opened).toHaveLength(2);
    opened[1]?.();
    expect([(await second)[0], (await third)[0]]).toEqual([plain[0], plain[0]]);
  });

  it('of a failed read are stopped before it rejects', async () => {
    const { reader, requests } = await waiting();
    const touching = touch(reader, 3);
    await rest();
    requests[0]?.answer();
    await touching;
    const reading = reader.read(0, plain.length);
    await rest();
    expect(requests.map(({ chunk, count }) => [chunk, count])).toEqual([
      ...[
        [3, 1],
        [0, 3],
        [4, COUNT - 4],
      ],
    ]);
    requests[1]?.fail(new Error('no network'));
    await rejection(reading, 'ERR_SOURCE_FAILED');
    expect(requests[2]?.signal?.aborted).toBe(true);
    // The reader neither keeps it nor waits for it.
    const again = reader.read(0, 1);
    await rest();
    expect(requests).toHaveLength(4);
    requests[3]?.answer();
    expect(await again).toEqual(plain.slice(0, 1));
  });

  it('of a read that is aborted are stopped, and no more are made', async () => {
    const { reader, requests } = await waiting();
    const controller = new AbortController();
    const reading = reader.read(0, plain.length, controller.signal);
    await rest();
    controller.abort('enough');
    await expect(reading).rejects.toBe('enough');
    requests[0]?.answer();
    await rest();
    expect(requests).toHaveLength(1);
    expect(requests[0]?.signal?.aborted).toBe(true);
  });
});

describe('a store of chunks', () => {
  it('aborts the signal of a call that fails, so that its other requests end', async () => {
    const keys = await readPublicKeys(nobleBackend, keyB.spki);
    const opened = await openSeal(nobleBackend, seal, keys, {});
    const { sessionKey } = opened.secrets;
    const cipher = await nobleBackend.createCipher('decrypt', sessionKey, CHUNK, CHUNK);
    const store = chunkStore(openInput(ciphertext, 'body'), opened, cipher, 0);
    const given: number[] = [];
    const first = followSignals([]);
    await store.each(3, 5, (index) => given.push(index), first);
    expect(given).toEqual([3, 4]);
    expect(first.signal.aborted).toBe(false);
    const no = new Error('no');
    const refuse = () => {
      throw no;
    };
    const second = followSignals([]);
    await expect(store.each(3, 5, refuse, second)).rejects.toBe(no);
    expect(second.signal.reason).toBe(no);
  });
});

describe('cached chunks', () => {
  it('fill the cache to the last byte', async () => {
    const { reader, asked } = await answering(CHUNK);
    for (const chunk of [3, 3, 3]) await touch(reader, chunk);
    expect(asked).toHaveLength(1);
    const less = await answering(CHUNK - 1);
    for (const chunk of [3, 3, 3]) await touch(less.reader, chunk);
    expect(less.asked).toHaveLength(3);
  });

  it('are not evicted for a chunk that is larger than the cache', async () => {
    const { reader, asked } = await answering(200);
    for (const chunk of [COUNT - 1, 0, COUNT - 1]) await touch(reader, chunk);
    expect(asked.map(([chunk]) => chunk)).toEqual([COUNT - 1, 0]);
  });

  it('are not fetched again with their neighbours', async () => {
    const { reader, asked } = await answering(2 ** 20);
    await reader.read(2 * CHUNK, 2 * CHUNK);
    expect(same(await reader.read(0, plain.length), plain)).toBe(true);
    expect(asked).toEqual([
      ...[
        [2, 2],
        [0, 2],
        [4, COUNT - 4],
      ],
    ]);
    await reader.read(0, plain.length);
    expect(asked).toHaveLength(3);
  });
});

describe('a stream of a reader', () => {
  it('fetches four chunks at a time, while it releases the previous four', async () => {
    const { reader, requests } = await waiting();
    const opened = reader.stream(5 * CHUNK + 7, 9 * CHUNK).getReader();
    const first = opened.read();
    await rest();
    expect(requests.map(({ chunk, count }) => [chunk, count])).toEqual([
      ...[
        [5, 4],
        [9, 4],
      ],
    ]);
    requests[0]?.answer();
    expect((await first).value).toEqual(plain.slice(5 * CHUNK + 7, 6 * CHUNK));
    for (const request of requests) request.answer();
    for (let i = 0; i < 9; i++) {
      const reading = opened.read();
      await rest();
      for (const request of requests) request.answer();
      await reading;
    }
    expect(await opened.read()).toEqual({ done: true, value: undefined });
    expect(requests.slice(2).map(({ chunk, count }) => [chunk, count])).toEqual([[13, 2]]);
  });

  it('gives exactly the requested bytes, within chunks at both ends', async () => {
    const { reader } = await answering(0);
    const { bytes } = await drain(reader.stream(CHUNK + 7, 2 * CHUNK));
    expect(same(bytes, plain.subarray(CHUNK + 7, 3 * CHUNK + 7))).toBe(true);
  });

  it('ends with the last group of the bundle', async () => {
    const { reader, asked } = await answering(0);
    expect(same((await drain(reader.stream())).bytes, plain)).toBe(true);
    expect(asked).toEqual([0, 4, 8, 12, 16].map((chunk) => [chunk, 4]));
  });

  it('reports a failed fetch of later chunks when it reaches them', async () => {
    const { reader, requests } = await waiting();
    const opened = reader.stream(0, 8 * CHUNK).getReader();
    const first = opened.read();
    await rest();
    const no = new Error('no network');
    requests[1]?.fail(no);
    await rest();
    requests[0]?.answer();
    expect((await first).value).toEqual(plain.slice(0, CHUNK));
    for (let i = 1; i < 4; i++) expect((await opened.read()).value?.length).toBe(CHUNK);
    await expect(opened.read()).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED', cause: no });
  });

  it.each([
    ['nothing', 5, 0],
    ['the end', plain.length, 5],
    ['what is behind the end', plain.length + 5, undefined],
    ['what is as far behind it as can be', Number.MAX_SAFE_INTEGER, undefined],
  ])('of %s gives no bytes and requests none', async (_, offset, length) => {
    const { reader, asked } = await answering(0);
    const { bytes, error } = await drain(reader.stream(offset, length));
    expect([bytes.length, error]).toEqual([0, undefined]);
    expect(asked).toEqual([]);
  });

  it('refuses options that it does not know', async () => {
    const { reader } = await answering(0);
    expect(() => reader.stream(0, 1, { sginal: 1 } as never)).toThrow(
      'stream does not know the option "sginal": it takes signal',
    );
  });
});

describe('the opening of a reader', () => {
  const options = { publicKey: keyB.spki, seal };

  it.each([-1, 0.5, Number.NaN, '5'])('refuses to keep %o bytes', async (cacheSize) => {
    const work = openBundle(ciphertext, { ...options, cacheSize: cacheSize as number });
    await expect(work).rejects.toThrow(RangeError);
    await expect(work).rejects.toThrow(
      `options.cacheSize expected an integer from 0 to 2^53 - 1, got ${typeof cacheSize === 'string' ? 'a string' : cacheSize}`,
    );
  });

  it('requests nothing from its source after an abort, and rejects on a late abort', async () => {
    let asked = 0;
    const source = {
      size: 500,
      async read() {
        asked += 1;
        return new Uint8Array(56);
      },
    };
    const signal = AbortSignal.abort('enough');
    await expect(openBundle(source, { publicKey: keyB.spki, signal })).rejects.toBe('enough');
    expect(asked).toBe(0);
    const controller = new AbortController();
    const opening = openBundle(ciphertext, { ...options, signal: controller.signal });
    controller.abort('enough');
    await expect(opening).rejects.toBe('enough');
  });

  it('refuses a wrong source and a wrong range by the name of the argument', async () => {
    await expect(openBundle(5 as never, options)).rejects.toThrow(/^source expected/);
    const reader = await openBundle(ciphertext, { ...options, backend: 'noble' });
    await expect(reader.read(-1, 5)).rejects.toThrow(
      'offset expected an integer from 0 to 2^53 - 1, got -1',
    );
    await expect(reader.read(0, 0.5)).rejects.toThrow(
      'length expected an integer from 0 to 2^53 - 1, got 0.5',
    );
    await expect(reader.read(0, 5, 5 as never)).rejects.toThrow(
      'signal expected an AbortSignal, got a number',
    );
    await expect(reader.read(0, 5, { size: 5 } as never)).rejects.toThrow(
      'read does not know the option "size": it takes signal',
    );
  });
});
