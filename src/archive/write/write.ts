// Writes archives reproducibly: the same files give the same bytes on every machine at any time.

import { lengthOf } from '../../bytes.ts';
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
import {
  type ContentReader,
  dropContents,
  givenIn,
  openContent,
  type Planned,
  planEntries,
  totalSize,
  type ZipEntries,
} from './content.ts';
import { type Cutter, createCutter, DEFLATE_PIECE, type Level, type Piece } from './deflate.ts';
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
        await hold(next, work);
        if (next.isLeftOut) reading.pop();
      }
      if (reading.length === 0) break;
      const next = reading[0] as Reading;
      const start = offset;
      const parts = write(next, work);
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
    for (const each of reading) await closeReading(each, reason);
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

/**
 * A file whose content is being read and deflated. It has neither getters nor generator functions of its own: V8 makes
 * a map for each, which keeps everything about the file in memory until the old generation is collected.
 */
interface Reading {
  readonly path: string;
  readonly name: Uint8Array;
  readonly reader: ContentReader;
  readonly cutter: Cutter;
  /** The pieces that were read and not written. */
  readonly held: { readonly piece: Piece; readonly deflated: Promise<Uint8Array> | undefined }[];
  /** Number of bytes read so far. */
  size: number;
  /** CRC-32 of the pieces so far. */
  crc: number;
  /** Whether the file was read to its end. */
  isWhole: boolean;
  /** Whether the archive leaves the file out. Known after `hold`. */
  isLeftOut: boolean;
}

async function openReading(file: Planned, { memory, signal }: Work): Promise<Reading> {
  const { path } = file;
  const reader = await openContent(file, signal);
  return {
    path,
    name: encodeText(path),
    reader,
    cutter: createCutter(reader.isPrivate, memory),
    held: [],
    size: 0,
    crc: 0,
    isWhole: false,
    isLeftOut: false,
  };
}

async function closeReading({ isWhole, reader }: Reading, reason: unknown): Promise<void> {
  if (!isWhole) await reader.close(reason);
}

/** Reads on and returns the next whole piece. */
async function nextPiece(file: Reading, work: Work): Promise<Piece | undefined> {
  const { path, reader, cutter } = file;
  const { signal, pace, count, progress } = work;
  const bytes = progress.count(await reader.take(TAKE_LENGTH, signal));
  await pace();
  file.size += bytes.length;
  count({ path, by: bytes.length, size: file.size, compressedSize: undefined });
  if (bytes.length > 0) return cutter.push(bytes);
  file.isWhole = true;
  file.isLeftOut = reader.isLeftOut === true;
  await reader.close(undefined);
  return file.isLeftOut ? undefined : cutter.end();
}

/** Reads until a piece is whole and starts to deflate it. */
async function readOn(file: Reading, work: Work): Promise<void> {
  const piece = await nextPiece(file, work);
  if (piece === undefined) return;
  file.crc = crc32(piece.bytes.subarray(piece.window), file.crc);
  // Level 0 stores small content, so deflating it first would be wasted work.
  const isDeflated = work.level > 0 || file.size > HELD_LENGTH;
  file.held.push({ piece, deflated: isDeflated ? work.queue.deflate(piece) : undefined });
}

/** Reads up to HELD_LENGTH bytes. */
async function hold(file: Reading, work: Work): Promise<void> {
  while (!file.isWhole && file.size <= HELD_LENGTH) await readOn(file, work);
}

/** Yields the header, the data and, for a large file, the descriptor. */
function write(file: Reading, work: Work): AsyncGenerator<Uint8Array, WrittenEntry> {
  return file.isWhole && file.size <= HELD_LENGTH ? writeHeld(file, work) : writeLarge(file, work);
}

async function* writeHeld(
  { name, held, size, crc }: Reading,
  { memory, signal }: Work,
): AsyncGenerator<Uint8Array, WrittenEntry> {
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

async function* writeLarge(file: Reading, work: Work): AsyncGenerator<Uint8Array, WrittenEntry> {
  const { path, name, held } = file;
  const { queue, memory, signal, count } = work;
  const later = { name, method: DEFLATED, isDescribedLater: true };
  yield encodeLocal({ ...later, crc32: 0, compressedSize: 0, size: 0 });
  let compressedSize = 0;
  while (!file.isWhole || held.length > 0) {
    while (!file.isWhole && held.length < AHEAD_LENGTH / DEFLATE_PIECE) await readOn(file, work);
    const first = held.shift();
    if (first === undefined) continue;
    const part = await untilAborted(first.deflated ?? queue.deflate(first.piece), signal);
    compressedSize += part.length;
    yield part;
    memory.giveBack(part);
    memory.giveBack(first.piece.bytes);
  }
  const { size, crc } = file;
  count({ path, by: 0, size, compressedSize });
  const written = { ...later, crc32: crc, compressedSize, size };
  yield encodeDescriptor(written);
  return written;
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
