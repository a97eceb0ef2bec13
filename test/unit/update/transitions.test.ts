import { describe, expect, it } from 'vitest';
import type { ReleaseStamp } from '../../../src/release.ts';
import * as bindings from '../../../src/update/page-bindings.ts';
import { type DeviceState, encodeState, newState, readState } from '../../../src/update/state.ts';
import * as transitions from '../../../src/update/transitions.ts';
import { digestOf, timeOf } from '../../support/release-index.ts';
import { utf8 } from '../../support/zip.ts';

const facts = { now: 1000, runtime: '3', maxStarts: 3 };
const BUILT_IN = digestOf(1);

const stampOf = (n: number, rest: Partial<ReleaseStamp> = {}): ReleaseStamp => ({
  format: 'bundleseal-stamp',
  version: 1,
  id: digestOf(n),
  createdAt: timeOf(n),
  ...rest,
});
const installedOf = (n: number, runtime?: readonly string[]) => ({
  id: digestOf(n),
  version: `1.${n}`,
  createdAt: timeOf(n),
  ...(runtime !== undefined && { runtime }),
});
const fresh = (...installed: readonly number[]): DeviceState => ({
  ...newState(BUILT_IN, 'production'),
  installed: installed.map((n) => installedOf(n)),
});
const floorOf = (sequence: number) => ({
  channel: 'production',
  epoch: 0,
  sequence,
  issuedAt: timeOf(sequence),
  sha256: digestOf(sequence),
});

describe('a state', () => {
  it('is read as it was written, and anything else is no state', () => {
    const state = bindings.pin(fresh(2, 3), 'client', digestOf(2));
    expect(readState(encodeState(state))).toEqual(state);
    for (const text of ['', '{}', 'null', '{"format":"bundleseal-device"}', '\u0000'.repeat(50)]) {
      expect(readState(utf8(text))).toBeUndefined();
    }
    expect(readState(encodeState(state).subarray(0, -1))).toBeUndefined();
    expect(readState(undefined)).toBeUndefined();
  });

  it('is the same object where nothing changed, so that it is not written again', () => {
    const state = fresh(2);
    expect(transitions.start(state, facts)).toBe(state);
    expect(transitions.meetBuiltIn(state, stampOf(1))).toBe(state);
    expect(transitions.confirm(state, digestOf(2))).toBe(state);
    expect(bindings.keepClients(state, new Set())).toBe(state);
    expect(transitions.fail(state, BUILT_IN, 'no', facts)).toBe(state);
  });
});

describe('a native update', () => {
  it('replaces an installed release that was made before it, and clears keys and floors', () => {
    const before: DeviceState = {
      ...fresh(2),
      running: digestOf(2),
      floors: [floorOf(9)],
      keys: { epoch: 4, publicKeys: [], retiredKeys: [] },
    };
    const after = transitions.meetBuiltIn(before, stampOf(5, { floors: [floorOf(7)] }));
    expect(after).toMatchObject({
      builtIn: digestOf(5),
      running: digestOf(5),
      floors: [floorOf(7)],
    });
    expect(after.keys).toBeUndefined();
  });

  it('does not replace an installed release that was made after it', () => {
    const before: DeviceState = { ...fresh(8), running: digestOf(8), previous: BUILT_IN };
    const after = transitions.meetBuiltIn(before, stampOf(5));
    expect(after).toMatchObject({ builtIn: digestOf(5), running: digestOf(8) });
    expect(after.previous).toBeUndefined();
  });

  it('leaves a release that does not suit the new runtime', () => {
    const state: DeviceState = {
      ...fresh(),
      installed: [installedOf(8, ['3'])],
      running: digestOf(8),
    };
    expect(transitions.start(state, facts).running).toBe(digestOf(8));
    expect(transitions.start(state, { ...facts, runtime: '4' }).running).toBe(BUILT_IN);
  });
});

describe('pages that are open', () => {
  it('keep their releases, and activation waits where a third one would be needed', () => {
    let state: DeviceState = { ...fresh(2, 3, 4, 5), running: digestOf(3), next: digestOf(5) };
    state = bindings.pin(state, 'a', digestOf(2));
    expect(transitions.kept(state)).toContain(digestOf(2));
    expect(bindings.isActivationWaiting(state)).toBe(false);
    state = bindings.pin(state, 'b', digestOf(4));
    expect(transitions.start(state, facts).running).toBe(digestOf(3));
    const closed = bindings.keepClients(state, new Set(['b']));
    expect(transitions.start(closed, facts)).toMatchObject({
      running: digestOf(5),
      trial: { id: digestOf(5), starts: 1 },
      previous: digestOf(3),
    });
  });
});

