// The chunk loop, written once.

import type { Awaitable } from '../backend/backend.ts';
import { onAbort } from '../signals.ts';
import { giveWay } from '../turn.ts';

export interface ChunkRun {
  /** Chunks in all; `Infinity` where only reading tells. */
  readonly count: number;
  /** Chunks that may be under way at once. */
  readonly inFlight: number;
  /** Fetches a chunk, one after the other. `undefined`: the one before was the last. */
  readonly read: (index: number, signal?: AbortSignal) => Awaitable<Uint8Array | undefined>;
  /** Does what is to be done with it; begun in order, several at once. */
  readonly work: (index: number, bytes: Uint8Array) => Promise<void> | undefined;
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
  // Hermes has none, nor anything that could read elsewhere than in memory: nobody there looks at the signal.
  const stop = typeof AbortController === 'function' ? new AbortController() : undefined;
  const halt = (reason: unknown) => stop?.abort(reason);
  const release = signal && onAbort(signal, () => halt(signal.reason));
  const working = new Set<Promise<void>>();
  // In order; each settles when its chunk and all before it are finished, or with the first error among them.
  const through: Promise<void>[] = [];

  const follow = async (
    index: number,
    work: Promise<void> | undefined,
    before: Promise<void> | undefined,
  ) => {
    await before;
    await work;
    working.delete(work as Promise<void>);
    signal?.throwIfAborted();
    await run.finish(index);
    through.shift();
  };

  try {
    let turnEnds = Date.now() + TURN;
    for (let index = 0; index < count; index++) {
      signal?.throwIfAborted();
      const arriving = run.read(index, stop?.signal);
      const bytes = arriving instanceof Promise ? await arriving : arriving;
      if (bytes === undefined) break;
      const work = run.work(index, bytes);
      if (work !== undefined) {
        working.add(work);
        // Its turn to be awaited may come after another chunk's error.
        work.catch(() => {});
      }
      if (work === undefined && through.length === 0) {
        // While its bytes are still in the processor's cache.
        await run.finish(index);
      } else {
        const done = follow(index, work, through[through.length - 1]);
        through.push(done);
        done.catch(halt);
        // Lets what a backend finished meanwhile arrive.
        await undefined;
        if (through.length >= inFlight) await through[0];
      }
      if (Date.now() >= turnEnds) {
        await giveWay(signal);
        turnEnds = Date.now() + TURN;
      }
    }
    await through[through.length - 1];
    signal?.throwIfAborted();
  } catch (error) {
    halt(error);
    for (const work of working) await work.catch(() => {});
    await through[through.length - 1];
    throw error;
  } finally {
    release?.();
  }
}
