// Every input of the corpus that is a zip, and changes of them, with each inflater that this runtime has.

import { join } from 'node:path';
import { describe, it } from 'vitest';
import { BundleSealError } from '../../src/errors.ts';
import { READERS } from '../support/readers.ts';
import { readCorpus } from './corpus.ts';
import { createRandom, mutate } from './mutate.ts';
import { TARGETS, type Target } from './targets.ts';

const LIMITS = { maxEntries: 200, maxFileSize: 2 ** 20, maxTotalSize: 2 ** 21 };

describe.each(READERS)('%s', (_, read) => {
  it('has one verdict with every inflater', async () => {
    const { seeds, words = [] } = TARGETS['zip'] as Target;
    const pool = [
      ...(await seeds()),
      ...readCorpus(join(import.meta.dirname, 'corpus'), 'zip').values(),
    ];
    const random = createRandom(7);
    const encoded = words.map((word) => new TextEncoder().encode(word));
    const changed = Array.from({ length: 500 }, () => mutate(pool, encoded, random));
    for (const input of [...pool, ...changed]) {
      // The reader compares the verdicts itself.
      await read(input, LIMITS).catch((error: unknown) => {
        if (!(error instanceof BundleSealError)) throw error;
      });
    }
  });
});
