// Parts of several genuine indexes, put together.

import { describe, expect, it } from 'vitest';
import { openIndex, sealIndex } from '../../src/release.ts';
import { rejection } from '../support/errors.ts';
import { type Parts, putTogether, takeApart } from '../support/forger.ts';
import { entryOf, indexOf, OPEN, privateKey } from '../support/release-index.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';

// Of one length, so that nothing but the seal tells the parts apart.
const [one, other] = await Promise.all(
  [1, 2].map(async (n) => {
    const sealed = await sealIndex(indexOf({ sequence: n, releases: [entryOf(n)] }), {
      privateKey,
    });
    return takeApart(sealed);
  }),
);
const a = one as Parts;
const b = other as Parts;

describe.each(PREFERRED_BACKENDS)(
  'an index made from parts of two indexes, through %s',
  (backend) => {
    it('differs from the two genuine indexes, which open', async () => {
      for (const [parts, sequence] of [
        [a, 1],
        [b, 2],
      ] as const) {
        expect((await openIndex(putTogether(parts), { ...OPEN, backend })).sequence).toBe(sequence);
      }
    });

    it.each([
      ['body', 'ERR_CHUNK_INVALID'],
      ['digests', 'ERR_SEAL_INVALID'],
      ['metadata', 'ERR_SEAL_INVALID'],
      ['signature', 'ERR_SEAL_INVALID'],
    ] as const)('is refused with the %s of the other index', async (part, code) => {
      const mixed = putTogether(a, { [part]: b[part] });
      await rejection(openIndex(mixed, { ...OPEN, backend }), code);
    });

    it('names the digest and the size of every object, so that no object can be exchanged', async () => {
      const patches = [{ from: entryOf(1).id, sha256: entryOf(9).id, size: 5 }];
      const index = indexOf({ releases: [entryOf(2, { patches })] });
      const sealed = await sealIndex(index, { privateKey });
      const [entry] = (await openIndex(sealed, { ...OPEN, backend })).releases;
      expect(entry?.bundle).toEqual({ sha256: entryOf(1002).id, size: 2000 });
      expect(entry?.patches).toEqual(patches);
    });
  },
);
