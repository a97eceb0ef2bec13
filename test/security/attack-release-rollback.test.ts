// Ways to bring a device back to an older release without breaking a seal.

import { describe, expect, it } from 'vitest';
import { chooseRelease, type ReleaseIndex } from '../../src/release.ts';
import { digestOf, entryOf, indexOf, timeOf } from '../support/release-index.ts';

const known = (n: number) => ({ id: digestOf(n), createdAt: timeOf(n) });
const device = { builtIn: known(1), deviceId: 'd1' };
const choose = (index: Partial<ReleaseIndex>, current: number, rest: object = {}) =>
  chooseRelease(indexOf(index), { ...device, current: known(current), ...rest });

describe('a release that runs', () => {
  it('is kept where the index lists older ones behind it', () => {
    expect(choose({ releases: [entryOf(5), entryOf(4)] }, 5)).toBe('current');
  });

  it('is kept where an index that never knew it lists only older ones', () => {
    expect(choose({ releases: [entryOf(4), entryOf(3)] }, 5)).toBe('current');
  });

  it('is kept where the index lists nothing', () => {
    expect(choose({ releases: [] }, 5)).toBe('current');
  });
});

describe('a rollout that is lowered', () => {
  it('does not move a device with the release back', () => {
    for (const rollout of [0, 1, 500]) {
      expect(choose({ releases: [entryOf(5, { rollout }), entryOf(4)] }, 5)).toBe('current');
    }
  });

  it('offers the release to no other device', () => {
    expect(choose({ releases: [entryOf(5, { rollout: 0 }), entryOf(4)] }, 4)).toBe('current');
    expect(choose({ releases: [entryOf(5, { rollout: 0 }), entryOf(4)] }, 3)).toEqual(entryOf(4));
  });
});

describe('a native update', () => {
  it('with a newer built-in release is not replaced by an older listed one', () => {
    const index = { releases: [entryOf(5), entryOf(4)] };
    expect(choose(index, 6, { builtIn: known(6) })).toBe('current');
    expect(choose(index, 5, { builtIn: known(6) })).toBe('current');
  });

  it('with an older built-in release takes the newer listed one', () => {
    expect(choose({ releases: [entryOf(5)] }, 4, { builtIn: known(4) })).toEqual(entryOf(5));
  });

  it('brings the built-in release that replaces a withdrawn release, and no older release does', () => {
    const index = { releases: [entryOf(5), entryOf(4)], withdrawn: [digestOf(7)] };
    expect(choose(index, 7, { builtIn: known(6) })).toBe('built-in');
  });
});

describe('a release that was withdrawn or failed here', () => {
  it('does not come back by an entry in front', () => {
    const releases = [entryOf(5), entryOf(4)];
    expect(choose({ releases, withdrawn: [digestOf(5)] }, 4)).toBe('current');
    expect(choose({ releases }, 4, { blocked: [digestOf(5)] })).toBe('current');
  });
});
