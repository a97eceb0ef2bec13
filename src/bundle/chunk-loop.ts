// The chunk loop that all calls share, its sources and its sinks.

import type { Awaitable, Backend } from '../backend/backend.ts';
import { type ChunkLayout, chunkPlace } from '../format/chunks.ts';
import { onAbort } from '../signals.ts';
import type { Source } from '../sources/input.ts';
import { createPace, handledElsewhere } from '../turn.ts';

/** Reads the chunks of a bundle in order. */
export interface ChunkSource {
  /** Number of chunks; `Infinity` if it is not known before all of them are read. */
  readonly count: number;
  /** The most chunks that the source can have in memory at once. */
  readonly inFlight: number;
  /**
   * Returns the next chunk, or `undefined` after the last one. The loop calls this in order. The source does not change
   * the bytes until the loop has requested `inFlight` more chunks.
   */
  read(index: number, signal?: AbortSignal): Awaitable<Uint8Array | undefined>;
}

/** A source of plain chunks. It knows which chunk is the last, because the nonce of that chunk differs. */
export interface PlainChunkSource extends ChunkSource {
  /** The whole bundle, if it is in one piece of memory that no code outside this library can access. */
  readonly whole?: Uint8Array | undefined;
  /**
   * Whether no code outside this library can access the memory of the chunks. Otherwise the loop copies each chunk
   * before it uses it.
   */
  readonly isPrivate?: boolean;
  /** Whether this chunk is the last one. The loop calls this after it has read the chunk. */
  isLast(index: number): boolean;
}

/** Receives the processed chunks of a bundle in order. */
export interface ChunkSink {
  /** Returns memory for a chunk, and does not use it until `take`. The loop calls this in order. */
  room(index: number, length: number): Uint8Array;
  /** Takes a chunk in the memory of `room`. The loop calls this in order, after the chunk has passed all checks. */
  take(bytes: Uint8Array): Awaitable<void>;
}

/** A sink that may let the cipher choose the memory of a plain chunk. */
export type PlainChunkSink = Omit<ChunkSink, 'room'> & Partial<Pick<ChunkSink, 'room'>>;

