// Distributes the pieces of an archive to threads and to this thread for deflating.

import { giveWay, handledElsewhere, type Pace } from '../../turn.ts';
import { deflateAll, deflateSteps, type Level, type Piece } from './deflate.ts';
import type { Task, Thread } from './deflate-threads.ts';
import { loadZlib, type Zlib } from './load-zlib.ts';
import { copyTo, joinLoans, type Memory } from './memory.ts';
import type { OpenStream } from './zlib.ts';

export interface DeflateQueue {
  /** Starts threads in proportion to the bytes of content, before the first piece arrives. */
  expect(length: number): void;
  /** Deflates a piece into a loan. Nothing reads the piece any more when the promise resolves. */
  deflate(piece: Piece): Promise<Uint8Array>;
  /**
   * Gives the threads back. Terminates them after a large archive, and if `isDone` is false, because they may still be
   * working.
   */
  end(isDone: boolean): void;
}

/**
 * Bytes of content from which on threads are started. Starting a thread takes as long as deflating this many bytes.
 */
const WORTH = 2 ** 20;

/**
 * Bytes of content for each thread after the first. For less content, a thread takes longer to start than it saves.
 */
const SHARE = 3 * 2 ** 20;

/**
 * Bytes of content from which on the threads end with the archive. An idle thread takes 8 MB, and starting one takes a
 * hundredth of the time of such an archive.
 */
const LARGE = 64 * 2 ** 20;

/**
 * The most pieces of a thread. After the second one, only short pieces are queued: 32 of them take as long as this thread
 * needs to deflate a slice, during which it hands out nothing.
 */
const DEPTHS: readonly number[] = [1, 2, 4, 8, 16, 32];
const QUEUED_LENGTH = 2 ** 16;

/**
 * Longest piece, in bytes, that this thread deflates at once, because handing it over would take as long.
 */
const SHORT = 4096;

/**
 * @param threads - The most threads that may be started.
 * @param pace - Lets the rest of the program run while this thread deflates.
 */
export function createDeflateQueue(
  level: Level,
  threads: number,
  pace: Pace,
  memory: Memory,
): DeflateQueue {
  let starting: Promise<Thread[]> | undefined;
  let hired: Thread[] = [];
  let isEnded = false;
  let isWorking = false;
  let seen = 0;
  let expected = Number.POSITIVE_INFINITY;
  const waiting: Task[] = [];

  function hire(zlib: Zlib): void {
    const { module } = zlib;
    if (starting !== undefined || module === undefined || threads === 0) return;
    starting = import('./deflate-threads.ts').then(({ borrowThreads, giveBack }) => {
      if (isEnded) return [];
      const worth = Math.max(1, Math.floor(expected / SHARE));
      hired = borrowThreads(Math.min(threads, worth), module, handOut);
      release = giveBack;
      handOut();
      return hired;
    });
    // If no thread can start, this thread does the work.
    handledElsewhere(starting);
  }
  let release: (threads: readonly Thread[]) => void = () => {};

  /** Gives waiting jobs to threads that have room, and takes back the jobs of a dead thread. */
  function handOut(): void {
    if (isEnded) return;
    for (const thread of hired.filter(({ isAlive }) => !isAlive)) {
      for (const { task } of thread.pending) waiting.unshift(task);
    }
    hired = hired.filter(({ isAlive }) => isAlive);
    const ready = hired.filter(({ isReady }) => isReady);
    for (const most of DEPTHS) {
      for (const thread of ready) {
        const [next] = waiting;
        if (next === undefined) return;
        if (thread.pending.length >= most) continue;
        if (most > 2 && next.job.piece.bytes.length > QUEUED_LENGTH) continue;
        waiting.shift();
        // The next piece overwrites the memory of the thread.
        thread.post(next, (bytes) => next.answer(copyTo(memory, bytes)));
      }
    }
    if (waiting.length > 0) void workHere();
  }

  /** Deflates pieces on this thread for which no thread has room. */
  async function workHere(): Promise<void> {
    if (isWorking) return;
    isWorking = true;
    let open: OpenStream;
    try {
      ({ open } = await loadZlib());
    } catch (error) {
      for (const { fail } of waiting.splice(0)) fail(error);
      isWorking = false;
      return;
    }
    while (!isEnded) {
      const next = waiting.shift();
      if (next === undefined) break;
      try {
        const parts: Uint8Array[] = [];
        const take = (bytes: Uint8Array) => parts.push(copyTo(memory, bytes));
        for (const _ of deflateSteps(open, next.job.piece, level, take)) await breathe();
        next.answer(joinLoans(memory, parts));
      } catch (error) {
        next.fail(error);
      }
    }
    isWorking = false;
    handOut();
  }

  /** Gives threads with results their next piece at once. */
  async function breathe(): Promise<void> {
    if (hired.length > 0) await giveWay();
    await pace();
  }

  let number = 0;
  return {
    expect(length) {
      expected = length;
      if (Number.isFinite(length) && length >= WORTH && level > 0) loadZlib().then(hire, () => {});
    },
    deflate(piece) {
      // Level 0 only copies the bytes.
      if (piece.bytes.length <= SHORT || level === 0)
        return handledElsewhere(deflateShort(piece, level, memory));
      seen += piece.bytes.length;
      if (seen >= WORTH && starting === undefined) loadZlib().then(hire, () => {});
      const deflated = new Promise<Uint8Array>((answer, fail) => {
        waiting.push({ job: { number: number++, piece, level }, answer, fail });
        handOut();
      });
      return handledElsewhere(deflated);
    },
    end(isDone) {
      isEnded = true;
      waiting.length = 0;
      if (isDone && seen < LARGE) release(hired);
      else for (const thread of hired) thread.end();
    },
  };
}

/**
 * Loads what a queue needs. Returns a function that starts a thread, which the next queue takes if its first piece arrives
 * within a second. Without it, a thread starts only after all files were listed, and takes 50 ms to start.
 *
 * @param threads - The most threads of the queue.
 * @returns A function to call with the bytes of content that are known so far. It starts the thread if they are worth one.
 */
export async function prepareDeflate(threads: number): Promise<(length: number) => void> {
  const [{ module }, library] = await Promise.all([loadZlib(), import('./deflate-threads.ts')]);
  let isStarted = module === undefined || threads === 0;
  return (length) => {
    if (isStarted || module === undefined || length < WORTH) return;
    isStarted = true;
    library.giveBack(library.borrowThreads(1, module, () => {}));
  };
}

async function deflateShort(piece: Piece, level: Level, memory: Memory): Promise<Uint8Array> {
  const { open } = await loadZlib();
  return deflateAll(open, piece, level, memory);
}

/**
 * The default number of threads: on Node one for each core except that of the calling thread, elsewhere none.
 */
export function threadsByDefault(): number {
  const cores = globalThis.process?.getBuiltinModule?.('node:os')?.availableParallelism?.() ?? 1;
  return Math.min(cores - 1, MOST_THREADS);
}

// More threads would wait for the thread that reads and writes.
const MOST_THREADS = 8;
