// The pages in the state of a device, and the status that the app shows.

import { describe, expect, it } from 'vitest';
import * as bindings from '../../../src/update/page-bindings.ts';
import { type DeviceState, newState } from '../../../src/update/state.ts';
import { describeStatus } from '../../../src/update/status.ts';
import { digestOf, timeOf } from '../../support/release-index.ts';

const BUILT_IN = digestOf(1);
const stateOf = (rest: Partial<DeviceState> = {}): DeviceState => ({
  ...newState(BUILT_IN, 'production'),
  deviceId: 'device',
  ...rest,
});
const pageOf = (client: string, n?: number) => ({
  client,
  ...(n !== undefined && { id: digestOf(n) }),
});
const stamp = {
  ...({ format: 'bundleseal-stamp', version: 1 } as const),
  ...{ id: BUILT_IN, createdAt: timeOf(1) },
};

describe('open pages', () => {
  it.each<[string, number, number | undefined, (number | undefined)[], boolean]>([
    ['no page is open', 2, 3, [], false],
    ['pages run the running release', 2, 3, [2, 2], false],
    ['pages keep one older release', 2, 3, [4, 4, 2], false],
    ['pages keep two older releases', 2, 3, [4, 5], true],
    ['one of the older releases is the next one', 2, 4, [4, 5], false],
    ['nothing is activated', 2, undefined, [4, 5], true],
    ['the website serves a page', 2, 3, [4, undefined], false],
  ])('make an activation wait or not: %s', (_, running, next, pages, expected) => {
    const pinned = pages.map((n, at) => pageOf(`page ${at}`, n));
    const state = stateOf({
      running: digestOf(running),
      pinned,
      ...(next !== undefined && { next: digestOf(next) }),
    });
    expect(bindings.isActivationWaiting(state)).toBe(expected);
  });

  it('are bound to one release each, or to the website', () => {
    const state = stateOf({ pinned: [pageOf('a', 2), pageOf('b', 3)] });
    expect(bindings.pin(state, 'a', digestOf(4)).pinned).toEqual([pageOf('b', 3), pageOf('a', 4)]);
    expect(bindings.pin(state, 'c', undefined).pinned).toEqual([...state.pinned, pageOf('c')]);
  });

  it('that are closed are forgotten', () => {
    const state = stateOf({ pinned: [pageOf('a', 2), pageOf('b', 3)] });
    expect(bindings.keepClients(state, new Set(['b', 'c']))).toEqual(
      stateOf({ pinned: [pageOf('b', 3)], closed: [pageOf('a', 2)] }),
    );
    expect(bindings.keepClients(state, new Set(['a', 'b', 'c']))).toBe(state);
  });

  it('that the browser shows again run the release that they ran before', () => {
    const pinned = [pageOf('a', 2), pageOf('b')];
    const closed = bindings.keepClients(stateOf({ pinned, running: digestOf(3) }), new Set());
    expect(closed.pinned).toEqual([]);
    const shown = ['a', 'b', 'c'].reduce(bindings.find, closed);
    expect(shown.pinned).toEqual([...pinned, pageOf('c', 3)]);
    expect(bindings.find(shown, 'a')).toBe(shown);
    const again = bindings.keepClients(shown, new Set(['b', 'c']));
    expect(again.closed).toEqual([pageOf('a', 2)]);
  });

  it('are remembered after they were closed, the last 50 of them', () => {
    const all = Array.from({ length: 60 }, (_, n) => pageOf(`page ${n}`, n));
    const first = bindings.keepClients(stateOf({ pinned: all.slice(0, 40) }), new Set());
    const { closed } = bindings.keepClients({ ...first, pinned: all.slice(40) }, new Set());
    expect(closed).toEqual(all.slice(-50));
  });

  it('that the website serves are no starts of a trial', () => {
    const trial = (starts: number) => ({ id: digestOf(2), starts });
    const pinned = [pageOf('a', 2), pageOf('b', 3)];
    const left = (client: string, more: Partial<DeviceState>) =>
      bindings.leave(stateOf({ pinned, ...more }), client);
    expect(left('a', { trial: trial(2) })).toEqual(
      stateOf({ pinned: [pageOf('b', 3), pageOf('a')], trial: trial(1) }),
    );
    // Pages that were not counted: of another release, unknown, of no trial, and of a trial without a start.
    expect(left('b', { trial: trial(2) }).trial).toEqual(trial(2));
    expect(left('c', { trial: trial(2) })).toEqual(
      stateOf({ pinned: [...pinned, pageOf('c')], trial: trial(2) }),
    );
    expect(left('a', { trial: trial(0) }).trial).toEqual(trial(0));
    expect(left('a', {})).toEqual(stateOf({ pinned: [pageOf('b', 3), pageOf('a')] }));
    const website = stateOf({ pinned: [pageOf('a')] });
    expect(bindings.leave(website, 'a')).toEqual(website);
  });
});

describe('the status of a new device', () => {
  it('has the built-in release alone', () => {
    const builtIn = { id: BUILT_IN, createdAt: timeOf(1), isBuiltIn: true };
    expect(describeStatus(stateOf(), stamp)).toEqual({
      ...{ channel: 'production', builtIn, running: builtIn },
      ...{ isActivationWaiting: false, installed: [], blocked: [] },
    });
  });
});

describe('the status of a device', () => {
  it('has every part of its state that the app may show', () => {
    const index = { ...{ epoch: 1, sequence: 7, issuedAt: timeOf(7) }, expiresAt: timeOf(9) };
    const accepted = { channel: 'production', sha256: digestOf(7), withdrawn: [], offered: [] };
    const state = stateOf({
      ...{ running: digestOf(2), previous: digestOf(3), ready: digestOf(4), next: digestOf(5) },
      trial: { id: digestOf(2), starts: 2 },
      installed: [
        { id: digestOf(2), version: '1.2', createdAt: timeOf(2) },
        { id: digestOf(3), createdAt: timeOf(3) },
      ],
      blocked: [
        { id: digestOf(6), reason: 'broken', at: 5 },
        { id: digestOf(7), reason: 'not confirmed', at: 5, until: Date.parse(timeOf(8)) + 999 },
      ],
      accepted: [{ ...accepted, ...index }],
      lastCheck: { at: Date.parse(timeOf(3)), result: 'current' },
    });
    const second = {
      ...{ id: digestOf(2), version: '1.2', createdAt: timeOf(2) },
      isBuiltIn: false,
    };
    const third = { id: digestOf(3), createdAt: timeOf(3), isBuiltIn: false };
    expect(describeStatus(state, stamp)).toEqual({
      channel: 'production',
      builtIn: { id: BUILT_IN, createdAt: timeOf(1), isBuiltIn: true },
      running: second,
      trial: { starts: 2 },
      previous: third,
      // The state names releases that it has no entry of.
      ready: { id: digestOf(4), isBuiltIn: false },
      next: { id: digestOf(5), isBuiltIn: false },
      isActivationWaiting: false,
      installed: [second, third],
      blocked: [
        { id: digestOf(6), reason: 'broken' },
        { id: digestOf(7), reason: 'not confirmed', until: timeOf(8) },
      ],
      index,
      lastCheck: { at: timeOf(3), result: 'current' },
    });
  });

  it('shows the last time of a date for a block that ends later', () => {
    const block = { id: digestOf(6), reason: 'broken', at: 5, until: Number.MAX_SAFE_INTEGER };
    const [shown] = describeStatus(stateOf({ blocked: [block] }), stamp).blocked;
    expect(shown?.until).toBe('+275760-09-13T00:00:00Z');
  });
});
