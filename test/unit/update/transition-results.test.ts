// The whole state after each transition, at the boundaries of its conditions.

import { describe, expect, it } from 'vitest';
import { type DeviceState, newState } from '../../../src/update/state.ts';
import * as transitions from '../../../src/update/transitions.ts';
import { digestOf, timeOf } from '../../support/release-index.ts';

const BUILT_IN = digestOf(1);
const DAY = 86_400_000;
const facts = { now: 1000, runtime: '3', maxStarts: 3 };

const installedOf = (n: number, runtime?: readonly string[]) => ({
  id: digestOf(n),
  version: `1.${n}`,
  createdAt: timeOf(n),
  ...(runtime !== undefined && { runtime }),
});
/** A state with these installed releases. */
const stateOf = (installed: readonly number[], rest: Partial<DeviceState> = {}): DeviceState => ({
  ...newState(BUILT_IN, 'production'),
  deviceId: 'device',
  installed: installed.map((n) => installedOf(n)),
  ...rest,
});
const stampOf = (n: number, floors?: DeviceState['floors']) => ({
  ...({ format: 'bundleseal-stamp', version: 1, id: digestOf(n), createdAt: timeOf(n) } as const),
  ...(floors !== undefined && { floors }),
});
const floorOf = (sequence: number, channel = 'production', epoch = 0) => ({
  ...{ channel, epoch, sequence, issuedAt: timeOf(sequence), sha256: digestOf(sequence) },
});
const indexOf = (sequence: number, rest = {}) => ({
  ...floorOf(sequence),
  ...{ expiresAt: timeOf(99), withdrawn: [], offered: [], ...rest },
});

describe('a native update', () => {
  it('takes the higher floor of each channel if the built-in release is the same', () => {
    const floors = [floorOf(4), floorOf(4, 'beta'), floorOf(4, 'gamma', 2)];
    const state = stateOf([], { floors });
    const stamp = stampOf(1, [
      floorOf(5),
      floorOf(3, 'beta'),
      floorOf(9, 'gamma', 1),
      floorOf(1, 'delta'),
    ]);
    expect(transitions.meetBuiltIn(state, stamp)).toEqual({
      ...state,
      floors: [floorOf(5), floorOf(4, 'beta'), floorOf(4, 'gamma', 2), floorOf(1, 'delta')],
    });
    const equal = stampOf(1, [floorOf(4), floorOf(4, 'beta')]);
    expect(transitions.meetBuiltIn(state, equal)).toBe(state);
    const nextEpoch = transitions.meetBuiltIn(state, stampOf(1, [floorOf(1, 'gamma', 3)]));
    expect(nextEpoch.floors[2]).toEqual(floorOf(1, 'gamma', 3));
  });

  it('keeps only the releases that were made after it', () => {
    const names = ['previous', 'ready', 'next'] as const;
    for (const [n, isKept] of [
      [6, true],
      [5, false],
      [4, false],
    ] as const) {
      for (const name of names) {
        const state = stateOf([n, 9], { running: digestOf(9), [name]: digestOf(n) });
        const { builtIn, ...after } = transitions.meetBuiltIn(state, stampOf(5));
        expect(builtIn).toBe(digestOf(5));
        expect(after[name], `${name} ${n}`).toBe(isKept ? digestOf(n) : undefined);
      }
    }
  });

  it('keeps an order to run the built-in release beside a release that was made after it', () => {
    const state = stateOf([6], { running: digestOf(6), next: BUILT_IN });
    const after = transitions.meetBuiltIn(state, stampOf(5));
    expect(after).toMatchObject({ running: digestOf(6), next: digestOf(5) });
  });

  it('ends the block of the release that is built in now, because that one is the last resort', () => {
    const blocked = [4, 5].map((n) => ({ id: digestOf(n), reason: 'crashed', at: 1 }));
    const after = transitions.meetBuiltIn(stateOf([], { blocked }), stampOf(5));
    expect(after.blocked.map(({ id }) => id)).toEqual([digestOf(4)]);
  });

  it('ends a trial, and keeps the trial of a release that was made after it', () => {
    const trial = (n: number) => ({ id: digestOf(n), starts: 1 });
    const altered = { isBuiltInAltered: true, keys: { epoch: 1, publicKeys: [], retiredKeys: [] } };
    const older = stateOf([4], { running: digestOf(4), trial: trial(4), ...altered });
    expect(transitions.meetBuiltIn(older, stampOf(5))).toEqual(
      stateOf([4], { builtIn: digestOf(5), running: digestOf(5) }),
    );
    const later = stateOf([6], { running: digestOf(6), trial: trial(6), ...altered });
    expect(transitions.meetBuiltIn(later, stampOf(5))).toEqual(
      stateOf([6], { builtIn: digestOf(5), running: digestOf(6), trial: trial(6) }),
    );
  });

  it('ends the trial of the release that is built in now', () => {
    // The entry of the index has the time of publishing, which is later than the time in the stamp of the same build.
    const stamp = { ...stampOf(6), createdAt: timeOf(5) };
    const trial = { id: digestOf(6), starts: 3 };
    const state = stateOf([4, 6], { running: digestOf(6), previous: digestOf(4), trial });
    const after = transitions.meetBuiltIn(state, stamp);
    const running = { builtIn: digestOf(6), running: digestOf(6) };
    expect(after).toEqual(stateOf([4, 6], running));
    expect(transitions.start(after, facts)).toBe(after);
  });

  it('does not run a release that the state names but the store lacks', () => {
    const state = stateOf([], { running: digestOf(8), ready: digestOf(8) });
    expect(transitions.meetBuiltIn(state, stampOf(5))).toEqual(
      stateOf([], { builtIn: digestOf(5), running: digestOf(5) }),
    );
  });

  it('records the digest of its stamp', () => {
    expect(transitions.meetStamp(stateOf([]), stampOf(1), digestOf(7))).toEqual(
      stateOf([], { stamp: digestOf(7) }),
    );
  });

  it('that was copied into the store is a base of patches again', () => {
    const state = stateOf([], { isBuiltInAltered: true, fetching: BUILT_IN });
    expect(transitions.copied(state, stampOf(1))).toEqual(stateOf([]));
  });
});

