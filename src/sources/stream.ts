// Reads a WHATWG stream in pieces of any length.

import { isBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { describe } from '../options.ts';
import { giveWay, unawaited, untilAborted } from '../turn.ts';
import { isOwn, type Source } from './input.ts';

/** Reads bytes in order, one call at a time. */
export interface StreamReader {
  /**
   * Returns the next bytes: fewer than `length` only at the end of the stream. The result is a view if one piece of the
   * stream contains all of it. `length` may be untrusted: the reader allocates at most twice as much memory as bytes
   * that have arrived.
   */
  take(length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * Returns `before` followed by the next bytes, in memory that no code outside this library can access.
   */
  takeAfter(before: Uint8Array, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Copies the next bytes into `room` and returns how many: fewer than its length only at the end of the stream. */
  fill(room: Uint8Array, signal?: AbortSignal): Promise<number>;
  /** Whether the stream has ended. Waits for the next piece or the end. */
  ended(signal?: AbortSignal): Promise<boolean>;
  /**
   * Releases the stream. With a reason, it cancels the rest, and does not wait for the source, which may never
   * answer.
   */
  close(reason?: unknown): Promise<void>;
}

const NOTHING: Uint8Array = new Uint8Array(0);

const PIECES_A_TURN = 1024;

// Length of the first block for small pieces, in bytes.
const FIRST_BLOCK = 1024;

/**
 * Joins pieces of at most `limit` bytes in total. It copies them into blocks, each as long as all blocks before it. To
 * keep the pieces would take hundreds of bytes for a piece of one byte, and a view could keep a large buffer alive.
 */
export function collector(limit: number): {
  add(piece: Uint8Array): void;
  after(before: Uint8Array): Uint8Array;
} {
  const blocks: Uint8Array[] = [];
  let length = 0;
  let room = NOTHING;
  return {
    add(piece: Uint8Array): void {
      for (let at = 0; at < piece.length; ) {
        if (room.length === 0) {
          const size = Math.max(FIRST_BLOCK, length, piece.length - at);
          room = new Uint8Array(Math.min(size, limit - length));
          blocks.push(room);
        }
        const part = piece.subarray(at, at + room.length);
        room.set(part);
        room = room.subarray(part.length);
        at += part.length;
        length += part.length;
      }
    },
    /** Returns `before` followed by all pieces. */
    after(before: Uint8Array): Uint8Array {
      const whole = new Uint8Array(before.length + length);
      whole.set(before);
      let at = before.length;
      for (const block of blocks) {
        whole.set(block.subarray(0, whole.length - at), at);
        at += block.length;
      }
      return whole;
    },
  };
}

/**
 * A WHATWG stream of bytes: the global `ReadableStream<Uint8Array>`, or that of `node:stream/web`, as
 * `Readable.toWeb` gives it. TypeScript has different types for the two; this type accepts both.
 */
export interface ByteStream {
  /** Whether a reader holds the stream. Calls refuse a locked stream. */
  readonly locked: boolean;
  /** Locks the stream for one reader. */
  getReader(): ByteStreamReader;
  /** Ends the stream, and tells its source why. The library calls it for a stream that it does not read to its end. */
  cancel(reason?: unknown): Promise<void>;
}

/** The methods of a stream's reader that the library calls. */
export interface ByteStreamReader {
  /** Resolves with the next piece, or with `done: true` at the end. Rejects with the error of the stream. */
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  /** Ends the stream, and tells its source why. */
  cancel(reason?: unknown): Promise<void>;
  /** Unlocks the stream. */
  releaseLock(): void;
}

/** Locks a stream to read it. @throws `TypeError` if it is not a stream or is locked. */
export function openStream(source: ByteStream): StreamReader {
  if (typeof (source as Partial<ReadableStream> | null)?.getReader !== 'function') {
    throw new TypeError(`source expected a ReadableStream, got ${describe(source)}`);
  }
  if (source.locked) {
    throw new TypeError('source is locked by another reader: pass a stream that is not locked');
  }
  const reader = source.getReader();
  let rest: Uint8Array = NOTHING;
  let isEnd = false;
  let offset = 0;
  let pieces = 0;

  /** Reads the next piece into `rest` if that is empty. */
  async function refill(signal: AbortSignal | undefined): Promise<void> {
    while (rest.length === 0 && !isEnd) {
      const { done, value } = await readNext(signal);
      if (done) isEnd = true;
      else rest = bytesOf(value);
      pieces += 1;
      // Yields regularly, because endless empty or tiny pieces would block timers and aborts.
      if (!isEnd && pieces % PIECES_A_TURN === 0) await giveWay(signal);
    }
  }
  async function readNext(
    signal: AbortSignal | undefined,
  ): Promise<{ readonly done: boolean; readonly value?: unknown }> {
    try {
      return await untilAborted(reader.read(), signal);
    } catch (cause) {
      signal?.throwIfAborted();
      // Rethrows errors of this library unchanged, because they are more precise.
      if (isOwn(source) || isOwn(cause) || cause instanceof BundleSealError) throw cause;
      throw new BundleSealError(
        'ERR_SOURCE_FAILED',
        `the source stream failed after ${offset} bytes: see the cause, and open the stream again`,
        { offset, cause },
      );
    }
  }

  /** Passes the next `length` bytes to `use`, piece by piece. Returns their number: fewer only at the end. */
  async function each(
    length: number,
    signal: AbortSignal | undefined,
    use: (piece: Uint8Array, wanted: number) => void,
  ): Promise<number> {
    let wanted = length;
    while (wanted > 0) {
      if (rest.length === 0) await refill(signal);
      if (rest.length === 0) break;
      const piece = rest.subarray(0, wanted);
      rest = rest.subarray(piece.length);
      offset += piece.length;
      use(piece, wanted);
      wanted -= piece.length;
    }
    return length - wanted;
  }

  async function takeAfter(before: Uint8Array, length: number, signal?: AbortSignal) {
    const joined = collector(length);
    await each(length, signal, joined.add);
    return joined.after(before);
  }

  return {
    async take(length, signal) {
      if (rest.length === 0 && length > 0) await refill(signal);
      if (rest.length < length) return takeAfter(NOTHING, length, signal);
      const whole = rest.subarray(0, length);
      rest = rest.subarray(length);
      offset += length;
      return whole;
    },
    takeAfter,
    fill: (room, signal) =>
      each(room.length, signal, (piece, wanted) => room.set(piece, room.length - wanted)),
    async ended(signal) {
      await refill(signal);
      return rest.length === 0;
    },
    async close(reason) {
      rest = NOTHING;
      if (reason !== undefined && !isEnd) unawaited(() => reader.cancel(reason));
      reader.releaseLock();
    },
  };
}

function bytesOf(value: unknown): Uint8Array<ArrayBuffer> {
  if (isBytes(value)) {
    return new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
  }
  throw new TypeError(`source expected to give Uint8Array chunks, got ${describe(value)}`);
}

/** Makes a `Source` from a stream to read a header. Its reads must be in order, without gaps. */
export function headerSource(reader: StreamReader): Source {
  return {
    size: Number.POSITIVE_INFINITY,
    read: (start, end, signal) => reader.take(end - start, signal),
    readAfter: (before, end, signal) => reader.takeAfter(before, end - before.length, signal),
  };
}
