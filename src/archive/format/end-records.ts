// Finds the end of central directory record (APPNOTE 4.3.16). Candidates are each record whose comment reaches exactly to
// the end of the input, and the last record if only padding follows it. Readers choose differently among several
// candidates, so an archive must have exactly one.

import { joined } from '../../bytes.ts';
import { END_LENGTH, viewOf } from './layout.ts';
import { invalid } from './refuse.ts';

/** Returns the position of the first signature of an end record from an index on, or -1. */
export function indexOfEnd(bytes: Uint8Array, from = 0): number {
  for (let i = bytes.indexOf(0x50, from); i !== -1; i = bytes.indexOf(0x50, i + 1)) {
    if (bytes[i + 1] === 0x4b && bytes[i + 2] === 5 && bytes[i + 3] === 6) return i;
  }
  return -1;
}

/** Yields the start of each whole end record in these bytes, and where its comment would end. */
function* endRecords(
  bytes: Uint8Array,
): Generator<{ readonly at: number; readonly end: number }, void> {
  const view = viewOf(bytes);
  for (let at = indexOfEnd(bytes); at !== -1; at = indexOfEnd(bytes, at + 1)) {
    if (at + END_LENGTH > bytes.length) return;
    yield { at, end: at + END_LENGTH + view.getUint16(at + 20, true) };
  }
}

/** The most bytes of comment and padding together after the end record. */
export const MAX_AFTER_END = 0xffff;

/**
 * Whether a byte after the end is padding. Media with fixed blocks append NULs, and transfers as text append line
 * breaks.
 */
export function isPadding(byte: number | undefined): boolean {
  return byte === 0 || byte === 0x0a || byte === 0x0d;
}

/** Returns where the padding at the end of these bytes begins. */
function paddingOf(bytes: Uint8Array): number {
  let at = bytes.length;
  while (at > 0 && isPadding(bytes[at - 1])) at--;
  return at;
}

const SEVERAL =
  'has more than one end record, which only a manipulated archive has: make the archive again';

/**
 * Returns the start of the end record in the last bytes of an input.
 *
 * @param tail - As many bytes as the longest end record with its comment has, or the whole input.
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID` if there is no end record, or more than one.
 */
export function findEnd(tail: Uint8Array): number {
  const records = [...endRecords(tail)];
  const last = records[records.length - 1];
  const isPadded = last !== undefined && last.end < tail.length && last.end >= paddingOf(tail);
  const fitting = records.filter(
    (record) => record.end === tail.length || (isPadded && record === last),
  );
  if (fitting.length > 1) throw invalid(SEVERAL);
  const [record] = fitting;
  if (record !== undefined) return record.at;
  throw invalid(
    indexOfEnd(tail) === -1
      ? 'has no end record: it is not a zip, or was cut short'
      : 'is cut short or continues after its end: fetch or make it again',
  );
}

/** Finds end records in an input that is read forward. */
export interface EndWatch {
  /** Searches the next bytes of the input. */
  pass(bytes: Uint8Array): void;
  /** @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID` if more than one record fits at the end of the input. */
  check(): void;
}

/** Makes the check of {@link findEnd} for an input that is read forward. */
export function createEndWatch(): EndWatch {
  let offset = 0;
  let last: Uint8Array = new Uint8Array(0);
  // Ends of comments that the input has not reached yet. No comment is longer than 64 KiB, so there are few.
  let ends: number[] = [];
  let lastEnd = 0;
  const found = (end: number) => {
    lastEnd = end;
    ends.push(end);
  };
  return {
    pass(bytes) {
      // Searches the end of the earlier bytes with the beginning of these, and then these. A copy of both together
      // would double the memory of an archive that is being made.
      const seam = joined([last, bytes.subarray(0, END_LENGTH - 1)]);
      for (const { at, end } of endRecords(seam)) {
        if (at < last.length) found(offset - last.length + end);
      }
      for (const { end } of endRecords(bytes)) found(offset + end);
      offset += bytes.length;
      ends = ends.filter((end) => end >= offset);
      const isLong = bytes.length >= END_LENGTH - 1;
      // Not by `slice`, which returns a view of a Buffer.
      last = new Uint8Array((isLong ? bytes : seam).subarray(1 - END_LENGTH));
    },
    check() {
      // The last record is the one that was read, also if padding follows it.
      const fitting = ends.filter((end) => end === offset).length;
      if (fitting > (lastEnd === offset ? 1 : 0)) throw invalid(SEVERAL);
    },
  };
}
