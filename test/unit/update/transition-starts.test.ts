// The whole state after a native update, the loss of the state, and a start.

import { describe, expect, it } from 'vitest';
import type { DeviceState } from '../../../src/update/state.ts';
import * as transitions from '../../../src/update/transitions.ts';
import { BUILT_IN, floorOf, installedOf, stampOf, stateOf } from '../../support/device-state.ts';
import { digestOf, timeOf } from '../../support/release-index.ts';

const DAY = 86_400_000;
const facts = { now: 1000, runtime: '3', maxStarts: 3 };

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
  it('gets the releases of the store, the newest one as ready', () => {
    const state = stateOf([], { floors: [floorOf(2)] });
    expect(transitions.adopt(state, [installedOf(2), installedOf(3)])).toEqual(
      stateOf([2, 3], { floors: [floorOf(2)], ready: digestOf(3) }),
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
