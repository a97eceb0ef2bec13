// The whole state after what happens to a release, the channel, an accepted index, and the blocks.

import { describe, expect, it } from 'vitest';
import * as transitions from '../../../src/update/transitions.ts';
import { BUILT_IN, floorOf, indexOf, installedOf, stateOf } from '../../support/device-state.ts';
import { digestOf, timeOf } from '../../support/release-index.ts';

const facts = { now: 1000, runtime: '3', maxStarts: 3 };

describe('a release', () => {
  it('that is confirmed ends its trial and its blocks, and no other ones', () => {
    const trial = { id: digestOf(2), starts: 2 };
    const blocked = [2, 3].map((n) => ({ id: digestOf(n), reason: 'broken', at: 0 }));
    const state = stateOf([2], { running: digestOf(2), trial, blocked });
    expect(transitions.confirm(state, digestOf(3))).toBe(state);
    expect(transitions.confirm(state, digestOf(2))).toEqual(
      stateOf([2], { running: digestOf(2), blocked: blocked.slice(1) }),
    );
  });

  it('whose files were altered is not installed any more, and is not blocked', () => {
    const state = stateOf([2, 3], { running: digestOf(3), previous: digestOf(2) });
    expect(transitions.damaged(state, digestOf(3), facts)).toEqual(
      stateOf([2], { running: digestOf(2) }),
    );
    expect(transitions.damaged(state, digestOf(2), facts)).toEqual(
      stateOf([3], { running: digestOf(3) }),
    );
    expect(transitions.damaged(state, BUILT_IN, facts)).toEqual({
      ...state,
      isBuiltInAltered: true,
    });
  });

  it('that fails is dropped where the state names it, and nowhere else', () => {
    const names = { ready: digestOf(2), next: digestOf(3), previous: digestOf(4) };
    const state = stateOf([2, 3, 4, 5], { running: digestOf(5), ...names });
    const blocked = [{ id: digestOf(3), reason: 'broken', at: 1000 }];
    const { next: _, ...others } = names;
    expect(transitions.fail(state, digestOf(3), 'broken', facts)).toEqual(
      stateOf([2, 3, 4, 5], { running: digestOf(5), ...others, blocked }),
    );
  });

  it('that the index takes back is neither ready nor next any more', () => {
    const state = stateOf([2, 3], { ready: digestOf(2), next: digestOf(3) });
    expect(transitions.takeBackReleases(state, [])).toBe(state);
    expect(transitions.takeBackReleases(state, [digestOf(4)])).toBe(state);
    expect(transitions.takeBackReleases(state, [digestOf(2)])).toEqual(
      stateOf([2, 3], { next: digestOf(3) }),
    );
    expect(transitions.takeBackReleases(state, [digestOf(2), digestOf(3)])).toEqual(
      stateOf([2, 3]),
    );
  });

  it('becomes ready only if it is in the store and its index is the latest one', () => {
    const state = stateOf([2], { accepted: [indexOf(4)] });
    const origin = { channel: 'production', index: digestOf(4) };
    const ready = (id: string, from = origin) => transitions.makeReady(state, id, from).ready;
    expect(ready(digestOf(2))).toBe(digestOf(2));
    expect(ready(BUILT_IN)).toBe(BUILT_IN);
    expect(ready(digestOf(3))).toBeUndefined();
    expect(ready(digestOf(2), { ...origin, index: digestOf(5) })).toBeUndefined();
    expect(ready(digestOf(2), { ...origin, channel: 'beta' })).toBeUndefined();
  });

  it('that is installed again replaces its entry, and is not being fetched any more', () => {
    const origin = { channel: 'production', index: undefined };
    const state = transitions.beginFetching(stateOf([2, 3]), digestOf(2));
    expect(state.fetching).toBe(digestOf(2));
    const again = installedOf(2, ['3']);
    expect(transitions.install(state, again, origin)).toEqual(
      stateOf([], { installed: [installedOf(3), again], ready: digestOf(2) }),
    );
  });

  it('is kept while the state names it or a page runs it', () => {
    const state = stateOf([], {
      ...{ running: digestOf(2), previous: digestOf(3), ready: digestOf(4) },
      ...{ next: digestOf(5), fetching: digestOf(6) },
      pinned: [{ client: 'page', id: digestOf(7) }, { client: 'website' }],
    });
    expect([...transitions.kept(state)].sort()).toEqual([1, 2, 3, 4, 5, 6, 7].map(digestOf));
    expect(transitions.forgetMissing(stateOf([2, 3]), new Set([digestOf(3)]))).toEqual(
      stateOf([3]),
    );
  });

  it('is known by the time in its entry, and the built-in one by its stamp', () => {
    const builtIn = { id: BUILT_IN, createdAt: timeOf(1) };
    expect(transitions.knownRelease(stateOf([2]), digestOf(2), builtIn)).toEqual({
      ...{ id: digestOf(2), createdAt: timeOf(2) },
    });
    expect(transitions.knownRelease(stateOf([2]), BUILT_IN, builtIn)).toBe(builtIn);
  });
});