describe('a lost state', () => {
  it('gets the releases of the store, the newest one as ready, and their highest floors', () => {
    const state = stateOf([], { floors: [floorOf(2)] });
    const found = [
      { ...installedOf(2), floors: [floorOf(3), floorOf(1, 'beta')] },
      { ...installedOf(3), floors: [floorOf(1)] },
    ];
    expect(transitions.adopt(state, found)).toEqual(
      stateOf([2, 3], { floors: [floorOf(3), floorOf(1, 'beta')], ready: digestOf(3) }),
    );
    expect(transitions.adopt(state, [])).toEqual(state);
  });
});

describe('a start', () => {
  const onTrial = (starts: number, rest: Partial<DeviceState> = {}) =>
    stateOf([2, 3], { running: digestOf(3), trial: { id: digestOf(3), starts }, ...rest });

  it('counts a trial up to its last start, and blocks the release after that', () => {
    expect(transitions.start(onTrial(2), facts)).toEqual(onTrial(3));
    expect(transitions.start(onTrial(3, { previous: digestOf(2) }), facts)).toEqual(
      stateOf([2, 3], {
        running: digestOf(2),
        blocked: [
          {
            id: digestOf(3),
            reason: 'was not confirmed after it was started',
            at: 1000,
            until: 1000 + DAY,
          },
        ],
      }),
    );
  });

  it('blocks a release for good that was not confirmed for the second time', () => {
    const blocked = [{ id: digestOf(3), reason: 'first', at: 0, until: 500 }];
    expect(transitions.start(onTrial(3, { blocked }), facts)).toEqual(
      stateOf([2, 3], {
        running: BUILT_IN,
        blocked: [
          {
            id: digestOf(3),
            reason: 'was not confirmed after it was started, for the second time',
            at: 1000,
          },
        ],
      }),
    );
  });

  it('runs the activated release on trial, and keeps the confirmed one to go back to', () => {
    const next = { next: digestOf(3), ready: digestOf(3) };
    const taken = { running: digestOf(3), trial: { id: digestOf(3), starts: 1 } };
    expect(transitions.start(stateOf([2, 3], { running: digestOf(2), ...next }), facts)).toEqual(
      stateOf([2, 3], { ...taken, previous: digestOf(2) }),
    );
    // The running release is on trial itself, so the one before it stays the one to go back to.
    const trial = { id: digestOf(2), starts: 1 };
    const second = stateOf([2, 3, 4], { running: digestOf(2), previous: digestOf(4), trial });
    expect(transitions.start({ ...second, ...next }, facts)).toEqual(
      stateOf([2, 3, 4], { ...taken, previous: digestOf(4) }),
    );
    const { previous: _, ...withoutPrevious } = second;
    expect(transitions.start({ ...withoutPrevious, ...next }, facts)).toEqual(
      stateOf([2, 3, 4], taken),
    );
    // A device does not go back to the release that fails.
    const same = { ...second, previous: digestOf(3), ...next };
    expect(transitions.start(same, facts)).toEqual(stateOf([2, 3, 4], taken));
  });

  it('runs the activated built-in release without a trial', () => {
    const state = stateOf([2], { running: digestOf(2), next: BUILT_IN });
    expect(transitions.start(state, facts)).toEqual(stateOf([2], { previous: digestOf(2) }));
  });

  it('forgets an activated release that runs already or must not run', () => {
    const running = { running: digestOf(2) };
    const next = { next: digestOf(3), ready: digestOf(3) };
    expect(
      transitions.start(stateOf([2], { ...running, next: digestOf(2), ready: digestOf(2) }), facts),
    ).toEqual(stateOf([2], running));
    expect(transitions.start(stateOf([2], { ...running, ...next }), facts)).toEqual(
      stateOf([2], running),
    );
    const blocked = [{ id: digestOf(3), reason: 'broken', at: 0 }];
    expect(transitions.start(stateOf([2, 3], { ...running, ...next, blocked }), facts)).toEqual(
      stateOf([2, 3], { ...running, blocked }),
    );
  });

  it('goes back if the running release is blocked, until the moment at which the block ends', () => {
    const blocked = [{ id: digestOf(2), reason: 'broken', at: 0, until: 1000 }];
    const state = stateOf([2], { running: digestOf(2), blocked });
    expect(transitions.start(state, { ...facts, now: 999 }).running).toBe(BUILT_IN);
    expect(transitions.start(state, facts)).toBe(state);
  });

  it('goes back to the built-in release if the release before must not run either', () => {
    const blocked = [2, 3].map((n) => ({ id: digestOf(n), reason: 'broken', at: 0 }));
    const state = stateOf([2, 3], { running: digestOf(3), previous: digestOf(2), blocked });
    expect(transitions.start(state, facts)).toEqual(stateOf([2, 3], { blocked }));
  });

  it('runs a release only on a runtime that the release names', () => {
    const start = (runtime: string | undefined, names?: readonly string[]) => {
      const installed = [installedOf(2, names)];
      const state = stateOf([], { installed, running: digestOf(2) });
      return transitions.start(state, { ...facts, runtime }).running;
    };
    expect(start('3', ['2', '3'])).toBe(digestOf(2));
    expect(start('3', ['2'])).toBe(BUILT_IN);
    expect(start(undefined, ['2'])).toBe(BUILT_IN);
    expect(start(undefined)).toBe(digestOf(2));
  });

  it('makes every temporary block end a day from now if the clock was set back', () => {
    const blocks = [
      { id: digestOf(2), reason: 'later', at: 1001, until: 5000 },
      { id: digestOf(3), reason: 'now', at: 1000, until: 5000 },
      { id: digestOf(4), reason: 'for good', at: 1001 },
    ];
    const [first, ...others] = blocks as [(typeof blocks)[0], ...typeof blocks];
    expect(transitions.start(stateOf([], { blocked: blocks }), facts)).toEqual(
      stateOf([], { blocked: [{ ...first, at: 1000, until: 1000 + DAY }, ...others] }),
    );
  });
});

describe('the release to run if no start can be counted', () => {
  it('is the running release, or the confirmed one before it during a trial', () => {
    const running = { running: digestOf(3), previous: digestOf(2) };
    const trial = { id: digestOf(3), starts: 1 };
    expect(transitions.confirmed(stateOf([2, 3], running), facts)).toBe(digestOf(3));
    expect(transitions.confirmed(stateOf([2, 3], { ...running, trial }), facts)).toBe(digestOf(2));
    expect(transitions.confirmed(stateOf([3], { ...running, trial }), facts)).toBe(BUILT_IN);
    const { previous: _, ...alone } = running;
    expect(transitions.confirmed(stateOf([3], { ...alone, trial }), facts)).toBe(BUILT_IN);
  });
});

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
    expect(transitions.takeBack(state, [])).toBe(state);
    expect(transitions.takeBack(state, [digestOf(4)])).toBe(state);
    expect(transitions.takeBack(state, [digestOf(2)])).toEqual(
      stateOf([2, 3], { next: digestOf(3) }),
    );
    expect(transitions.takeBack(state, [digestOf(2), digestOf(3)])).toEqual(stateOf([2, 3]));
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
