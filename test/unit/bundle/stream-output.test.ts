// The stream of a chunk loop, by itself: it runs as fast as it is read, and ends once.

import { describe, expect, it } from 'vitest';
import type { ChunkSink } from '../../../src/bundle/chunk-loop.ts';
import { outputStream, type StreamWork } from '../../../src/bundle/stream-output.ts';
import { watchedSignal } from '../../support/streams.ts';

const rest = () => new Promise((resolve) => setTimeout(resolve, 5));
const chunk = (value: number) => Uint8Array.of(value);

/** A stream of the output of `run`, and a log of its events. */
function recorded(run: StreamWork['run'], signal?: AbortSignal) {
  const log: string[] = [];
  const reasons: unknown[] = [];
  const stream = outputStream({
    signals: [signal],
    async run(sink, stop) {
      log.push('run');
      try {
        await run(sink, stop);
      } finally {
        log.push('through');
      }
    },
    async release(reason) {
      log.push('release');
      reasons.push(reason);
    },
  });
  return { log, reasons, stream };
}

/** Makes chunks without end until it is stopped. */
const endless = (taken: number[] = []) =>
  async function run(sink: ChunkSink) {
    for (let i = 0; ; i++) {
      await sink.take(chunk(i));
      taken.push(i);
    }
  };

/** Ends with its signal's reason, somewhat after it was stopped. */
const stoppable = (_sink: ChunkSink, stop: AbortSignal) =>
  new Promise<void>((_, reject) => {
    stop.addEventListener('abort', () => setTimeout(reject, 5, stop.reason));
  });

describe('a stream of chunks', () => {
  it('begins with the first read, gives each requested chunk, and then ends', async () => {
    const taken: number[] = [];
    const { log, reasons, stream } = recorded(async (sink) => {
      for (let i = 0; i < 3; i++) {
        await sink.take(chunk(i));
        taken.push(i);
      }
    });
    await rest();
    expect(log).toEqual([]);
    const reader = stream.getReader();
    for (let i = 0; i < 3; i++) {
      expect(await reader.read()).toEqual({ done: false, value: chunk(i) });
      await rest();
      // The next one waits for a read.
      expect(taken).toHaveLength(i + 1);
    }
    expect(await reader.read()).toEqual({ done: true, value: undefined });
    await reader.closed;
    await rest();
    expect(log).toEqual(['run', 'through', 'release']);
    expect(reasons).toEqual([undefined]);
  });

  it('does not end before all work has succeeded', async () => {
    const no = new Error('no');
    const { log, reasons, stream } = recorded(async (sink) => {
      await sink.take(chunk(0));
      throw no;
    });
    const reader = stream.getReader();
    expect((await reader.read()).value).toEqual(chunk(0));
    await expect(reader.read()).rejects.toBe(no);
    await expect(reader.closed).rejects.toBe(no);
    expect(log).toEqual(['run', 'through', 'release']);
    expect(reasons).toEqual([no]);
  });

  it('skips chunks without bytes', async () => {
    const { stream } = recorded(async (sink) => {
      for (const length of [0, 1, 0]) await sink.take(new Uint8Array(length));
    });
    const reader = stream.getReader();
    expect((await reader.read()).value).toEqual(new Uint8Array(1));
    expect((await reader.read()).done).toBe(true);
  });

  it('serves reads that wait, each with a chunk', async () => {
    const { stream } = recorded(endless());
    const reader = stream.getReader();
    const reads = await Promise.all([1, 2, 3].map(() => reader.read()));
    expect(reads.map(({ value }) => value?.[0])).toEqual([0, 1, 2]);
    await reader.cancel();
  });

  it('has new memory for each chunk', async () => {
    let sink: ChunkSink | undefined;
    const { stream } = recorded(async (given) => {
      sink = given;
    });
    await stream.getReader().read();
    const rooms = [sink?.room(0, 5), sink?.room(1, 5)];
    expect(rooms).toEqual([new Uint8Array(5), new Uint8Array(5)]);
    expect(rooms[0]).not.toBe(rooms[1]);
  });
});

