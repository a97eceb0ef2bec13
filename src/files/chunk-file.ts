// Chunks out of a file and into one, a block ahead of the loop and a block behind it, through buffers that
// are used over and over. A block is several chunks: handing a system call to another thread and hearing of
// its end costs as much as half a chunk's cryptography.

import type { ChunkSink, ChunkSource } from '../bundle/chunk-io.ts';
import type { InputFile } from './input-file.ts';
import type { OutputFile } from './replace.ts';

export interface FileChunks {
  readonly count: number;
  /** Bytes of every chunk but the last, which may have fewer. */
  readonly length: number;
  /** Chunks under way at once. */
  readonly inFlight: number;
  /** Where in the file the first one begins; the others follow without a gap. */
  readonly start: number;
  /** Where in the file the last one ends. */
  readonly end: number;
}

/** To be closed before the file is: what is read ahead still goes into the buffers. */
export interface FileChunkSource extends ChunkSource {
  close(): Promise<void>;
}

/** A sink whose last writes are still to come when the loop ends. */
export interface FileChunkSink extends ChunkSink {
  /** Makes them, and waits for all. */
  finish(): Promise<void>;
  /** Waits for those under way, whatever becomes of them; to be called before the file is given up. */
  close(): Promise<void>;
}

const BLOCK_LENGTH = 2 ** 20;

// Beside the blocks that the chunks under way lie in: one that is read or written meanwhile, and one for
// those that begin and end within a block.
const MORE_BLOCKS = 2;

// A system call into memory that begins on a page can take five times as long as into memory just after.
const OFF_PAGE = 64;
const PAGE = 4096;

// Bytes after which the disk is set to work, so that the last flush finds little left to do.
const FLUSH_LENGTH = 64 * 2 ** 20;

/** How chunks lie in blocks, and memory for the blocks that are in use at once. */
function blocksOf({ count, length, inFlight }: FileChunks) {
  const chunks = Math.max(1, Math.floor(BLOCK_LENGTH / Math.max(1, length)));
  const inUse = Math.ceil(inFlight / chunks) + MORE_BLOCKS;
  const number = Math.min(inUse, Math.ceil(count / chunks));
  const stride = Math.ceil((Math.min(count, chunks) * length + OFF_PAGE) / PAGE) * PAGE;
  const memory = new ArrayBuffer(number * stride);
  return {
    /** Chunks in a block. */
    chunks,
    /** The memory of a block, from `offset` on: the one that block `index - number` had. */
    room: (index: number, offset: number, used: number): Uint8Array =>
      new Uint8Array(memory, (index % number) * stride + OFF_PAGE + offset, used),
  };
}

export function fileChunkSource(file: InputFile, chunks: FileChunks): FileChunkSource {
  const { count, length, inFlight, start, end } = chunks;
  const blocks = blocksOf(chunks);
  const blockCount = Math.ceil(count / blocks.chunks);
  const reads: Promise<Uint8Array>[] = [];
  let nextBlock = 0;
  let isClosed = false;

  const readNext = () => {
    const from = start + nextBlock * blocks.chunks * length;
    const to = Math.min(end, from + blocks.chunks * length);
    const read = file.readInto(blocks.room(nextBlock, 0, to - from), from);
    // Its turn to be awaited may come after another error.
    read.catch(() => {});
    reads.push(read);
    nextBlock += 1;
  };
  return {
    count,
    inFlight,
    async read(index) {
      const place = index % blocks.chunks;
      if (place === 0 && index > 0) reads.shift();
      while (!isClosed && nextBlock < blockCount && reads.length < 2) readNext();
      const block = (await reads[0]) as Uint8Array;
      return block.subarray(place * length, (place + 1) * length);
    },
    async close() {
      isClosed = true;
      await Promise.allSettled(reads);
    },
  };
}

export function fileChunkSink(file: OutputFile, chunks: FileChunks): FileChunkSink {
  const blocks = blocksOf(chunks);
  let at = chunks.start;
  let flushed = at;
  let taken = 0;
  /** Bytes in the block that is being filled. */
  let filled = 0;
  let writing: Promise<void> | undefined;
  let flushing: Promise<void> | undefined;

  function writeBlock(): Promise<void> | undefined {
    const before = writing;
    const block = Math.floor((taken - 1) / blocks.chunks);
    writing = file.write(blocks.room(block, 0, filled), at);
    // Its turn to be awaited may come after another error.
    writing.catch(() => {});
    at += filled;
    filled = 0;
    if (at - flushed >= FLUSH_LENGTH && flushing === undefined) flush();
    return before;
  }
  function flush(): void {
    flushed = at;
    flushing = file.flush().finally(() => {
      flushing = undefined;
    });
    flushing.catch(() => {});
  }
  return {
    room: (index, used) =>
      blocks.room(Math.floor(index / blocks.chunks), (index % blocks.chunks) * chunks.length, used),
    take(bytes) {
      filled += bytes.length;
      taken += 1;
      // The block before this one has to be through before its memory is used again.
      return taken % blocks.chunks === 0 ? writeBlock() : undefined;
    },
    async finish() {
      const before = filled > 0 ? writeBlock() : undefined;
      const results = await Promise.allSettled([before, writing, flushing]);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
    async close() {
      await Promise.allSettled([writing, flushing]);
    },
  };
}