/** The work of {@link runChunks}. */
export interface ChunkRun {
  /** Number of chunks; `Infinity` if it is not known before all of them are read. */
  readonly count: number;
  /** The most chunks that may be in progress at once. */
  readonly inFlight: number;
  /** Fetches the next chunk. Returns `undefined` after the last one. */
  readonly read: (index: number, signal?: AbortSignal) => Awaitable<Uint8Array | undefined>;
  /** Processes a chunk. The loop starts the calls in order, and several run at once. */
  readonly work: (index: number, bytes: Uint8Array) => Promise<void> | undefined;
  /** The loop calls this in order, after this chunk and all chunks before it are processed. */
  readonly finish: (index: number) => Awaitable<void>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Processes every chunk. If several chunks fail, rejects with the error of the chunk with the lowest index. Rejects only
 * after all work in progress has ended.
 */
export async function runChunks(run: ChunkRun): Promise<void> {
  const { count, inFlight, signal } = run;
  // Hermes lacks AbortController; its sources are in memory and ignore the signal.
  const stop = typeof AbortController === 'function' ? new AbortController() : undefined;
  const halt = (reason: unknown) => stop?.abort(reason);
  const release = signal && onAbort(signal, () => halt(signal.reason));
  const working = new Set<Promise<void>>();
  // One promise for each chunk, in order. It resolves when its chunk and all chunks before it are finished, or rejects
  // with the first error among them.
  const finishing: Promise<void>[] = [];

  const finishInOrder = async (
    index: number,
    work: Promise<void> | undefined,
    before: Promise<void> | undefined,
  ) => {
    await before;
    await work;
    working.delete(work as Promise<void>);
    signal?.throwIfAborted();
    await run.finish(index);
    finishing.shift();
  };

  try {
    signal?.throwIfAborted();
    const pace = createPace(signal);
    for (let index = 0; index < count; index++) {
      const arriving = run.read(index, stop?.signal);
      const bytes = arriving instanceof Promise ? await arriving : arriving;
      if (bytes === undefined) break;
      const work = run.work(index, bytes);
      if (work !== undefined) {
        working.add(work);
        // The error of another chunk may end the loop before `finishInOrder` awaits this promise.
        handledElsewhere(work);
      }
      if (work === undefined && finishing.length === 0) {
        // Finishes a chunk at once, while its bytes are still in the processor's cache.
        await run.finish(index);
      } else {
        const done = finishInOrder(index, work, finishing[finishing.length - 1]);
        finishing.push(done);
        done.catch(halt);
        // Yields so that finished results of a backend can arrive.
        await undefined;
        if (finishing.length >= inFlight) await finishing[0];
      }
      const turn = pace();
      if (turn !== undefined) await turn;
    }
    await finishing[finishing.length - 1];
    signal?.throwIfAborted();
  } catch (error) {
    halt(error);
    for (const work of working) await work.catch(() => {});
    await finishing[finishing.length - 1];
    throw error;
  } finally {
    release?.();
  }
}

// The most bytes of chunks that are in memory at once while a stream is processed. Two chunks may exceed it.
const IN_FLIGHT_LENGTH = 4_194_304;
const MAX_IN_FLIGHT = 8;

/** Returns how many chunks may be in memory at once if the whole bundle is not in memory. */
export function inFlightOf(chunkSize: number): number {
  return Math.min(MAX_IN_FLIGHT, Math.max(2, Math.floor(IN_FLIGHT_LENGTH / chunkSize)));
}

/**
 * Returns a function that gives memory for chunks that arrive in pieces. It reuses one buffer for each chunk in progress,
 * because to allocate memory for each chunk would take as long as to hash it.
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
 * Makes a source of the plain chunks of a bundle in a source with random access.
 *
 * @param whole - The bundle in memory, if no code outside this library can access that memory.
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

/** Makes a source of the encrypted chunks of a body in a source with random access. */
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

/**
 * Makes a source of the chunks before `to`. It fetches them in groups, the next group while the loop processes the
 * current one.
 */
export function groupedChunks(body: Source, layout: ChunkLayout, to: number): ChunkSource {
  const perGroup = Math.ceil(inFlightOf(layout.chunkSize) / 2);
  let group: { from: number; bytes: Promise<Uint8Array> } | undefined;
  let next: typeof group;
  const fetch = (from: number, signal?: AbortSignal): typeof group => {
    if (from >= to) return undefined;
    const start = chunkPlace(layout, from).encryptedStart;
    const end = chunkPlace(layout, Math.min(to, from + perGroup) - 1).encryptedEnd;
    const bytes = Promise.resolve(body.read(start, end, signal));
    // Another error may end the loop before `read` awaits this promise.
    handledElsewhere(bytes);
    return { from, bytes };
  };
  return {
    count: layout.count,
    inFlight: perGroup,
    async read(index, signal) {
      if (group === undefined || index >= group.from + perGroup) {
        group = next ?? fetch(index, signal);
        next = fetch(index + perGroup, signal);
      }
      const { from, bytes } = group as NonNullable<typeof group>;
      const { encryptedStart, encryptedEnd } = chunkPlace(layout, index);
      const start = chunkPlace(layout, from).encryptedStart;
      return (await bytes).subarray(encryptedStart - start, encryptedEnd - start);
    },
  };
}

/** Makes a sink that fills memory from its start. */
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

/** Makes a sink that skips the first `skip` bytes, and passes the next `length` bytes to `sink`. */
export function trimmed(sink: PlainChunkSink, skip: number, length: number): PlainChunkSink {
  let toSkip = skip;
  let left = length;
  return {
    take(bytes) {
      const part = bytes.subarray(toSkip, toSkip + left);
      toSkip = 0;
      left -= part.length;
      return sink.take(part);
    },
  };
}
