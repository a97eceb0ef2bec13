// Writes archives reproducibly: the same files give the same bytes on every machine at any time.

import type { WorkOptions } from '../../options.ts';
import { onAbort } from '../../signals.ts';
import { createPace, type Pace, untilAborted } from '../../turn.ts';
import { encodeText } from '../../utf8.ts';
import { crc32 } from '../format/crc32.ts';
import {
  encodeCentral,
  encodeDescriptor,
  encodeEnd,
  encodeLocal,
  type WrittenEntry,
} from '../format/encode.ts';
import { createEndWatch } from '../format/end-records.ts';
import { DEFLATED, STORED } from '../format/layout.ts';
import { createMeter, type Limits, toWriter } from '../format/zip-limits.ts';
import { lengthOf } from '../pieces.ts';
import {
  dropContents,
  givenIn,
  openContent,
  type Planned,
  planEntries,
  totalSize,
  type ZipEntries,
} from './content.ts';
import { createCutter, type Level, PIECE_LENGTH, type Piece } from './deflate.ts';
import { createDeflateQueue, type DeflateQueue } from './deflate-queue.ts';
import { type Memory, newMemory } from './memory.ts';

// Content up to this length is buffered until it is known whether the stored or the deflated form is smaller, and its
// sizes precede it. Larger content is deflated while it arrives, and its sizes follow it. The limit counts content,
// not memory or deflated data, so the result does not depend on the form of the input.
const HELD_LENGTH = 8 * 2 ** 20;

// Bytes of content that are read ahead of the output, so that all threads have work. Up to HELD_LENGTH more may be
// read, because a small file is read to its end.
const AHEAD_LENGTH = 4 * 2 ** 20;
// The most files that are read ahead. More files would outlive more collections of garbage.
const AHEAD_FILES = 64;

// Bytes of records of the directory in one piece of memory. The longest record has 1,098.
const DIRECTORY_BLOCK = 65_536;

// Number of content bytes to read at once.
const TAKE_LENGTH = 65_536;

export interface WriteOptions extends WorkOptions {
  readonly level: Level;
  readonly limits: Limits;
  /** The most threads that may be started. The bytes are the same with any number. */
  readonly threads: number;
  /** Lends the memory of the parts. Contents may be loans of it. Default: new memory. */
  readonly memory?: Memory;
}

/**
 * Yields the same pieces of an archive. Throws after the last one if readers would refuse the archive.
 */
export async function* checkEnds(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const ends = createEndWatch();
  for await (const piece of pieces) {
    ends.pass(piece);
    yield piece;
  }
  ends.check();
}

/**
 * Yields the archive in pieces of any size, for {@link checkEnds}. With a memory, a piece is valid until the next one is
 * requested.
 */
export async function* writeZip(
  entries: ZipEntries,
  { level, limits, threads, memory = newMemory, signal, onProgress }: WriteOptions,
): AsyncGenerator<Uint8Array, void> {
  const files: Planned[] = [];
  let isPlanned = false;
  let opened = 0;
  let reason: unknown = new DOMException('the archive was given up by its reader', 'AbortError');
  const pace = createPace(signal);
  const queue = createDeflateQueue(level, threads, pace, memory);
  let isDone = false;
  const reading: Reading[] = [];
  // Keeps one listener on the signal, because adding the first listener takes longer than adding further ones.
  const letGo = signal && onAbort(signal, () => {});
  try {
    signal?.throwIfAborted();
    await untilAborted(planEntries(entries, files, limits, signal), signal);
    isPlanned = true;
    const total = totalSize(files);
    queue.expect(total);
    const progress = progressOf(total, onProgress);
    const count = createMeter(limits, toWriter);
    const work = { level, queue, memory, signal, pace, count, progress };
    const directory = createDirectory();
    let offset = 0;
    while (opened < files.length || reading.length > 0) {
      while (opened < files.length && canReadAhead(reading)) {
        const file = files[opened++] as Planned;
        const next = await openReading(file, work);
        reading.push(next);
        await next.hold();
        if (next.isLeftOut) reading.pop();
      }
      if (reading.length === 0) break;
      const next = reading[0] as Reading;
      const start = offset;
      const parts = next.write();
      let part = await parts.next();
      for (; !part.done; part = await parts.next()) {
        offset += part.value.length;
        yield part.value;
      }
      reading.shift();
      directory.add(encodeCentral(part.value, start));
    }
    yield* directory.blocks();
    yield encodeEnd({ count: directory.count, offset, size: directory.size });
    isDone = true;
    progress.end();
  } catch (error) {
    reason = error;
    throw error;
  } finally {
    letGo?.();
    queue.end(isDone);
    for (const each of reading) await each.close(reason);
    dropContents(isPlanned ? files.slice(opened) : [...files, ...givenIn(entries)], reason);
  }
}

/** Whether another file may be read while these files wait to be written. */
function canReadAhead(reading: readonly Reading[]): boolean {
  if (reading.length === AHEAD_FILES || reading.at(-1)?.isWhole === false) return false;
  return reading.reduce((sum, { size }) => sum + size, 0) < AHEAD_LENGTH;
}

interface Work {
  readonly level: Level;
  readonly queue: DeflateQueue;
  readonly memory: Memory;
  readonly signal: AbortSignal | undefined;
  readonly pace: Pace;
  readonly count: ReturnType<typeof createMeter>;
  readonly progress: ReturnType<typeof progressOf>;
}

