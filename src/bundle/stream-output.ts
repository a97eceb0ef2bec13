// A WHATWG stream of what a chunk loop makes, no faster than it is read.

import { onAbort } from '../signals.ts';
import { markOwn } from '../sources/own.ts';
import type { ChunkSink } from './chunk-loop.ts';

export interface StreamWork {
  /** Does everything; what it takes into the sink comes out of the stream. */
  run(sink: ChunkSink, signal: AbortSignal): Promise<void>;
  /** Called once, when all is over: without a reason after the end, else with the error or the reader's reason. */
  release(reason?: unknown): Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Nothing begins before the first read. A chunk is handed over when the reader asks for one; until then the
 * loop waits, with no more chunks under way than its source allows.
 */
export function outputStream({ run, release, signal }: StreamWork): ReadableStream<Uint8Array> {
  const stop = new AbortController();
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let running: Promise<void> | undefined;
  let over = false;
  let letGo = () => {};
  // A read is waiting for a chunk, or a chunk for a read: each has left here how to go on.
  let isWanted = false;
  let wanted = () => {};
  let stopWaiting = (_reason: unknown) => {};
  let satisfied = () => {};

  const sink: ChunkSink = {
    room: (_index, length) => new Uint8Array(length),
    async take(bytes) {
      if (bytes.length === 0) return;
      stop.signal.throwIfAborted();
      if (!isWanted) {
        await new Promise<void>((resolve, reject) => {
          wanted = resolve;
          stopWaiting = reject;
        });
      }
      isWanted = false;
      controller.enqueue(bytes);
      satisfied();
    },
  };
  function halt(reason: unknown): void {
    stop.abort(reason);
    stopWaiting(reason);
  }
  /** The first of end, error, abort and cancellation; answers whether it is this one. */
  function finish(): boolean {
    if (over) return false;
    over = true;
    letGo();
    return true;
  }
  async function fail(reason: unknown): Promise<void> {
    if (!finish()) return;
    controller.error(markOwn(reason));
    satisfied();
    await release(reason);
  }
  function abort(): void {
    halt(signal?.reason);
    // A loop that runs comes to its own end by that, when nothing is under way any more.
    if (running === undefined) void fail(signal?.reason);
  }
  async function start(): Promise<void> {
    try {
      await run(sink, stop.signal);
      if (!finish()) return;
      controller.close();
      satisfied();
      await release();
    } catch (error) {
      await fail(error);
    }
  }

  const stream = new ReadableStream<Uint8Array>(
    {
      start(own) {
        controller = own;
        if (signal !== undefined) letGo = onAbort(signal, abort);
      },
      pull() {
        isWanted = true;
        wanted();
        const answered = new Promise<void>((resolve) => {
          satisfied = resolve;
        });
        running ??= start();
        return answered;
      },
      async cancel(reason) {
        if (!finish()) return;
        const why =
          reason ?? new DOMException('the stream was cancelled by its reader', 'AbortError');
        halt(why);
        await running;
        await release(why);
      },
    },
    { highWaterMark: 0 },
  );
  return markOwn(stream);
}
