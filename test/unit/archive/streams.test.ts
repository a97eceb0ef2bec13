// Generators as streams: when the generator learns of reads, cancellations and aborts.

import { describe, expect, it } from 'vitest';
import { generatorStream } from '../../../src/archive/streams.ts';

const nothing = () => new Promise<void>((resolve) => setTimeout(resolve, 5));

/** A generator of single bytes, and a log of its events. */
function source(count: number, end: () => void | Promise<void> = () => {}) {
  const seen = { made: 0, ended: false, stop: new AbortController().signal };
  async function* make(stop: AbortSignal): AsyncGenerator<Uint8Array, void> {
    try {
      for (let i = 0; i < count; i++) {
        seen.made++;
        yield Uint8Array.of(i);
        stop.throwIfAborted();
      }
      await end();
    } finally {
      seen.ended = true;
    }
  }
  const open = (signal?: AbortSignal) =>
    generatorStream((stop) => {
      seen.stop = stop;
      return make(stop);
    }, signal).getReader();
  return { seen, open };
}

const reason = new Error('enough');

describe('a generator as a stream', () => {
  it('begins with the first read, and makes only values that are read', async () => {
    const { seen, open } = source(3);
    const reader = open();
    await nothing();
    expect(seen.made).toBe(0);
    expect((await reader.read()).value).toEqual(Uint8Array.of(0));
    await nothing();
    expect(seen.made).toBe(1);
    await reader.read();
    await reader.read();
    expect(await reader.read()).toEqual({ done: true, value: undefined });
    expect(seen.ended).toBe(true);
  });

  it('ends with the error that the generator ends with', async () => {
    const reader = source(1, () => Promise.reject(reason)).open();
    await reader.read();
    await expect(reader.read()).rejects.toBe(reason);
  });

  it('is cancelled with the reason of its reader, after the generator has ended', async () => {
    for (const [given, told] of [
      [reason, reason],
      [
        undefined,
        expect.objectContaining({
          name: 'AbortError',
          message: 'the stream was cancelled by its reader',
        }),
      ],
    ] as const) {
      const { seen, open } = source(3);
      const reader = open();
      await reader.read();
      await reader.cancel(given);
      expect(seen.ended).toBe(true);
      expect(seen.stop.reason).toEqual(told);
    }
  });

  it('is cancelled also if the generator fails then', async () => {
    async function* failing(): AsyncGenerator<Uint8Array, void> {
      try {
        yield Uint8Array.of(1);
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is what is tried.
        throw new Error('too late');
      }
    }
    const reader = generatorStream(failing, undefined).getReader();
    await reader.read();
    await expect(reader.cancel()).resolves.toBeUndefined();
  });

  it('errors on an abort, also if no read is pending or the generator hangs', async () => {
    const idle = source(3);
    const controller = new AbortController();
    const reader = idle.open(controller.signal);
    await reader.read();
    controller.abort(reason);
    await expect(reader.closed).rejects.toBe(reason);
    await nothing();
    expect(idle.seen.stop.reason).toBe(reason);
    expect(idle.seen.ended).toBe(true);

    const hanging = source(0, () => new Promise(() => {}));
    const second = new AbortController();
    const waiting = hanging.open(second.signal).read();
    await nothing();
    second.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  it('errors at once if it was aborted before, without calling the generator', async () => {
    const { seen, open } = source(3);
    const reader = open(AbortSignal.abort(reason));
    await expect(reader.read()).rejects.toBe(reason);
    expect(seen.made).toBe(0);
    expect(seen.stop.reason).toBe(reason);
  });

  it('releases the signal at its end, on an error and on a cancel', async () => {
    const ends: [number, (reader: ReadableStreamDefaultReader<Uint8Array>) => Promise<unknown>][] =
      [
        [0, (reader) => reader.read()],
        [1, (reader) => reader.cancel(new Error('mine'))],
        [-1, (reader) => reader.read().catch(() => {})],
      ];
    for (const [count, end] of ends) {
      const { seen, open } = source(count, () => {
        if (count < 0) throw new Error('failed');
      });
      const controller = new AbortController();
      await end(open(controller.signal));
      controller.abort(reason);
      // An abort after the end has no effect.
      expect(seen.stop.reason).not.toBe(reason);
    }
  });
});
