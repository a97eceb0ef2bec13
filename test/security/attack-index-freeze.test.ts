// A store keeps serving one genuine index and withholds all later ones.

import { describe, expect, it } from 'vitest';
import { openIndex, openIndexWithMark, sealIndex } from '../../src/release.ts';
import { rejection } from '../support/errors.ts';
import { indexOf, OPEN, privateKey } from '../support/release-index.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';

const index = indexOf({ sequence: 5 });
const frozen = await sealIndex(index, { privateKey });
const end = Date.parse(index.expiresAt);

describe.each(PREFERRED_BACKENDS)('a frozen index, through %s', (backend) => {
  it('works until it expires, for a device that has accepted it too, and not a second longer', async () => {
    const { mark: after } = await openIndexWithMark(frozen, { ...OPEN, backend });
    for (const rest of [{}, { after }]) {
      const options = { ...OPEN, ...rest, backend };
      expect(await openIndex(frozen, { ...options, now: end - 1 })).toEqual(index);
      await rejection(openIndex(frozen, { ...options, now: end }), 'ERR_INDEX_EXPIRED');
      await rejection(openIndex(frozen, { ...options, now: end + 1e9 }), 'ERR_INDEX_EXPIRED');
    }
  });

  it('does not work longer on a device whose clock was set back, once it has seen a later time', async () => {
    const later = { sequence: 5, issuedAt: index.expiresAt, expiresAt: '2027-01-26T09:00:00Z' };
    const seen = await sealIndex(indexOf({ ...later, sequence: 4 }), { privateKey });
    const { mark: after } = await openIndexWithMark(seen, { ...OPEN, backend });
    const work = openIndex(frozen, { ...OPEN, now: 0, after, backend });
    await rejection(work, 'ERR_INDEX_EXPIRED');
  });
});
