// One index that was signed, or one clock that was set, far in the future.

import { describe, expect, it } from 'vitest';
import { openIndex, openIndexWithMark, type ReleaseIndex, sealIndex } from '../../src/release.ts';
import { rejection } from '../support/errors.ts';
import { indexOf, OPEN, privateKey } from '../support/release-index.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';

const seal = (rest: Partial<ReleaseIndex>) => sealIndex(indexOf(rest), { privateKey });

describe.each(PREFERRED_BACKENDS)(
  'a time that lies too far in the future, through %s',
  (backend) => {
    const poison = {
      sequence: 1,
      issuedAt: '2036-01-01T00:00:00Z',
      expiresAt: '2036-02-01T00:00:00Z',
    };

    it('in an index does not prevent the next index, which takes the later time', async () => {
      const { mark: after } = await openIndexWithMark(await seal(poison), { ...OPEN, backend });
      const next = await seal({ ...poison, sequence: 2 });
      expect((await openIndex(next, { ...OPEN, backend, after })).sequence).toBe(2);
    });

    it('in an index makes a device refuse a next index with an earlier time', async () => {
      const { mark: after } = await openIndexWithMark(await seal(poison), { ...OPEN, backend });
      const next = await seal({ sequence: 2, expiresAt: '2040-01-01T00:00:00Z' });
      await rejection(openIndex(next, { ...OPEN, backend, after }), 'ERR_INDEX_INVALID');
    });

    it('in an index does not count in the next epoch of the keys', async () => {
      const { mark: after } = await openIndexWithMark(await seal(poison), { ...OPEN, backend });
      const next = await seal({ epoch: 1, sequence: 0 });
      expect((await openIndex(next, { ...OPEN, epoch: 1, backend, after })).epoch).toBe(1);
    });

    it('on the clock of a device is not remembered, so the index opens once the clock is right', async () => {
      const sealed = await seal({});
      const now = new Date('2099-01-01T00:00:00Z');
      await rejection(openIndex(sealed, { ...OPEN, now, backend }), 'ERR_INDEX_EXPIRED');
      const { mark } = await openIndexWithMark(sealed, { ...OPEN, backend });
      expect(mark.issuedAt).toBe(indexOf().issuedAt);
    });
  },
);
