// A WHATWG stream, taken in pieces of the reader's choice however it is cut.

import { BundleSealError } from '../errors.ts';
import { describe } from '../options.ts';
import { giveWay, untilAborted } from '../turn.ts';
import type { Source } from './input.ts';

/** Bytes in the order in which they come; one call at a time. */
export interface StreamReader {
  /**
   * The next bytes: fewer than `length` only where the stream ends. Views of what came, where they can be; else
   * joined in memory that `room` gives.
   */
  take(
    length: number,
    signal?: AbortSignal,
    room?: (length: number) => Uint8Array,
  ): Promise<Uint8Array>;
  /** Whether nothing follows; waits until that is known. */
  ended(signal?: AbortSignal): Promise<boolean>;
  /** Lets go of the stream: cancels what has not been read, where a reason is given. */
  close(reason?: unknown): Promise<void>;
}

export function openStream(source: ReadableStream<Uint8Array>): StreamReader {
  if (typeof (source as Partial<ReadableStream> | null)?.getReader !== 'function') {
    throw new TypeError(`source expected a ReadableStream, got ${describe(source)}`);
  }
  if (source.locked) {
    throw new TypeError('source is locked: another reader has it, pass a stream that is free');
  }
  const reader = source.getReader();
  let rest = new Uint8Array(0);
  let isEnd = false;
  let offset = 0;

  /** Puts what comes next into `rest`, which is empty. */
  async function fill(signal: AbortSignal | undefined): Promise<void> {
    while (rest.length === 0 && !isEnd) {
      const { done, value } = await readNext(signal);
      if (done) isEnd = true;
      else rest = bytesOf(value);
      // Empty pieces without end would otherwise keep timers from their turn, and so an abort from coming.
      if (!isEnd && rest.length === 0) await giveWay(signal);
    }
  }
  async function readNext(
    signal: AbortSignal | undefined,
  ): Promise<ReadableStreamReadResult<unknown>> {
    try {
      return await untilAborted(reader.read(), signal);
    } catch (cause) {
      signal?.throwIfAborted();
      // One of ours says more than that reading failed: streams of this library feed each other.
      if (cause instanceof BundleSealError) throw cause;
      throw new BundleSealError(
        'ERR_SOURCE_FAILED',
        `the source stream failed after ${offset} bytes: see the cause, and fetch it again`,
        { offset, cause },
      );
    }
  }

  return {
    async take(length, signal, room = (size) => new Uint8Array(size)) {
      const pieces: Uint8Array[] = [];
      let wanted = length;
      while (wanted > 0) {
        if (rest.length === 0) await fill(signal);
        if (rest.length === 0) break;
        const piece = rest.subarray(0, wanted);
        rest = rest.subarray(piece.length);
        wanted -= piece.length;
        offset += piece.length;
        pieces.push(piece);
      }
      const [first] = pieces;
      if (pieces.length === 1 && first !== undefined) return first;
      const joined = room(length - wanted);
      let at = 0;
      for (const piece of pieces) {
        joined.set(piece, at);
        at += piece.length;
      }
      return joined;
    },
    async ended(signal) {
      if (rest.length === 0) await fill(signal);
      return rest.length === 0;
    },
    async close(reason) {
      rest = new Uint8Array(0);
      // What the source says to that comes too late to matter.
      if (reason !== undefined && !isEnd) await reader.cancel(reason).catch(() => {});
      reader.releaseLock();
    },
  };
}

function bytesOf(value: unknown): Uint8Array<ArrayBuffer> {
  if (
    ArrayBuffer.isView(value) &&
    Object.prototype.toString.call(value) === '[object Uint8Array]'
  ) {
    return new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
  }
  throw new TypeError(`source expected to give Uint8Array chunks, got ${describe(value)}`);
}

/** A stream as the source of a header, which is read from its start to its end. */
export function headerSource(reader: StreamReader): Source {
  return {
    size: Number.POSITIVE_INFINITY,
    read: (start, end, signal) => reader.take(end - start, signal),
  };
}