describe('a stream of chunks that its reader cancels', () => {
  it('aborts the chunk in progress, waits for its end, and passes the reason on', async () => {
    let why: unknown;
    const { log, reasons, stream } = recorded(async (sink, stop) => {
      await sink.take(chunk(0));
      await stoppable(sink, stop).catch((error) => {
        why = error;
      });
    });
    const reader = stream.getReader();
    await reader.read();
    await rest();
    await reader.cancel('enough');
    expect(log).toEqual(['run', 'through', 'release']);
    expect([why, ...reasons]).toEqual(['enough', 'enough']);
  });

  it('drops a chunk that waits for a read, and takes no other', async () => {
    const errors: unknown[] = [];
    const { reasons, stream } = recorded(async (sink) => {
      for (let i = 0; i < 3; i++) {
        await Promise.resolve(sink.take(chunk(i))).catch((error: unknown) => errors.push(error));
      }
    });
    const reader = stream.getReader();
    await reader.read();
    await rest();
    await reader.cancel('enough');
    expect(errors).toEqual(['enough', 'enough']);
    expect(reasons).toEqual(['enough']);
  });

  it('has a reason of its own if none is given', async () => {
    const { reasons, stream } = recorded(endless());
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel();
    expect(reasons).toEqual([
      expect.objectContaining({
        name: 'AbortError',
        message: 'the stream was cancelled by its reader',
      }),
    ]);
    expect(reasons[0]).toBeInstanceOf(DOMException);
  });

  it('before its first read runs nothing', async () => {
    const { controller, listening } = watchedSignal();
    const { log, reasons, stream } = recorded(endless(), controller.signal);
    expect(listening()).toBe(1);
    await stream.cancel('enough');
    expect(log).toEqual(['release']);
    expect(reasons).toEqual(['enough']);
    expect(listening()).toBe(0);
    controller.abort('late');
    await rest();
    expect(reasons).toEqual(['enough']);
  });
});

describe('a stream of chunks that is aborted', () => {
  it('before it was made is an error, and runs nothing', async () => {
    const { log, reasons, stream } = recorded(endless(), AbortSignal.abort('enough'));
    await expect(stream.getReader().read()).rejects.toBe('enough');
    expect(log).toEqual(['release']);
    expect(reasons).toEqual(['enough']);
  });

  it('before its first read is an error, and runs nothing', async () => {
    const { controller, listening } = watchedSignal();
    const { log, reasons, stream } = recorded(endless(), controller.signal);
    controller.abort('enough');
    await expect(stream.getReader().read()).rejects.toBe('enough');
    expect(log).toEqual(['release']);
    expect(reasons).toEqual(['enough']);
    expect(listening()).toBe(0);
  });

  it('while it makes a chunk errors when no work is in progress any more', async () => {
    const { controller, listening } = watchedSignal();
    const { log, reasons, stream } = recorded(stoppable, controller.signal);
    const reading = stream.getReader().read();
    await rest();
    controller.abort('enough');
    await Promise.resolve();
    expect(log).toEqual(['run']);
    await expect(reading).rejects.toBe('enough');
    expect(log).toEqual(['run', 'through', 'release']);
    expect(reasons).toEqual(['enough']);
    expect(listening()).toBe(0);
  });

  it('while a chunk waits for a read takes no other', async () => {
    const { controller, listening } = watchedSignal();
    const taken: number[] = [];
    const { log, stream } = recorded(endless(taken), controller.signal);
    const reader = stream.getReader();
    await reader.read();
    await rest();
    controller.abort('enough');
    await rest();
    expect(log).toEqual(['run', 'through', 'release']);
    expect(taken).toEqual([0]);
    await expect(reader.read()).rejects.toBe('enough');
    expect(listening()).toBe(0);
  });

  it('after its end, or never, is not affected', async () => {
    const { controller, listening } = watchedSignal();
    const { reasons, stream } = recorded(async () => {}, controller.signal);
    const reader = stream.getReader();
    expect((await reader.read()).done).toBe(true);
    expect(listening()).toBe(0);
    controller.abort('late');
    await rest();
    expect(reasons).toEqual([undefined]);
  });
});
