// Finds files of a new release that a patch copies as a whole from the old one. Their digests are known.

import type { ReleaseFile } from './files.ts';

// Shorter copies are not recorded: to hash a small file takes less time than to find its copy.
const SHORTEST = 4096;

type View = Pick<ReleaseFile, 'bytes'>;

interface Run {
  /** Place of the copy, and of the byte after it. */
  readonly start: number;
  end: number;
  /** From a copied byte back to its source. */
  readonly distance: number;
}

/** The places of all files are those in one address space: the old image, followed by the new one. */
export interface CopiedFiles {
  /** Records that the decoder made `length` bytes at `at` by a copy. The copies arrive in ascending order. */
  copied(source: number, at: number, length: number): void;
  /** Returns the digest of a new file if all its bytes are a copy of one old file, from its first byte to its last. */
  digestOf(file: View): Uint8Array | undefined;
}

/** @param digests - The digests of the old files. */
export function createCopiedFiles(
  older: readonly View[],
  digests: readonly Uint8Array[],
): CopiedFiles {
  const runs: Run[] = [];
  const known = new Map(older.map(({ bytes }, index) => [bytes.byteOffset, index]));
  return {
    copied(source, at, length) {
      if (length < SHORTEST) return;
      const last = runs[runs.length - 1];
      if (last !== undefined && last.end === at && last.distance === at - source) {
        last.end += length;
      } else {
        runs.push({ start: at, end: at + length, distance: at - source });
      }
    },
    digestOf({ bytes }) {
      const start = bytes.byteOffset;
      const run = runBefore(runs, start);
      if (run === undefined || start + bytes.length > run.end) return undefined;
      const index = known.get(start - run.distance);
      if (index === undefined || older[index]?.bytes.length !== bytes.length) return undefined;
      return digests[index];
    },
  };
}

/** Finds the last run that starts at or before a place. */
function runBefore(runs: readonly Run[], place: number): Run | undefined {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((runs[middle] as Run).start <= place) low = middle + 1;
    else high = middle;
  }
  return runs[low - 1];
}
