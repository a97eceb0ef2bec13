// Reads the central directory and the end records.

import type { Source } from '../../sources/input.ts';
import type { Pace } from '../../turn.ts';
import { type Cursor, createCursor } from '../format/cursor.ts';
import { findEnd, indexOfEnd, isPadding, MAX_AFTER_END } from '../format/end-records.ts';
import { type CentralEntry, checkCentral, type Mend, MULTI_DISK } from '../format/entry.ts';
import {
  COUNT_IN_ZIP64,
  END_LENGTH,
  END64_LENGTH,
  IN_ZIP64,
  LOCATOR64_LENGTH,
  SIGNATURE,
  viewOf,
} from '../format/layout.ts';
import {
  type EndRecord,
  parseEnd,
  parseEnd64,
  parseLocator64,
  peekExactly,
  peekSignature,
  readCentral,
} from '../format/records.ts';
import { invalid } from '../format/refuse.ts';
import { checkEntryCount, type Limits } from '../format/zip-limits.ts';

const ZIP64_LENGTH = END64_LENGTH + LOCATOR64_LENGTH;
// Number of bytes of the directory to fetch at once.
const DIRECTORY_PIECE = 2 ** 20;

const LIES = 'has an end record that contradicts its directory: fetch or make it again';

/**
 * Reads the directory from its first record to the last byte of the input. Compares the counts, sizes and offsets in
 * the end record with the actual ones.
 *
 * @param cursor - A cursor at the first record.
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID`, `ERR_LIMIT_EXCEEDED`.
 * @see APPNOTE 4.3.12 to 4.3.16
 */
export async function readCentralDirectory(
  cursor: Cursor,
  limits: Limits,
  pace: Pace,
  mend?: Mend,
): Promise<CentralEntry[]> {
  const offset = cursor.offset;
  const entries: CentralEntry[] = [];
  while ((await peekSignature(cursor)) === SIGNATURE.central) {
    const entry = checkCentral(await readCentral(cursor), mend);
    entries.push(entry);
    checkEntryCount(limits, entries.length, entry.path);
    await pace();
  }
  await readEnd(cursor, { offset, size: cursor.offset - offset, count: entries.length });
  return entries;
}

interface Found {
  readonly offset: number;
  readonly size: number;
  readonly count: number;
}

async function readEnd(cursor: Cursor, found: Found): Promise<void> {
  const hasZip64 = (await peekSignature(cursor)) === SIGNATURE.end64;
  if (hasZip64) await readZip64(cursor, found);
  if ((await peekSignature(cursor)) !== SIGNATURE.end) {
    throw invalid(
      'has other data in the place of its directory: fetch or make it again',
      undefined,
      {
        offset: cursor.offset,
      },
    );
  }
  const { commentLength, ...end } = parseEnd(await peekExactly(cursor, END_LENGTH));
  // A field of all ones refers to the Zip64 record, whose disks have been checked.
  if (end.disks.some((disk) => disk !== 0 && !(hasZip64 && disk === COUNT_IN_ZIP64))) {
    throw invalid(MULTI_DISK);
  }
  const holds = (value: number, is: number, full: number) =>
    value === is || (hasZip64 && value === full);
  if (
    !end.counts.every((count) => holds(count, found.count, COUNT_IN_ZIP64)) ||
    !holds(end.size, found.size, IN_ZIP64) ||
    !holds(end.offset, found.offset, IN_ZIP64)
  ) {
    throw invalid(LIES, undefined, { offset: cursor.offset });
  }
  cursor.skip(END_LENGTH);
  const comment = await peekExactly(cursor, commentLength);
  if (indexOfEnd(comment) !== -1) {
    throw invalid(
      'has a second end record in its comment, which only a manipulated archive has: make the archive again',
    );
  }
  cursor.skip(commentLength);
  await skipPadding(cursor, MAX_AFTER_END - commentLength);
}

async function skipPadding(cursor: Cursor, most: number): Promise<void> {
  let left = most;
  for (let bytes = await cursor.peek(1); bytes.length > 0; bytes = await cursor.peek(1)) {
    if (bytes.length > left || !bytes.every(isPadding)) {
      throw invalid('continues after its end: pass the zip without the appended bytes', undefined, {
        offset: cursor.offset,
      });
    }
    left -= bytes.length;
    cursor.skip(bytes.length);
  }
}

async function readZip64(cursor: Cursor, found: Found): Promise<void> {
  const { offset } = cursor;
  const bytes = await peekExactly(cursor, ZIP64_LENGTH);
  const end = parseEnd64(bytes);
  const locator = bytes.subarray(END64_LENGTH);
  const { disk, diskCount, offset: located } = parseLocator64(locator);
  if ([...end.disks, disk].some((number) => number !== 0) || diskCount > 1) {
    throw invalid(MULTI_DISK);
  }
  if (
    // A longer record belongs to a compressed or encrypted directory.
    end.length !== END64_LENGTH ||
    viewOf(locator).getUint32(0, true) !== SIGNATURE.locator64 ||
    located !== offset ||
    end.counts.some((count) => count !== found.count) ||
    end.size !== found.size ||
    end.offset !== found.offset
  ) {
    throw invalid(LIES, undefined, { offset });
  }
  cursor.skip(ZIP64_LENGTH);
}

/**
 * Finds the directory from the end of the input and returns a cursor at its first record. It checks nothing, because
 * `readCentralDirectory` does.
 *
 * The first read covers a directory in the last 64 KiB.
 */
export async function findDirectory(
  source: Source,
  signal: AbortSignal | undefined,
): Promise<Cursor> {
  const tailStart = Math.max(0, source.size - MAX_AFTER_END - END_LENGTH - ZIP64_LENGTH);
  const tail = await source.read(tailStart, source.size, signal);
  const at = findEnd(tail);
  const { offset, size, end } = locate(tail, at);
  const excess = tailStart + end - (offset + size);
  if (excess !== 0) {
    throw invalid(
      excess > 0
        ? `has ${excess} bytes that are part of no file, as a program in front of it (a self-extracting archive): pass the zip without them`
        : LIES,
      undefined,
      { offset: tailStart + at },
    );
  }
  let next = offset;
  return createCursor(async () => {
    const from = next;
    if (from >= tailStart) {
      next = source.size;
      return tail.subarray(from - tailStart);
    }
    next = Math.min(tailStart, from + DIRECTORY_PIECE);
    return source.read(from, next, signal);
  }, offset);
}

/**
 * Returns where the directory begins according to the end records, and where it ends in the tail.
 */
function locate(
  tail: Uint8Array,
  at: number,
): { readonly offset: number; readonly size: number; readonly end: number } {
  const record: EndRecord = parseEnd(tail.subarray(at, at + END_LENGTH));
  const start = at - ZIP64_LENGTH;
  const view = viewOf(tail);
  if (start < 0 || view.getUint32(at - LOCATOR64_LENGTH, true) !== SIGNATURE.locator64) {
    return { ...record, end: at };
  }
  if (view.getUint32(start, true) !== SIGNATURE.end64) throw invalid(LIES);
  return { ...parseEnd64(tail.subarray(start, start + END64_LENGTH)), end: start };
}
