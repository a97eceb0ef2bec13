// End records by their looks: those whose comment would reach exactly to the end of the input. Readers differ in
// which of several they take, so there may be one only.

import { END_LENGTH, viewOf } from './layout.ts';
import { joined } from './pieces.ts';
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

const SEVERAL = 'has more than one end record: no tool makes that by chance';

/** @param tail - The last bytes of the input, as many as an end record with its comment can take. */
export function findEnd(tail: Uint8Array): number {
  const fitting = [...endRecords(tail)].filter(({ end }) => end === tail.length);
  if (fitting.length > 1) throw invalid(SEVERAL);
  const [record] = fitting;
  if (record !== undefined) return record.at;
  throw invalid(
    indexOfEnd(tail) === -1
      ? 'has no end record: it is no zip, or was cut short'
      : 'is cut short or goes on after its end: fetch or make it again',
  );
}

export interface EndWatch {
  /** Takes note of the bytes that come next. */
  pass(bytes: Uint8Array): void;
  /** @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID`: more than one record fits, now that all has come. */
  check(): void;
}

/** The same for an input that is read forward. */
export function createEndWatch(): EndWatch {
  let offset = 0;
  let last: Uint8Array = new Uint8Array(0);
  // Where comments would end that have not ended yet: none is longer than 64 KiB, so there are not many.
  let ends: number[] = [];
  return {
    pass(bytes) {
      const window = joined([last, bytes]);
      const start = offset - last.length;
      offset += bytes.length;
      for (const { end } of endRecords(window)) ends.push(start + end);
      ends = ends.filter((end) => end >= offset);
      last = window.slice(Math.max(0, window.length - END_LENGTH + 1));
    },
    check() {
      if (ends.filter((end) => end === offset).length > 1) throw invalid(SEVERAL);
    },
  };
}
