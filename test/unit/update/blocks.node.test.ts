// The bound on what a device remembers of releases that failed. In Node alone, because it computes for seconds over memory.

import { describe, expect, it } from 'vitest';
import * as bindings from '../../../src/update/page-bindings.ts';
import { type DeviceState, encodeState, newState, readState } from '../../../src/update/state.ts';
import * as transitions from '../../../src/update/transitions.ts';
import { memoryStore } from '../../../src/update.ts';
import { AFTER, BEFORE } from '../../support/release.ts';
import { digestOf, timeOf } from '../../support/release-index.ts';
import { createDevice, createPublisher, fetchFrom } from '../../support/update.ts';

const fresh = newState(digestOf(1), 'production');
const withInstalled: DeviceState = {
  ...fresh,
  installed: [{ id: digestOf(2), createdAt: timeOf(2) }],
};

describe('a block in a state of many', () => {
  const wait = { now: 1_000_000_000_000, runtime: undefined, maxStarts: 3 };
  const failMany = (state: DeviceState, from: number, to: number, reason = 'broken') => {
    let after = state;
    for (let n = from; n < to; n++) after = transitions.fail(after, digestOf(n), reason, wait);
    return after;
  };
  const offer = (state: DeviceState, offered: readonly number[], channel = 'production') =>
    transitions.acceptIndex(state, {
      ...{ channel, epoch: 0, sequence: 4, issuedAt: timeOf(4), sha256: digestOf(4) },
      ...{ expiresAt: timeOf(9), withdrawn: [], offered: offered.map(digestOf) },
    });
  const blockedOf = (state: DeviceState) => new Set(state.blocked.map(({ id }) => id));

  it('stays while an index of any channel offers the release', () => {
    const state = failMany(offer(offer(fresh, [2, 3]), [4], 'beta'), 2, 1000);
    for (const n of [2, 3, 4]) expect(blockedOf(state)).toContain(digestOf(n));
    // Between the failure and the next index, and after it.
    const later = failMany(offer(failMany(fresh, 2, 50), [2, 20]), 50, 1000);
    for (const n of [2, 20]) expect(blockedOf(later)).toContain(digestOf(n));
    expect(blockedOf(later).size).toBe(102);
  });

  it('stays while the release is installed or a page runs it', () => {
    const state = failMany(bindings.pin(withInstalled, 'page', digestOf(3)), 2, 1000);
    expect(blockedOf(state)).toContain(digestOf(2));
    expect(blockedOf(state)).toContain(digestOf(3));
  });

  it('is forgotten after a hundred others if no index offers the release', () => {
    const state = failMany(offer(fresh, [2]), 2, 1000);
    expect(state.blocked.map(({ id }) => id)).toEqual(
      [2, ...Array.from({ length: 100 }, (_, i) => 900 + i)].map(digestOf),
    );
  });

  it('leaves the state readable if the longest index offers only releases that failed', () => {
    // An entry of an index takes at least 290 bytes of its 1 MiB.
    const all = Array.from({ length: 3600 }, (_, i) => 2 + i);
    const reason = `${'\u0001'.repeat(59)}\u{1f600}`.repeat(20).slice(0, 1000);
    const blocked = all.slice(1).map((n) => ({ id: digestOf(n), reason, at: wait.now }));
    const before = { ...offer(fresh, all), blocked };
    const state = transitions.fail(before, digestOf(2), reason, wait);
    expect(blockedOf(state).size).toBe(3600);
    expect(readState(encodeState(state))).toEqual(state);
  });
});

describe('a release that failed', () => {
  it('stays blocked while the index offers it, however many others fail, and each block is told once', async () => {
    const publisher = createPublisher();
    const next = await publisher.make(AFTER, [BEFORE]);
    await publisher.offer([next]);
    const request = fetchFrom(publisher.store);
    const releases = memoryStore();
    const { updater, events } = await createDevice(BEFORE, request, { releases });
    const shipped = await updater.start();
    await updater.update({ when: 'now' });
    expect((await updater.start()).id).toBe(next.entry.id);
    const others = Array.from({ length: 150 }, (_, n) => n.toString(16).padStart(64, '0'));
    const reason = 'x'.repeat(1000);
    for (const id of [next.entry.id, ...others]) await updater.fail(id, reason);
    expect(events.filter(({ type }) => type === 'blocked')).toHaveLength(151);
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
    const { blocked } = await updater.status();
    expect(blocked).toHaveLength(101);
    expect(blocked[0]?.id).toBe(next.entry.id);
    const again = await createDevice(BEFORE, request, { releases });
    expect((await again.updater.start()).id).toBe(shipped.id);
  });
});
