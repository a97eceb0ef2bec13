// Reads chunks from a file, one block ahead of the loop, and writes chunks to a file, one block behind it, through
// reused buffers. A block has several chunks, because a system call in another thread takes half as long as the
// cryptography of a chunk.

import type { Backend } from '../backend/backend.ts';
import { PAGE } from '../backend/node-memory.ts';
import type { ChunkSink, ChunkSource } from '../bundle/chunk-loop.ts';
import { handledElsewhere } from '../turn.ts';
import type { InputFile } from './input-file.ts';
import type { OutputFile } from './output-file.ts';

export interface FileChunks {
  readonly backend: Backend;
  readonly count: number;
  /** Length of a chunk in bytes. The last one may be shorter. */
  readonly length: number;
  /** Number of chunks in progress at once. */
  readonly inFlight: number;
  /** Offset of the first chunk in the file. The others follow without a gap. */
  readonly start: number;
  /** Offset of the end of the last chunk in the file. */
  readonly end: number;
}

/** Close it before the file: blocks that are read ahead still arrive in the buffers. */
export interface FileChunkSource extends ChunkSource {
  close(): Promise<void>;
}

/** A sink that still has to write its last blocks when the loop ends. */
export interface FileChunkSink extends ChunkSink {
  /** Writes the last blocks and waits for all writes. */
  finish(): Promise<void>;
  /**
   * Waits until the writes in progress have ended, also after an error. Call it before you close the file.
   */
  close(): Promise<void>;
}

const BLOCK_LENGTH = 4 * 2 ** 20;

// In addition to the blocks of the chunks in progress: one that is read or written at the same time, and one for
// chunks that begin and end within a block.
const MORE_BLOCKS = 2;

// A system call that reads into memory at the start of a page can take five times as long as one that reads into
// memory just after it.
const OFF_PAGE = 64;

// Number of bytes after which a flush starts, so that the last flush has little left to do.
const FLUSH_LENGTH = 64 * 2 ** 20;

// From this size on, a file uses shared memory, and its output bypasses the page cache.
const LARGE = 32 * 2 ** 20;

/**
 * Computes the places of chunks in blocks, and allocates memory for the blocks in use. Each block begins at a page.
 */
function blocksOf({ backend, count, length, inFlight, start, end }: FileChunks) {
  const chunks = Math.max(1, Math.floor(BLOCK_LENGTH / Math.max(1, length)));
  const inUse = Math.ceil(inFlight / chunks) + MORE_BLOCKS;
  const number = Math.min(inUse, Math.ceil(count / chunks));
  // The data of a block may begin anywhere in its first page.
  const stride = PAGE * (1 + Math.ceil((Math.min(count, chunks) * length) / PAGE));
  const shared = end - start >= LARGE ? backend.allocateShared?.(number * stride, true) : undefined;
  const memory = shared ?? new ArrayBuffer(number * stride);
  return {
    /** Number of chunks in a block. */
    chunks,
    isShared: shared !== undefined,
    /** Offset of a block in the file. */
    startOf: (index: number): number => start + index * chunks * length,
    /**
     * Returns the memory of a block from `offset` on. Block `index - number` used the same memory.
     */
    room: (index: number, offset: number, used: number): Uint8Array =>
      new Uint8Array(memory, (index % number) * stride + offset, used),
    /** Wipes the memory, so that no plain bytes remain in it. */
    wipe: () => void new Uint8Array(memory).fill(0),
  };
}

export function fileChunkSource(file: InputFile, chunks: FileChunks): FileChunkSource {
  const { count, length, inFlight, end } = chunks;
  const blocks = blocksOf(chunks);
  const blockCount = Math.ceil(count / blocks.chunks);
  const reads: Promise<Uint8Array>[] = [];
  let nextBlock = 0;
  let isClosed = false;

  const readNext = () => {
    const from = blocks.startOf(nextBlock);
    const to = Math.min(end, blocks.startOf(nextBlock + 1));
    const read = file.readInto(blocks.room(nextBlock, OFF_PAGE, to - from), from);
    // Another error may end the loop before this promise is awaited.
    handledElsewhere(read);
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
      blocks.wipe();
    },
  };
}

export async function fileChunkSink(file: OutputFile, chunks: FileChunks): Promise<FileChunkSink> {
  const blocks = blocksOf(chunks);
  const isDirect = blocks.isShared && (await file.goDirect());
  // A block has the same offset in its pages of memory as in the pages of the file, because direct I/O writes whole
  // pages only.
  const offsetOf = (block: number) => blocks.startOf(block) % PAGE;
  let flushed = chunks.start;
  let taken = 0;
  /** Number of bytes in the current block. */
  let filled = 0;
  let writing: Promise<void> | undefined;
  let flushing: Promise<void> | undefined;

  function writeBlock(isLast: boolean): Promise<void> | undefined {
    const before = writing;
    const block = Math.floor((taken - 1) / blocks.chunks);
    const from = blocks.startOf(block) - offsetOf(block);
    const used = offsetOf(block) + filled;
    // The last page is incomplete. It is written together with the next block, which continues in it.
    const begun = isLast ? 0 : used % PAGE;
    if (begun > 0) blocks.room(block + 1, 0, begun).set(blocks.room(block, used - begun, begun));
    writing = file.write(blocks.room(block, 0, used - begun), from);
    // Another error may end the loop before this promise is awaited.
    handledElsewhere(writing);
    filled = 0;
    const isDue = from + used - flushed >= FLUSH_LENGTH;
    if (!isDirect && isDue && flushing === undefined) flush(from + used);
    return before;
  }
  function flush(at: number): void {
    flushed = at;
    flushing = file.flush().finally(() => {
      flushing = undefined;
    });
    handledElsewhere(flushing);
  }
  return {
    room(index, used) {
      const block = Math.floor(index / blocks.chunks);
      return blocks.room(block, offsetOf(block) + (index % blocks.chunks) * chunks.length, used);
    },
    take(bytes) {
      filled += bytes.length;
      taken += 1;
      // The previous block has to be written before its memory is used again.
      return taken % blocks.chunks === 0 ? writeBlock(taken === chunks.count) : undefined;
    },
    async finish() {
      const before = filled > 0 ? writeBlock(true) : undefined;
      const results = await Promise.allSettled([before, writing, flushing]);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
    async close() {
      await Promise.allSettled([writing, flushing]);
      blocks.wipe();
    },
  };
}
