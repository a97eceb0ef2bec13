// Streams that are left after a chunk, with no word to them, and many calls on one signal.
// @vitest-environment-options { "own": "left-streams" }

import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  checksum,
  decryptBundle,
  decryptStream,
  encryptBundle,
  encryptStream,
  openBundle,
} from '../../../src/index.ts';
import { unzipStream, zipBundle, zipStream } from '../../../src/zip.ts';
import { drain, same, streamOf } from '../../support/streams.ts';
import { watchThreads } from '../../support/threads.ts';
import { keyB } from '../../support/vectors.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const sealing = { privateKey: keyB.pkcs8, chunkSize: 131_072 };
const opening = { publicKey: keyB.spki };
const plain = new Uint8Array(40 * 2 ** 20).fill(7);
const { bytes } = await encryptBundle(plain, sealing);

/** Reads until the thread has surely been asked for. */
async function begin(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  for (let length = 0; length < 10 * 2 ** 20; ) length += (await reader.read()).value?.length ?? 0;
  return reader;
}

describe.runIf(availableParallelism() > 1)('a large stream that is left', () => {
  it('does not keep the process alive, and never has more threads than cores', async () => {
    const threads = watchThreads();
    const ref = vi.spyOn(Worker.prototype, 'ref');
    const reader = await openBundle(bytes, opening);
    const streams = Array.from({ length: availableParallelism() }, () => [
      decryptStream(new Blob([bytes]).stream(), opening),
      encryptStream(new Blob([plain]).stream(), sealing).body,
      reader.stream(),
    ]);
    const readers = await Promise.all(streams.flat().map(begin));
    expect(ref).not.toHaveBeenCalled();
    expect(threads.length).toBeLessThan(availableParallelism());
    await Promise.all(readers.map((one) => one.cancel()));
    reader.close();
  });

  it('ends its thread after a while, and continues when it is read again', async () => {
    // An idle thread has the other chunk size.
    const other = await encryptBundle(plain, { ...sealing, chunkSize: 65_536 });
    await encryptBundle(plain, sealing);
    const threads = watchThreads();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const opened = decryptStream(streamOf([other.bytes]).stream, opening);
    const reader = opened.getReader();
    const first = (await reader.read()).value as Uint8Array;
    expect(threads).toHaveLength(1);
    const ended = once(threads[0] as Worker, 'exit');
    vi.advanceTimersByTime(20_000);
    await ended;
    vi.useRealTimers();
    reader.releaseLock();
    const { bytes: others, error } = await drain(opened);
    expect(error).toBeUndefined();
    expect(same(others, plain.subarray(first.length))).toBe(true);
  });
});

describe('a signal', () => {
  it('has one listener, however many calls follow it', async () => {
    const small = await encryptBundle(new Uint8Array(10), sealing);
    const zip = await zipBundle({ a: new Uint8Array(10) });
    const reader = await openBundle(small.bytes, opening);
    const calls: Record<string, (signal: AbortSignal) => Promise<unknown>> = {
      encryptBundle: (signal) => encryptBundle(new Uint8Array(10), { ...sealing, signal }),
      decryptBundle: (signal) => decryptBundle(small.bytes, { ...opening, signal }),
      'decryptBundle of a Blob': (signal) =>
        decryptBundle(new Blob([small.bytes]), { ...opening, signal }),
      checksum: (signal) => checksum(new Uint8Array(10), { signal }),
      encryptStream: (signal) =>
        drain(encryptStream(new Blob(['x']).stream(), { ...sealing, signal }).body),
      decryptStream: (signal) =>
        drain(decryptStream(new Blob([small.bytes]).stream(), { ...opening, signal })),
      read: (signal) => reader.read(0, 5, signal),
      stream: (signal) => drain(reader.stream(0, 5, { signal })),
      zipBundle: (signal) => zipBundle({ a: new Uint8Array(1) }, { signal }),
      zipStream: (signal) => drain(zipStream({ a: new Uint8Array(1) }, { signal })),
      unzipStream: async (signal) => {
        for await (const entry of unzipStream(new Blob([zip]).stream(), { signal })) {
          await entry.bytes();
        }
      },
    };
    for (const [name, call] of Object.entries(calls)) {
      const { signal } = new AbortController();
      let listening = 0;
      let most = 0;
      const add = signal.addEventListener.bind(signal);
      const remove = signal.removeEventListener.bind(signal);
      signal.addEventListener = (...given: Parameters<typeof add>) => {
        listening += 1;
        most = Math.max(most, listening);
        add(...given);
      };
      signal.removeEventListener = (...given: Parameters<typeof remove>) => {
        listening -= 1;
        remove(...given);
      };
      await Promise.all(Array.from({ length: 20 }, () => call(signal)));
      expect(most, name).toBe(1);
      expect(listening, name).toBe(0);
    }
    reader.close();
  });
});
