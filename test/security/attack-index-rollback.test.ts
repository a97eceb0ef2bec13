// A store, or a mirror, that offers an index that the publisher has replaced.

import { describe, expect, it } from 'vitest';
import { openIndex, openIndexWithMark, sealIndex } from '../../src/release.ts';
import { rejection } from '../support/errors.ts';
import { entryOf, indexOf, OPEN, privateKey } from '../support/release-index.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';

const vulnerable = await sealIndex(indexOf({ sequence: 7, releases: [entryOf(1)] }), {
  privateKey,
});
const fixed = await sealIndex(indexOf({ sequence: 8, releases: [entryOf(2)] }), { privateKey });
// A publisher that lost its state and signed the number twice.
const twin = await sealIndex(indexOf({ sequence: 8, releases: [entryOf(1)] }), { privateKey });

describe.each(PREFERRED_BACKENDS)('an old genuine index, through %s', (backend) => {
  it('is accepted by a device that has accepted no index and has no floor in its stamp', async () => {
    expect((await openIndex(vulnerable, { ...OPEN, backend })).sequence).toBe(7);
  });

  it('is refused by a device that has accepted a newer index', async () => {
    const { mark: after } = await openIndexWithMark(fixed, { ...OPEN, backend });
    await rejection(openIndex(vulnerable, { ...OPEN, backend, after }), 'ERR_INDEX_ROLLED_BACK');
    expect((await openIndex(fixed, { ...OPEN, backend, after })).sequence).toBe(8);
  });

  it('is refused by a device that has accepted another index with the same sequence', async () => {
    for (const [first, second] of [
      [fixed, twin],
      [twin, fixed],
    ] as const) {
      const { mark: after } = await openIndexWithMark(first, { ...OPEN, backend });
      await rejection(openIndex(second, { ...OPEN, backend, after }), 'ERR_INDEX_ROLLED_BACK');
    }
  });
});
