// Turns the chunks of a loop into a WHATWG stream. The loop runs only as fast as the reader reads.

import { followSignals, onAbort } from '../signals.ts';
import { markOwn } from '../sources/input.ts';
import type { ChunkSink } from './chunk-loop.ts';

/** The loop of a stream, and its clean-up. */
export interface StreamWork {
  /** Runs the loop. The stream outputs the chunks that the sink takes. */
  run(sink: ChunkSink, signal: AbortSignal): Promise<void>;
  /** Called once at the end, with the error or the reader's reason. After success, without a reason. */
  release?(reason?: unknown): Promise<void>;
  readonly signals: readonly (AbortSignal | undefined)[];
}

/**
 * Makes a stream of the chunks of a loop. The loop starts with the first read. It outputs a chunk when the reader asks
 * for one. Until then it waits, with no more chunks in progress than its source allows.
 */
export function outputStream({ run, release, signals }: StreamWork): ReadableStream<Uint8Array> {
  const stop = followSignals(signals);
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let running: Promise<void> | undefined;
  let over = false;
  // The continuations of a chunk that waits for a read (`wanted`, `stopWaiting`) and of a read that waits for a chunk
  // (`satisfied`).
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
  /** Records the first of end, error, abort and cancellation. Returns whether this call was the first. */
  function finish(): boolean {
    if (over) return false;
    over = true;
    stop.release();
    return true;
  }
  async function fail(reason: unknown): Promise<void> {
    if (!finish()) return;
    controller.error(markOwn(reason));
    satisfied();
    await release?.(reason);
  }
  function halt(): void {
    const { reason } = stop.signal;
    stopWaiting(reason);
    // A running loop sees the abort and ends when no work is in progress any more.
    if (running === undefined) void fail(reason);
  }
  async function start(): Promise<void> {
    try {
      await run(sink, stop.signal);
      if (!finish()) return;
      controller.close();
      satisfied();
      await release?.();
    } catch (error) {
      await fail(error);
    }
  }

  const stream = new ReadableStream<Uint8Array>(
    {
      start(own) {
        controller = own;
        onAbort(stop.signal, halt);
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
        stop.abort(why);
        await running;
        await release?.(why);
      },
    },
    { highWaterMark: 0 },
  );
  return markOwn(stream);
}