describe('a withdrawn release', () => {
  it('does not start, also without a network', () => {
    const state: DeviceState = { ...fresh(2, 3), running: digestOf(3), previous: digestOf(2) };
    const told = transitions.acceptIndex(state, {
      ...floorOf(4),
      expiresAt: timeOf(9),
      withdrawn: [digestOf(3)],
      offered: [],
    });
    expect(transitions.start(told, facts).running).toBe(digestOf(2));
    expect(told.floors).toEqual([floorOf(4)]);
  });

  it('of another channel is no matter of this one', () => {
    const state: DeviceState = { ...fresh(3), running: digestOf(3) };
    const told = transitions.acceptIndex(state, {
      ...floorOf(4),
      channel: 'beta',
      expiresAt: timeOf(9),
      withdrawn: [digestOf(3)],
      offered: [],
    });
    expect(transitions.start(told, facts).running).toBe(digestOf(3));
  });
});

describe('a block', () => {
  it('of a day does not become longer where the clock is set back', () => {
    const state = transitions.unconfirmed({ ...fresh(2), running: digestOf(2) }, digestOf(2), {
      ...facts,
      now: 1_000_000_000_000,
    });
    const after = transitions.start(state, facts);
    expect(after.blocked[0]).toMatchObject({
      at: 1000,
      until: 1000 + transitions.UNCONFIRMED_BLOCK,
    });
  });

  it('goes when the release confirms itself in its second trial', () => {
    const id = digestOf(2);
    const blocked = transitions.unconfirmed({ ...fresh(2), running: id }, id, facts);
    const again: DeviceState = { ...blocked, running: id, trial: { id, starts: 1 } };
    expect(transitions.confirm(again, id)).toMatchObject({ blocked: [] });
  });

  it('removes the release from every member of the state that names it', () => {
    const id = digestOf(2);
    const state: DeviceState = { ...fresh(2), ready: id, next: id, previous: id };
    const after = transitions.fail(state, id, 'broken', facts);
    expect([after.ready, after.next, after.previous]).toEqual([undefined, undefined, undefined]);
    expect(transitions.blockedNow(after, Number.MAX_SAFE_INTEGER)).toEqual([id]);
  });
});

describe('the release that the app was shipped with', () => {
  it('runs at the next start where the app asks for it, and needs no trial', () => {
    const state = transitions.useBuiltIn({ ...fresh(2), running: digestOf(2), ready: digestOf(2) });
    const after = transitions.start(state, facts);
    expect(after.running).toBe(BUILT_IN);
    expect(after.trial).toBeUndefined();
  });
});

describe('another channel', () => {
  it('leaves the state small: it keeps the marks of the last hundred, and the content of the last two', () => {
    const accept = (state: DeviceState, channel: string, sequence: number) =>
      transitions.acceptIndex(transitions.setChannel(state, channel), {
        ...{ ...floorOf(sequence), channel },
        ...{ expiresAt: '2026-12-26T09:00:00Z', withdrawn: [], offered: [] },
      });
    let state = fresh(2);
    for (let n = 0; n < 300; n++) {
      // The device comes back to one of them again and again.
      if (n % 50 === 0) state = accept(state, 'production', n + 1);
      state = accept(state, `branch-${n}`, 1);
      const inUse = state.floors.find(({ channel }) => channel === state.channel);
      expect(inUse).toMatchObject({ channel: `branch-${n}`, sequence: 1 });
    }
    expect(state.floors).toHaveLength(100);
    expect(state.accepted.map(({ channel }) => channel)).toEqual(['branch-298', 'branch-299']);
    const back = transitions.setChannel(state, 'production');
    expect(back.floors.find(({ channel }) => channel === back.channel)?.sequence).toBe(251);
  });

  it('whose lower index is recorded late keeps its highest mark', () => {
    const later = transitions.acceptIndex(fresh(2), {
      ...{ ...floorOf(4), expiresAt: '2026-12-26T09:00:00Z', withdrawn: [], offered: [] },
    });
    const earlier = transitions.acceptIndex(later, {
      ...{ ...floorOf(3), expiresAt: '2026-12-26T09:00:00Z', withdrawn: [], offered: [] },
    });
    expect(earlier.floors).toEqual([floorOf(4)]);
  });

  it('forgets the release that waited in the previous channel, and keeps the floors of both', () => {
    const state: DeviceState = { ...fresh(2), next: digestOf(2), floors: [floorOf(4)] };
    const after = transitions.setChannel(state, 'beta');
    expect(after).toMatchObject({ channel: 'beta', floors: [floorOf(4)] });
    expect(after.next).toBeUndefined();
  });
});
