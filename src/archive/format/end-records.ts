// Finds candidates for the end record: those whose comment would reach exactly to the end of the input, and the last
// one, if only padding follows it. Readers differ in which of several candidates they use, so there must be exactly
// one.

import { joined } from '../pieces.ts';
import { END_LENGTH, viewOf } from './layout.ts';
import { invalid } from './refuse.ts';

/** Where the end record's signature comes first, from an index on; -1 where it does not. */
export function indexOfEnd(bytes: Uint8Array, from = 0): number {
  for (let i = bytes.indexOf(0x50, from); i !== -1; i = bytes.indexOf(0x50, i + 1)) {
    if (bytes[i + 1] === 0x4b && bytes[i + 2] === 5 && bytes[i + 3] === 6) return i;
  }
  return -1;
}

/** Each whole end record in these bytes: where it begins, and where its comment would end. */
function* endRecords(
  bytes: Uint8Array,
): Generator<{ readonly at: number; readonly end: number }, void> {
  const view = viewOf(bytes);
  for (let at = indexOfEnd(bytes); at !== -1; at = indexOfEnd(bytes, at + 1)) {
    if (at + END_LENGTH > bytes.length) return;
    yield { at, end: at + END_LENGTH + view.getUint16(at + 20, true) };
  }
}

/** The longest comment, or the most that may pad the end, or both together. */
export const MAX_AFTER_END = 0xffff;

/** NULs or line breaks after the end of a file come from media with fixed blocks and from transfers as text. */
export function isPadding(byte: number | undefined): boolean {
  return byte === 0 || byte === 0x0a || byte === 0x0d;
}

/** Where the padding at the end of these bytes begins. */
function paddingOf(bytes: Uint8Array): number {
  let at = bytes.length;
  while (at > 0 && isPadding(bytes[at - 1])) at--;
  return at;
}

const SEVERAL =
  'has more than one end record: no tool makes that by chance, make the archive again';

/** @param tail - The last bytes of the input, as many as an end record with its comment can take. */
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
      ? 'has no end record: it is no zip, or was cut short'
      : 'is cut short or continues after its end: fetch or make it again',
  );
}

export interface EndWatch {
  /** Takes note of the bytes that come next. */
  pass(bytes: Uint8Array): void;
  /** @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID` if more than one record fits at the end of the input. */
  check(): void;
}

/** The same for an input that is read forward. */
export function createEndWatch(): EndWatch {
  let offset = 0;
  let last: Uint8Array = new Uint8Array(0);
  // The ends of comments that have not ended yet. No comment is longer than 64 KiB, so there are few.
  let ends: number[] = [];
  let lastEnd = 0;
  return {
    pass(bytes) {
      const window = joined([last, bytes]);
      const start = offset - last.length;
      offset += bytes.length;
      for (const { end } of endRecords(window)) {
        lastEnd = start + end;
        ends.push(lastEnd);
      }
      ends = ends.filter((end) => end >= offset);
      last = window.slice(Math.max(0, window.length - END_LENGTH + 1));
    },
    check() {
      // The last one is the one that was read, whether its comment or padding follows it.
      const fitting = ends.filter((end) => end === offset).length;
      if (fitting > (lastEnd === offset ? 1 : 0)) throw invalid(SEVERAL);
    },
  };
}
