// The chunk loop, written once.

import type { Awaitable } from '../backend/backend.ts';
import { giveWay } from '../turn.ts';

export interface ChunkRun {
  readonly count: number;
  /** Chunks that may be under way at once. */
  readonly inFlight: number;
  /** Fetches a chunk; called in order. */
  readonly read: (index: number, signal: AbortSignal) => Awaitable<Uint8Array>;
  /** Does what is to be done with it. */
  readonly work: (index: number, bytes: Uint8Array) => Awaitable<void>;
  /** Called in order, once the chunk and all before it are through. */
  readonly finish: (index: number) => Awaitable<void>;
  readonly signal?: AbortSignal | undefined;
}

// Milliseconds of work after which timers, input and an abort get their turn.
const TURN = 12;

/**
 * Runs every chunk. The error that comes out is that of the first chunk which has one, whatever the order
 * in which they failed; it comes out when nothing is under way any more.
 */
export async function runChunks(run: ChunkRun): Promise<void> {
  const { count, inFlight, signal } = run;
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });

  const underWay: { done: boolean; work: Promise<void> | undefined }[] = [];
  let finished = 0;

  const begin = (index: number) => {
    const chunk: { done: boolean; work: Promise<void> | undefined } = {
      done: true,
      work: undefined,
    };
    underWay.push(chunk);
    try {
      const bytes = run.read(index, stop.signal);
      const work =
        bytes instanceof Promise
          ? bytes.then((fetched) => run.work(index, fetched))
          : run.work(index, bytes);
      if (!(work instanceof Promise)) return;
      chunk.done = false;
      chunk.work = work.then(() => {
        chunk.done = true;
      });
    } catch (error) {
      chunk.done = false;
      chunk.work = Promise.reject(error);
    }
    // Its turn to be awaited may come after another chunk's error.
    chunk.work.catch(() => {});
  };
  const finishFirst = async () => {
    await underWay[0]?.work;
    signal?.throwIfAborted();
    underWay.shift();
    const more = run.finish(finished++);
    if (more instanceof Promise) await more;
  };

  try {
    signal?.throwIfAborted();
    let turnEnds = Date.now() + TURN;
    for (let index = 0; index < count; index++) {
      begin(index);
      // Lets what a backend finished meanwhile arrive.
      await undefined;
      while (underWay[0]?.done === true || underWay.length >= inFlight) {
        if (underWay.length === 0) break;
        await finishFirst();
      }
      if (Date.now() >= turnEnds) {
        await giveWay(signal);
        turnEnds = Date.now() + TURN;
      }
    }
    while (underWay.length > 0) await finishFirst();
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(underWay.map(({ work }) => work));
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
