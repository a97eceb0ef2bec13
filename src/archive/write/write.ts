// Writes archives reproducibly: the same files give the same bytes on every machine at any time.

import type { WorkOptions } from '../../options.ts';
import { untilAborted } from '../../turn.ts';
import { crc32 } from '../format/crc32.ts';
import {
  encodeCentral,
  encodeDescriptor,
  encodeEnd,
  encodeLocal,
  type Written,
} from '../format/encode.ts';
import { createEndWatch } from '../format/end-records.ts';
import { DEFLATED, STORED } from '../format/layout.ts';
import { createMeter, type Limits, toWriter } from '../format/limits.ts';
import { createPace, type Pace } from '../pace.ts';
import { joined, lengthOf } from '../pieces.ts';
import {
  dropContents,
  givenIn,
  openContent,
  type Planned,
  planEntries,
  totalSize,
  type ZipEntries,
} from './content.ts';
import { createDeflater, deflateWhole, type Level, PIECE_LENGTH } from './deflate.ts';

// Content up to this length is buffered until the smaller form is known, and its sizes precede it. Larger content is
// deflated while it arrives, and its sizes follow it. The limit is a length of content, not of memory or deflated
// data, so the result does not depend on the form of the input.
const HELD_LENGTH = 8 * 2 ** 20;
// Content up to here is deflated in one go, which makes it smallest.
const WHOLE_LENGTH = 4 * PIECE_LENGTH;

export interface WriteOptions extends WorkOptions {
  readonly level: Level;
  readonly limits: Limits;
}

/** Gives the archive in pieces of any size. It does not finish an archive that readers would refuse. */
export async function* writeZip(
  entries: ZipEntries,
  options: WriteOptions,
): AsyncGenerator<Uint8Array, void> {
  const ends = createEndWatch();
  for await (const part of writeParts(entries, options)) {
    ends.pass(part);
    yield part;
  }
  ends.check();
}

async function* writeParts(
  entries: ZipEntries,
  { level, limits, signal, onProgress }: WriteOptions,
): AsyncGenerator<Uint8Array, void> {
  const files: Planned[] = [];
  let isPlanned = false;
  let opened = 0;
  let reason: unknown = new DOMException('the archive was given up by its reader', 'AbortError');
  const pace = createPace(signal);
  try {
    signal?.throwIfAborted();
    await untilAborted(planEntries(entries, files, limits, signal), signal);
    isPlanned = true;
    const progress = progressOf(totalSize(files), onProgress);
    const directory: Uint8Array[] = [];
    const count = createMeter(limits, toWriter);
    let offset = 0;
    for (const file of files) {
      opened++;
      const reader = await openContent(file, signal);
      const take = async () => progress.count(await reader.take(PIECE_LENGTH, signal));
      let written: Written;
      let failure: unknown = reason;
      const start = offset;
      try {
        const parts = writeFile(file, take, level, { count, pace });
        let next = await parts.next();
        for (; !next.done; next = await parts.next()) {
          offset += next.value.length;
          yield next.value;
        }
        written = next.value;
        failure = undefined;
      } catch (error) {
        failure = error;
        throw error;
      } finally {
        await reader.close(failure);
      }
      directory.push(encodeCentral(written, start));
    }
    const size = lengthOf(directory);
    yield* directory;
    yield encodeEnd({ count: files.length, offset, size });
    progress.end();
  } catch (error) {
    reason = error;
    throw error;
  } finally {
    dropContents(isPlanned ? files.slice(opened) : [...files, ...givenIn(entries)], reason);
  }
}

type Take = () => Promise<Uint8Array>;

/** What holds the work to its bounds. */
interface Held {
  readonly count: ReturnType<typeof createMeter>;
  readonly pace: Pace;
}

/** One file: header, data and, where it is large, descriptor. */
async function* writeFile(
  { path, name }: Planned,
  take: Take,
  level: Level,
  { count, pace }: Held,
): AsyncGenerator<Uint8Array, Written> {
  const held: Uint8Array[] = [];
  let size = 0;
  let crc = 0;
  const next = async (): Promise<Uint8Array | undefined> => {
    const piece = await take();
    await pace();
    size += piece.length;
    count({ path, by: piece.length, size, compressedSize: undefined });
    crc = crc32(piece, crc);
    return piece.length === 0 ? undefined : piece;
  };
  let piece = await next();
  while (piece !== undefined && size <= HELD_LENGTH) {
    held.push(piece);
    piece = await next();
  }
  if (piece === undefined) {
    const deflated = await deflateHeld(held, size, level, pace);
    const file = {
      name,
      method: deflated === undefined ? STORED : DEFLATED,
      crc32: crc,
      compressedSize: deflated === undefined ? size : lengthOf(deflated),
      size,
      isDescribedLater: false,
    };
    yield encodeLocal(file);
    yield* deflated ?? held;
    return file;
  }

  const later = { name, method: DEFLATED, isDescribedLater: true };
  yield encodeLocal({ ...later, crc32: 0, compressedSize: 0, size: 0 });
  const deflater = createDeflater(level);
  let compressedSize = 0;
  const deflate = function* (parts: Uint8Array[]) {
    compressedSize += lengthOf(parts);
    yield* parts;
  };
  for (let part = held.shift(); part !== undefined; part = held.shift()) {
    yield* deflate(deflater.push(part));
    await pace();
  }
  for (; piece !== undefined; piece = await next()) yield* deflate(deflater.push(piece));
  yield* deflate(deflater.end());
  count({ path, by: 0, size, compressedSize });
  const file = { ...later, crc32: crc, compressedSize, size };
  yield encodeDescriptor(file);
  return file;
}

/** The content deflated; `undefined` where it is not smaller by that. */
async function deflateHeld(
  held: readonly Uint8Array[],
  size: number,
  level: Level,
  pace: Pace,
): Promise<Uint8Array[] | undefined> {
  if (level === 0) return undefined;
  if (size <= WHOLE_LENGTH) {
    const whole = deflateWhole(joined(held), level);
    return whole.length < size ? [whole] : undefined;
  }
  const deflater = createDeflater(level);
  const parts: Uint8Array[] = [];
  for (const piece of held) {
    parts.push(...deflater.push(piece));
    await pace();
  }
  parts.push(...deflater.end());
  return lengthOf(parts) < size ? parts : undefined;
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
