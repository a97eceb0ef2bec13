// Random sequences of indexes, as a hostile store could offer them, against a model of what a device remembers.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BundleSealError } from '../../src/index.ts';
import {
  type IndexMark,
  openIndexWithMark,
  type ReleaseIndex,
  sealIndex,
} from '../../src/release.ts';
import { entryOf, indexOf, OPEN, privateKey, timeOf } from '../support/release-index.ts';
import { runs } from '../support/scope.ts';

interface Offer {
  readonly index: ReleaseIndex;
  readonly sealed: Uint8Array;
}

/** Every index of a small world, each sealed once. */
const OFFERS: readonly Offer[] = await Promise.all(
  [0, 1].flatMap((epoch) =>
    [1, 2, 3].flatMap((sequence) =>
      [0, 10].flatMap((issued) =>
        [1, 2].map(async (variant) => {
          const index = indexOf({
            epoch,
            sequence,
            issuedAt: timeOf(issued),
            expiresAt: timeOf(issued + 10),
            releases: [entryOf(variant)],
          });
          return { index, sealed: await sealIndex(index, { privateKey }) };
        }),
      ),
    ),
  ),
);

const step = fc.oneof(
  fc.record({ offer: fc.nat(OFFERS.length - 1), minutes: fc.integer({ min: -5, max: 25 }) }),
  { weight: 1, arbitrary: fc.constant('new keys' as const) },
);

/** What the rules say of an offer, from their text. */
function model(offer: number, accepted: number | undefined, epoch: number, now: number): string {
  const { index } = OFFERS[offer] as Offer;
  if (index.epoch !== epoch) return 'ERR_INDEX_INVALID';
  const last = accepted === undefined ? undefined : (OFFERS[accepted] as Offer).index;
  const isOld = last !== undefined && index.sequence < last.sequence;
  const isTwin = last !== undefined && index.sequence === last.sequence && offer !== accepted;
  if (isOld || isTwin) return 'ERR_INDEX_ROLLED_BACK';
  const known = last === undefined ? now : Math.max(now, Date.parse(last.issuedAt));
  if (known >= Date.parse(index.expiresAt)) return 'ERR_INDEX_EXPIRED';
  if (last !== undefined && Date.parse(index.issuedAt) < Date.parse(last.issuedAt)) {
    return 'ERR_INDEX_INVALID';
  }
  return 'accepted';
}

it('openIndex accepts the indexes that the rules accept, and never forgets the highest one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
      let epoch = 0;
      let accepted: number | undefined;
      let after: IndexMark | undefined;
      for (const one of steps) {
        if (one === 'new keys') {
          if (epoch === 0) [epoch, accepted, after] = [1, undefined, undefined];
          continue;
        }
        const now = Date.parse(timeOf(0)) + one.minutes * 60_000;
        const { sealed } = OFFERS[one.offer] as Offer;
        const options = { ...OPEN, epoch, now, ...(after && { after }) };
        const outcome = await openIndexWithMark(sealed, options).catch((error: unknown) => error);
        const expected = model(one.offer, accepted, epoch, now);
        if (outcome instanceof BundleSealError) {
          expect(outcome.code).toBe(expected);
          continue;
        }
        expect(expected).toBe('accepted');
        const { mark } = outcome as { readonly mark: IndexMark };
        if (after !== undefined) {
          expect(mark.sequence).toBeGreaterThanOrEqual(after.sequence);
          if (mark.sequence === after.sequence) expect(mark).toEqual(after);
        }
        [accepted, after] = [one.offer, mark];
      }
    }),
    { numRuns: runs(60) },
  );
});
