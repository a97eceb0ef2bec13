// Chunks out of a file and into one, a few ahead and a few behind the loop, through buffers that are used
// over and over.

import type { ChunkSink, ChunkSource } from '../bundle/chunk-io.ts';
import type { InputFile } from './input-file.ts';
import type { OutputFile } from './replace.ts';

export interface FileChunks {
  readonly count: number;
  /** Bytes of the longest chunk. */
  readonly length: number;
  /** Chunks under way at once. */
  readonly inFlight: number;
}

/** Where in the file a chunk is. */
export type PlaceOf = (index: number) => readonly [start: number, end: number];

/** To be closed before the file is: what is read ahead still goes into the buffers. */
export interface FileChunkSource extends ChunkSource {
  close(): Promise<void>;
}

// Bytes that are read before they are asked for, and as many that are still being written when more come.
const AHEAD_LENGTH = 2 ** 20;
const MAX_AHEAD = 8;

// A system call into memory that begins on a page can take five times as long as into memory just after.
const OFF_PAGE = 64;
const PAGE = 4096;

// Bytes after which the disk is set to work, so that the last flush finds little left to do.
const FLUSH_LENGTH = 64 * 2 ** 20;

function aheadOf({ length }: FileChunks): number {
  return Math.min(MAX_AHEAD, Math.max(1, Math.floor(AHEAD_LENGTH / length)));
}

/** Memory for the chunks under way and `more`; each is used again when it has been through. */
function buffers({ count, length, inFlight }: FileChunks, more: number) {
  const number = Math.min(count, inFlight + more);
  const stride = Math.ceil((length + OFF_PAGE) / PAGE) * PAGE;
  const memory = new ArrayBuffer(number * stride);
  return (index: number, used: number): Uint8Array =>
    new Uint8Array(memory, (index % number) * stride + OFF_PAGE, used);
}

export function fileChunkSource(
  file: InputFile,
  chunks: FileChunks,
  placeOf: PlaceOf,
): FileChunkSource {
  const ahead = aheadOf(chunks);
  const room = buffers(chunks, ahead);
  const reads: Promise<Uint8Array>[] = [];
  let next = 0;
  let isClosed = false;

  const readNext = () => {
    const [start, end] = placeOf(next);
    const read = file.readInto(room(next, end - start), start);
    // Its turn to be awaited may come after another error.
    read.catch(() => {});
    reads.push(read);
    next += 1;
  };
  return {
    count: chunks.count,
    inFlight: chunks.inFlight,
    read(index) {
      while (!isClosed && next < chunks.count && next <= index + ahead) readNext();
      return reads.shift();
    },
    async close() {
      isClosed = true;
      await Promise.allSettled(reads);
    },
  };
}

/** A sink whose last writes are still under way when the loop ends: `finish` waits for them. */
export interface FileChunkSink extends ChunkSink {
  finish(): Promise<void>;
}

/** Chunks one after the other into a file, from `start` on. */
export function fileChunkSink(file: OutputFile, chunks: FileChunks, start: number): FileChunkSink {
  const behind = aheadOf(chunks);
  const room = buffers(chunks, behind);
  const writes: Promise<void>[] = [];
  let at = start;
  let flushed = start;
  let flushing: Promise<void> | undefined;

  function flush(): void {
    flushed = at;
    flushing = file.flush().finally(() => {
      flushing = undefined;
    });
    flushing.catch(() => {});
  }
  return {
    room,
    take(bytes) {
      const write = file.write(bytes, at);
      write.catch(() => {});
      writes.push(write);
      at += bytes.length;
      if (at - flushed >= FLUSH_LENGTH && flushing === undefined) flush();
      return writes.length > behind ? writes.shift() : undefined;
    },
    async finish() {
      const results = await Promise.allSettled([...writes, flushing]);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
}
