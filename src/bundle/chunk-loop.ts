// The chunk loop, written once, with what it reads from and writes to.

import type { Awaitable, Backend } from '../backend/backend.ts';
import { type ChunkLayout, chunkPlace } from '../format/chunks.ts';
import { onAbort } from '../signals.ts';
import type { Source } from '../sources/input.ts';
import { giveWay } from '../turn.ts';

/** Chunks one after the other. */
export interface ChunkSource {
  /** Number of chunks; `Infinity` if it is not known before all of them are read. */
  readonly count: number;
  /** Chunks that it can have in memory at once. */
  readonly inFlight: number;
  /**
   * Called in order. The bytes stay unchanged until `inFlight` further chunks were requested. `undefined`: there are
   * no more.
   */
  read(index: number, signal?: AbortSignal): Awaitable<Uint8Array | undefined>;
}

/** Plain chunks: the last one's nonce says that it is the last. */
export interface PlainChunkSource extends ChunkSource {
  /** The whole bundle, if it is in one piece of memory that no other code can reach. */
  readonly whole?: Uint8Array | undefined;
  /** Whether no other code can reach the memory of its chunks. Otherwise chunks are copied before they are used. */
  readonly isPrivate?: boolean;
  /** Whether this chunk, which has been read, is the last one. */
  isLast(index: number): boolean;
}

export interface ChunkSink {
  /** Memory for a chunk, which stays unchanged until the chunk is taken; called in order. */
  room(index: number, length: number): Uint8Array;
  /** Takes a chunk in its memory: in order, and only after all its checks have passed. */
  take(bytes: Uint8Array): Awaitable<void>;
}

/** A sink that may let the cipher choose the memory of a plain chunk. */
export type PlainChunkSink = Omit<ChunkSink, 'room'> & Partial<Pick<ChunkSink, 'room'>>;

export interface ChunkRun {
  /** Number of chunks; `Infinity` if it is not known before all of them are read. */
  readonly count: number;
  /** Chunks that may be under way at once. */
  readonly inFlight: number;
  /** Fetches the chunks one after another. `undefined`: the previous chunk was the last. */
  readonly read: (index: number, signal?: AbortSignal) => Awaitable<Uint8Array | undefined>;
  /** Processes the chunk; started in order, several at once. */
  readonly work: (index: number, bytes: Uint8Array) => Promise<void> | undefined;
  /** Called in order, after the chunk and all before it are processed. */
  readonly finish: (index: number) => Awaitable<void>;
  readonly signal?: AbortSignal | undefined;
}

// Milliseconds of work after which timers, input and aborts can run.
const TURN = 12;

/**
 * Processes every chunk. Rejects with the error of the first chunk that has one, in any order of failures, and only
 * after all work in progress has ended.
 */
export async function runChunks(run: ChunkRun): Promise<void> {
  const { count, inFlight, signal } = run;
  // Hermes lacks AbortController; its sources are in memory and ignore the signal.
  const stop = typeof AbortController === 'function' ? new AbortController() : undefined;
  const halt = (reason: unknown) => stop?.abort(reason);
  const release = signal && onAbort(signal, () => halt(signal.reason));
  const working = new Set<Promise<void>>();
  // In order. Each one settles when its chunk and all before it are finished, or rejects with the first error among
  // them.
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
        // Another chunk's error may end the loop before this promise is awaited.
        work.catch(() => {});
      }
      if (work === undefined && through.length === 0) {
        // While its bytes are still in the processor's cache.
        await run.finish(index);
      } else {
        const done = follow(index, work, through[through.length - 1]);
        through.push(done);
        done.catch(halt);
        // Lets results that a backend has finished arrive.
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

// Bytes of chunks that are in memory at once while a stream is processed; at least two chunks.
const IN_FLIGHT_LENGTH = 4_194_304;
const MAX_IN_FLIGHT = 8;

/** Chunks that may be in memory at once, if the whole bundle is not in memory anyway. */
export function inFlightOf(chunkSize: number): number {
  return Math.min(MAX_IN_FLIGHT, Math.max(2, Math.floor(IN_FLIGHT_LENGTH / chunkSize)));
}

/**
 * Memory for chunks that arrive in pieces: one buffer for each chunk that can be in progress, reused. Fresh memory
 * for each chunk would cost as much as hashing it.
 */
export function recycledRooms(
  { allocateShared }: Pick<Backend, 'allocateShared'>,
  inFlight: number,
): (length: number) => Uint8Array {
  const rooms: Uint8Array[] = [];
  let next = 0;
  return (length) => {
    const at = next;
    next = (next + 1) % (inFlight + 1);
    const room = rooms[at];
    if (room !== undefined && room.length >= length) return room.subarray(0, length);
    rooms[at] = new Uint8Array(allocateShared?.(length, false) ?? new ArrayBuffer(length));
    return rooms[at];
  };
}

/**
 * The plain chunks of a bundle that can be read by ranges. `whole` is the bundle, if no other code can reach its
 * memory.
 */
export function plainChunks(
  source: Source,
  layout: ChunkLayout,
  whole?: Uint8Array,
): PlainChunkSource {
  const isMemory = source.bytes !== undefined;
  return {
    count: layout.count,
    inFlight: isMemory ? Number.POSITIVE_INFINITY : inFlightOf(layout.chunkSize),
    whole,
    isPrivate: whole !== undefined,
    read(index, signal) {
      const { plainStart, plainEnd } = chunkPlace(layout, index);
      return source.read(plainStart, plainEnd, signal);
    },
    isLast: (index) => index === layout.count - 1,
  };
}

/** The encrypted chunks of a body that can be read by ranges. */
export function encryptedChunks(body: Source, layout: ChunkLayout): ChunkSource {
  return {
    count: layout.count,
    inFlight: body.bytes === undefined ? inFlightOf(layout.chunkSize) : Number.POSITIVE_INFINITY,
    read(index, signal) {
      const { encryptedStart, encryptedEnd } = chunkPlace(layout, index);
      return body.read(encryptedStart, encryptedEnd, signal);
    },
  };
}

/** Memory in one piece, filled from its start. */
export function memorySink(memory: Uint8Array): ChunkSink {
  let at = 0;
  return {
    room(_index, length) {
      at += length;
      return memory.subarray(at - length, at);
    },
    take() {},
  };
}
