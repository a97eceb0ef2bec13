// Reads an archive with random access: first its central directory, then single entries.

import type { Source } from '../../sources/input.ts';
import type { Pace } from '../../turn.ts';
import { rangeCursor } from '../format/cursor.ts';
import {
  type CentralEntry,
  checkAgreement,
  isDescribedLater,
  type Measured,
  type Mend,
  withNames,
} from '../format/entry.ts';
import { DEFLATED, LOCAL_LENGTH, SIGNATURE, STORED } from '../format/layout.ts';
import { createPathSet } from '../format/paths.ts';
import { peekSignature, readLocal } from '../format/records.ts';
import { invalid } from '../format/refuse.ts';
import { createMeter, type Growth, type Limits } from '../format/zip-limits.ts';
import { findDirectory, readCentralDirectory } from './directory.ts';
import { descriptorLengths, extract } from './extract.ts';
import { checkDeflated } from './inflate.ts';

export interface ArchiveEntry extends CentralEntry {
  /** Offset of the next entry or of the directory. */
  readonly end: number;
}

/**
 * Reads the directory and makes all checks that need the directory only: see `checkHeader`, `checkCentral`,
 * `readCentralDirectory`, `createPathSet`; also for overlapping entries and sizes over the limits.
 *
 * @returns Files and folders in the directory's order.
 */
export async function readArchive(
  source: Source,
  limits: Limits,
  pace: Pace,
  signal: AbortSignal | undefined,
  mend?: Mend,
): Promise<readonly ArchiveEntry[]> {
  const cursor = await findDirectory(source, signal);
  const { offset } = cursor;
  const entries = await readCentralDirectory(cursor, limits, pace, mend);
  const paths = createPathSet();
  const meter = createMeter(limits);
  for (const entry of entries) {
    const { path, isFolder, size, compressedSize } = entry;
    const fault = paths.add(path, isFolder);
    if (fault !== undefined) throw invalid(fault, path);
    // Checks the claimed sizes first, so that an archive over the limits is refused at once. Inflating counts the
    // actual bytes.
    const isDeflated = entry.method === DEFLATED;
    meter({ path, by: size, size, compressedSize, deflated: isDeflated ? compressedSize : 0 });
    if (isDeflated) checkDeflated(path, entry);
    await pace();
  }
  return withEnds(entries, offset);
}

/**
 * Every byte before the directory must belong to exactly one entry, because only some readers would see other bytes.
 */
function withEnds(entries: readonly CentralEntry[], directory: number): readonly ArchiveEntry[] {
  // Adds the ends to the entries themselves, because a second object for each takes megabytes.
  const ended = entries as readonly (CentralEntry & { end: number })[];
  const byOffset = [...ended].sort((a, b) => a.offset - b.offset);
  byOffset.forEach((entry, index) => {
    const { path, offset, nameLength, compressedSize } = entry;
    if (index === 0 && offset !== 0) {
      throw invalid(
        `begins with ${offset} bytes that are part of no file: pass the zip without them`,
      );
    }
    const end = byOffset[index + 1]?.offset ?? directory;
    if (offset + LOCAL_LENGTH + nameLength + compressedSize > end) {
      throw invalid(
        'shares its bytes with another part of the archive, as bombs do: fetch or make the archive again',
        path,
        {
          offset,
        },
      );
    }
    entry.end = end;
  });
  if (entries.length === 0 && directory !== 0) {
    throw invalid(
      `begins with ${directory} bytes that are part of no file: pass the zip without them`,
    );
  }
  return ended;
}

/** Number of bytes of an archive to fetch at once for a content that is passed on while it is read. */
export const STREAM_PIECE: number = 2 ** 18;

export interface ReadEntry {
  readonly source: Source;
  readonly entry: ArchiveEntry;
  /** Number of bytes to fetch at once. */
  readonly piece: number;
  readonly meter: (growth: Growth) => void;
  readonly pace: Pace;
  readonly signal: AbortSignal | undefined;
}

export interface ReadContent extends Measured {
  /** Whether a forward reader can find the end of the data. */
  readonly isForward: boolean;
}

// In bytes: a data descriptor with signature and 64-bit sizes (APPNOTE 4.3.9).
const LONGEST_DESCRIPTOR = 24;

/**
 * Yields the content of an entry in pieces. Its local header must agree with the directory, and no bytes may lie
 * between the entry and the next one.
 */
export async function* contentOf(read: ReadEntry): AsyncGenerator<Uint8Array, ReadContent> {
  const { source, entry, piece, meter, pace, signal } = read;
  const { path, offset, end } = entry;
  const cursor = rangeCursor(source, { start: offset, end, piece }, signal);
  if ((await peekSignature(cursor)) !== SIGNATURE.local) {
    throw invalid('is not where the directory says: fetch or make the archive again', path, {
      offset,
    });
  }
  const local = await readLocal(cursor);
  checkAgreement(entry, withNames(local, path));
  const measured = yield* extract(cursor, entry, meter, pace);
  const left = end - cursor.offset;
  // Reads at most the length of a descriptor, because the gap may be as long as the source.
  const rest = left > LONGEST_DESCRIPTOR ? undefined : await cursor.peek(left);
  const isRight = isDescribedLater(entry)
    ? rest !== undefined && descriptorLengths(rest, measured).includes(left)
    : left === 0;
  if (!isRight) {
    throw invalid(
      'is followed by bytes that are part of no file: fetch or make the archive again',
      path,
      { offset: cursor.offset },
    );
  }
  const isForward =
    local.method !== STORED || measured.size === 0 || local.compressedSize === measured.size;
  return { ...measured, isForward };
}