describe('a change of the channel', () => {
  it('forgets the releases of the channel before, but not an order to run the built-in one', () => {
    const state = stateOf([2], { ready: digestOf(2), next: digestOf(2) });
    expect(transitions.setChannel(state, 'production')).toBe(state);
    expect(transitions.setChannel(state, 'beta')).toEqual(stateOf([2], { channel: 'beta' }));
    expect(transitions.useBuiltIn(state)).toEqual(stateOf([2], { next: BUILT_IN }));
    const order = { ...state, next: BUILT_IN };
    expect(transitions.setChannel(order, 'beta')).toEqual(
      stateOf([2], { channel: 'beta', next: BUILT_IN }),
    );
  });
});

describe('an accepted index', () => {
  it('replaces the one of its channel, and its mark becomes the floor', () => {
    const state = stateOf([], { accepted: [indexOf(3), indexOf(3, { channel: 'beta' })] });
    const index = indexOf(4, { withdrawn: [digestOf(9)], offered: [digestOf(8)] });
    expect(transitions.acceptIndex(state, index)).toEqual(
      stateOf([], {
        floors: [floorOf(4)],
        accepted: [indexOf(3, { channel: 'beta' }), index],
      }),
    );
  });

  it('loses its mark, but not what it withdraws, if the device trusts later keys', () => {
    const keys = { epoch: 2, publicKeys: ['a'], retiredKeys: ['b'] };
    const accepted = [indexOf(4, { withdrawn: [digestOf(9)] })];
    const floors = [floorOf(4), floorOf(3, 'beta', 2), floorOf(5, 'gamma', 1)];
    const state = stateOf([3], { floors, accepted, ready: digestOf(3), next: digestOf(3) });
    const trusting = stateOf([3], { keys, accepted, floors: [floorOf(3, 'beta', 2)] });
    expect(transitions.trustKeys(state, keys)).toEqual(trusting);
    const order = { ...state, next: BUILT_IN };
    expect(transitions.trustKeys(order, keys)).toEqual({ ...trusting, next: BUILT_IN });
  });

  it('stays as it is if the device knows the keys, or marks of a later epoch', () => {
    const keys = { epoch: 2, publicKeys: ['a'], retiredKeys: ['b'] };
    const trusting = stateOf([], { keys });
    expect(transitions.trustKeys(trusting, { ...keys, epoch: 1 })).toBe(trusting);
    expect(transitions.trustKeys(trusting, keys)).toBe(trusting);
    const marked = stateOf([], { floors: [floorOf(1), floorOf(1, 'beta', 3)] });
    expect(transitions.trustKeys(marked, keys)).toBe(marked);
  });

  it('is not the latest one for a download if the device trusts later keys', () => {
    const origin = { channel: 'production', index: digestOf(4) };
    const state = stateOf([2], { accepted: [indexOf(4)] });
    expect(transitions.isLatest(state, origin)).toBe(true);
    const keys = { epoch: 2, publicKeys: ['a'], retiredKeys: ['b'] };
    expect(transitions.isLatest(transitions.trustKeys(state, keys), origin)).toBe(false);
  });

  it('settles the last check, and a check that settles nothing takes that back', () => {
    const settled = { at: 1, inputs: digestOf(1), tags: [] };
    const lastCheck = { at: 1, result: 'current' };
    const state = transitions.checked(stateOf([]), lastCheck, settled);
    expect(state).toEqual(stateOf([], { lastCheck, settled }));
    const later = { at: 2, result: 'offline' };
    expect(transitions.checked(state, later, undefined)).toEqual(stateOf([], { lastCheck: later }));
  });
});

describe('the reasons of many blocks', () => {
  it('are cut to 60 characters if they are older than the newest hundred', () => {
    const blocked = Array.from({ length: 100 }, (_, n) => ({
      ...{ id: digestOf(100 + n), at: n, reason: 'x'.repeat(n === 0 ? 61 : 60) },
    }));
    const offered = blocked.map(({ id }) => id);
    const hundred = transitions.acceptIndex(stateOf([], { blocked }), indexOf(4, { offered }));
    expect(hundred.blocked).toBe(blocked);
    const after = transitions.fail(hundred, digestOf(7), 'y'.repeat(70), facts);
    expect(after.blocked.map(({ reason }) => reason.length)).toEqual([
      ...Array.from({ length: 100 }, () => 60),
      70,
    ]);
    expect(after.blocked[1]).toBe(blocked[1]);
  });
});
