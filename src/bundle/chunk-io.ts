// Where chunks come from and where they go, for the loops that seal and open them.

import type { Awaitable, Backend } from '../backend/backend.ts';
import { type ChunkLayout, chunkPlace } from '../format/chunks.ts';
import type { Source } from '../sources/input.ts';

/** Chunks one after the other. */
export interface ChunkSource {
  /** Chunks in all; `Infinity` where only reading tells. */
  readonly count: number;
  /** Chunks that it can have in memory at once. */
  readonly inFlight: number;
  /**
   * Called in order. The bytes stay untouched until `inFlight` further chunks were asked for. `undefined`:
   * there are no more.
   */
  read(index: number, signal?: AbortSignal): Awaitable<Uint8Array | undefined>;
}

/** Plain chunks: the last one's nonce says that it is the last. */
export interface PlainChunkSource extends ChunkSource {
  /** All of the bundle, where it is in memory in one piece that nobody else has. */
  readonly whole?: Uint8Array | undefined;
  /** Whether nobody else has the memory of its chunks. What others may write to has to be copied before it is used. */
  readonly isPrivate?: boolean;
  /** Whether this chunk, which has been read, is the last one. */
  isLast(index: number): boolean;
}

export interface ChunkSink {
  /** Memory for a chunk, which stays untouched until it is taken; called in order. */
  room(index: number, length: number): Uint8Array;
  /** The chunk in its room: in order, and when nothing can be said against it any more. */
  take(bytes: Uint8Array): Awaitable<void>;
}

/** A sink that may leave it to the cipher where a plain chunk is. */
export type PlainChunkSink = Omit<ChunkSink, 'room'> & Partial<Pick<ChunkSink, 'room'>>;

// Bytes of chunks in memory at once, where they come and go; at least two chunks.
const IN_FLIGHT_LENGTH = 4 * 2 ** 20;
const MAX_IN_FLIGHT = 8;

/** Chunks that may be in memory at once, where their number is not bounded by what is there anyway. */
export function inFlightOf(chunkSize: number): number {
  return Math.min(MAX_IN_FLIGHT, Math.max(2, Math.floor(IN_FLIGHT_LENGTH / chunkSize)));
}

/**
 * Memory for chunks that come in pieces: as many rooms as can be under way, used again and again. Fresh memory for
 * each would cost as much as hashing it.
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
