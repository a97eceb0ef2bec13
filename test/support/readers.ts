// The three readers of zips, each run with every inflater that this runtime has.

import { expect } from 'vitest';
import { BundleSealError } from '../../src/errors.ts';
import { findInflaters, withInflater } from './inflaters.ts';
import { type Reader, same, viaBundle, viaRanges, viaStream } from './zip.ts';

const INFLATERS = await findInflaters();

interface Outcome {
  readonly files?: Map<string, Uint8Array>;
  readonly error?: unknown;
}

/** Runs a reader with each inflater. All of them have to give the same result. */
function withEach(read: Reader): Reader {
  return async (zip, limits) => {
    let first: Outcome | undefined;
    for (const name of INFLATERS) {
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

export const READERS: readonly [name: string, read: Reader][] = [
  ['unzipBundle', withEach(viaBundle)],
  ['unzipStream', withEach(viaStream)],
  ['openZip', withEach(viaRanges)],
];