/** A file whose content is being read and deflated. */
interface Reading {
  /** Number of bytes read so far. */
  readonly size: number;
  /** Whether the file was read to its end. */
  readonly isWhole: boolean;
  /** Whether the archive leaves the file out. Known after `hold`. */
  readonly isLeftOut: boolean;
  /** Reads up to HELD_LENGTH bytes. */
  hold(): Promise<void>;
  /** Yields the header, the data and, for a large file, the descriptor. */
  write(): AsyncGenerator<Uint8Array, WrittenEntry>;
  close(reason: unknown): Promise<void>;
}

async function openReading(
  file: Planned,
  { level, queue, memory, signal, pace, count, progress }: Work,
): Promise<Reading> {
  const { path } = file;
  const name = encodeText(path);
  const reader = await openContent(file, signal);
  const cutter = createCutter(reader.isPrivate, memory);
  const held: { readonly piece: Piece; readonly deflated: Promise<Uint8Array> | undefined }[] = [];
  let size = 0;
  let crc = 0;
  let isWhole = false;

  /** Reads on and returns the next whole piece. */
  async function next(): Promise<Piece | undefined> {
    const bytes = progress.count(await reader.take(TAKE_LENGTH, signal));
    await pace();
    size += bytes.length;
    count({ path, by: bytes.length, size, compressedSize: undefined });
    if (bytes.length > 0) return cutter.push(bytes);
    isWhole = true;
    await reader.close(undefined);
    return reader.isLeftOut === true ? undefined : cutter.end();
  }

  /**
   * Reads until a piece is whole and starts to deflate it. Stops after `limit` bytes of the file.
   */
  async function read(limit: number): Promise<void> {
    while (!isWhole && size <= limit) {
      const piece = await next();
      if (piece === undefined) continue;
      crc = crc32(piece.bytes.subarray(piece.window), crc);
      // Level 0 stores small content, so deflating it first would be wasted work.
      const isDeflated = level > 0 || size > HELD_LENGTH;
      held.push({ piece, deflated: isDeflated ? queue.deflate(piece) : undefined });
      if (limit === Number.POSITIVE_INFINITY) return;
    }
  }

  async function* writeHeld(): AsyncGenerator<Uint8Array, WrittenEntry> {
    const parts: Uint8Array[] = [];
    for (const { deflated } of held) {
      if (deflated !== undefined) parts.push(await untilAborted(deflated, signal));
    }
    const compressed = lengthOf(parts);
    const isDeflated = parts.length > 0 && compressed < size;
    const written = {
      name,
      method: isDeflated ? DEFLATED : STORED,
      crc32: crc,
      compressedSize: isDeflated ? compressed : size,
      size,
      isDescribedLater: false,
    };
    yield encodeLocal(written);
    if (isDeflated) yield* parts;
    else for (const { piece } of held) yield piece.bytes.subarray(piece.window);
    // All pieces are deflated, and the reader of the archive has copied what it got.
    for (const part of parts) memory.giveBack(part);
    for (const { piece } of held) memory.giveBack(piece.bytes);
    return written;
  }

  async function* writeLarge(): AsyncGenerator<Uint8Array, WrittenEntry> {
    const later = { name, method: DEFLATED, isDescribedLater: true };
    yield encodeLocal({ ...later, crc32: 0, compressedSize: 0, size: 0 });
    let compressedSize = 0;
    while (!isWhole || held.length > 0) {
      while (!isWhole && held.length < AHEAD_LENGTH / PIECE_LENGTH) {
        await read(Number.POSITIVE_INFINITY);
      }
      const first = held.shift();
      if (first === undefined) continue;
      const part = await untilAborted(first.deflated ?? queue.deflate(first.piece), signal);
      compressedSize += part.length;
      yield part;
      memory.giveBack(part);
      memory.giveBack(first.piece.bytes);
    }
    count({ path, by: 0, size, compressedSize });
    const written = { ...later, crc32: crc, compressedSize, size };
    yield encodeDescriptor(written);
    return written;
  }

  return {
    get size() {
      return size;
    },
    get isWhole() {
      return isWhole;
    },
    get isLeftOut() {
      return reader.isLeftOut === true;
    },
    hold: () => read(HELD_LENGTH),
    write: () => (isWhole && size <= HELD_LENGTH ? writeHeld() : writeLarge()),
    close: async (reason) => {
      if (!isWhole) await reader.close(reason);
    },
  };
}

/**
 * The records of the central directory. They are kept in blocks, because a `Uint8Array` for each record would take four
 * times their memory.
 */
function createDirectory() {
  const blocks: Uint8Array[] = [];
  let block: Uint8Array = new Uint8Array(0);
  let used = 0;
  let count = 0;
  let size = 0;
  const end = () => {
    if (used > 0) blocks.push(block.subarray(0, used));
    used = 0;
  };
  return {
    add(record: Uint8Array): void {
      if (used + record.length > block.length) {
        end();
        block = new Uint8Array(DIRECTORY_BLOCK);
      }
      block.set(record, used);
      used += record.length;
      size += record.length;
      count += 1;
    },
    get count() {
      return count;
    },
    /** In bytes. */
    get size() {
      return size;
    },
    blocks(): readonly Uint8Array[] {
      end();
      return blocks;
    },
  };
}

function progressOf(total: number, tell: WorkOptions['onProgress']) {
  let done = 0;
  return {
    count(piece: Uint8Array): Uint8Array {
      done += piece.length;
      if (piece.length > 0 && done < total) tell?.({ done, total });
      return piece;
    },
    end: () => tell?.({ done, total: done }),
  };
}
