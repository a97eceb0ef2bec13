// The three readers of zips, each run with every inflater that this runtime has.

import { expect } from 'vitest';
import { BundleSealError } from '../../src/errors.ts';
import { findInflaters, withInflater } from './inflaters.ts';
import { everyNth } from './scope.ts';
import { type Reader, same, viaBundle, viaRanges, viaStream } from './zip.ts';

const INFLATERS = await findInflaters();

interface Outcome {
  readonly files?: Map<string, Uint8Array>;
  readonly error?: unknown;
}

/** Runs a reader with each of these inflaters. All of them have to give the same result. */
function withEach(read: Reader, inflaters: readonly string[] = INFLATERS): Reader {
  return async (zip, limits) => {
    let first: Outcome | undefined;
    for (const name of inflaters) {
      const outcome = await withInflater(name, () => settled(read(zip, limits)));
      first ??= outcome;
      expect(verdictOf(outcome), name).toEqual(verdictOf(first));
      for (const [path, bytes] of outcome.files ?? []) {
        expect(same(first.files?.get(path), bytes), `${path} by ${name}`).toBe(true);
      }
    }
    if (first?.files === undefined) throw first?.error;
    return first.files;
  };
}

const settled = (work: ReturnType<Reader>): Promise<Outcome> =>
  work.then(
    (files) => ({ files }),
    (error: unknown) => ({ error }),
  );

function verdictOf({ files, error }: Outcome): unknown {
  if (files !== undefined) return [...files.keys()];
  if (!(error instanceof BundleSealError)) return error;
  const { code, path, limit } = error;
  return { code, path, limit };
}

const WAYS: readonly [name: string, read: Reader][] = [
  ['unzipBundle', viaBundle],
  ['unzipStream', viaStream],
  ['openZip', viaRanges],
];

export const READERS: readonly [name: string, read: Reader][] = WAYS.map(([name, read]) => [
  name,
  withEach(read),
]);

/**
 * For archives that take long to read: each reader with another inflater, so that each inflater is used. The long run
 * takes each reader with all inflaters.
 */
export const READERS_OF_LARGE: readonly [name: string, read: Reader][] = WAYS.map(
  ([name, read], i) => [name, withEach(read, everyNth(INFLATERS, INFLATERS.length, i))],
);
