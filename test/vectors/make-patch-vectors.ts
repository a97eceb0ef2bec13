// What patch-v1.json holds, the same in every run. This writes it:
//
//   UPDATE_VECTORS=1 npx vitest run --project node test/vectors/patch-v1.node

import type { GoodPatch, PatchVectors } from '../support/patch-vectors.ts';
import { bad } from './bad-patches.ts';
import { GOOD, good } from './good-patches.ts';
import { valid } from './valid-patches.ts';

export async function makePatchVectors(): Promise<PatchVectors> {
  const vectors: GoodPatch[] = [];
  for (const each of GOOD) vectors.push(await good(each));
  return {
    about: [
      'Known answers for docs/patch-format.md: plain patches (what is sealed), version 1.',
      'A file is a list of parts: text in UTF-8, base64, a byte repeated `length` times, or `length` bytes of a generator',
      'behind the first `skip`: state = (state * 1664525 + 1013904223) mod 2^32, from `seed`; a byte is state >> 24.',
      'Good: `patch` makes `to` of `from`, and an encoder of this library makes exactly `patch`.',
      'Valid: `patch` makes `to` of `from` too, and this library makes another patch.',
      'Bad: `patch` is refused on `from` under the default limits. `reason` is a part of the message of this library;',
      'where it is empty, which check finds the fault depends on the decoder. The id of a result with a bad list is that',
      'of the files in the list, so only the fault of the list refuses it.',
    ],
    good: vectors,
    valid: await valid(),
    bad: await bad(),
  };
}
