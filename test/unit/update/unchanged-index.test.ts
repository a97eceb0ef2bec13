// When a device may keep the result of its last check because the index has not changed.

import { describe, expect, it } from 'vitest';
import { selectBackend } from '../../../src/backend/select.ts';
import type { UpdateContext } from '../../../src/update/context.ts';
import type { DeviceState } from '../../../src/update/state.ts';
import { settle, settledOf } from '../../../src/update/unchanged-index.ts';
import { floorOf, indexOf, stateOf } from '../../support/device-state.ts';
import { digestOf, timeOf } from '../../support/release-index.ts';

const WEEK = 604_800_000;
/** The index is issued at its sequence, and expires later than a week after it. */
const NOW = Date.parse(timeOf(10));
const EXPIRES_AT = new Date(NOW + 2 * WEEK).toISOString().replace('.000', '');
const TAGS = [{ mirror: 'https://one.example/', etag: '"a"' }];

const backend = await selectBackend('auto');
const contextOf = (settings: object = {}): UpdateContext =>
  ({
    settings: { runtime: '3', features: ['camera'], ...settings },
    device: { backend },
  }) as unknown as UpdateContext;

const before: DeviceState = stateOf([2], {
  floors: [floorOf(40, 'beta'), floorOf(4)],
  accepted: [indexOf(4, { expiresAt: EXPIRES_AT })],
});

/** The state after a check that was settled. */
const settledState = async (): Promise<DeviceState> => ({
  ...before,
  settled: await settle(contextOf(), before, NOW, undefined, TAGS),
});

describe('the result of a settled check', () => {
  it('is valid for the same inputs, from its time until a week later', async () => {
    const state = await settledState();
    for (const now of [NOW, NOW + 1, NOW + WEEK - 1]) {
      expect(await settledOf(contextOf(), state, now)).toBe(state.settled);
    }
    // A clock that was set back says nothing about the age of the check.
    for (const now of [NOW - 1, NOW + WEEK]) {
      expect(await settledOf(contextOf(), state, now)).toBeUndefined();
    }
  });

  it.each<[string, Partial<DeviceState>]>([
    [
      'the channel',
      { channel: 'beta', accepted: [indexOf(40, { channel: 'beta', expiresAt: EXPIRES_AT })] },
    ],
    ['the running release', { running: digestOf(2) }],
    ['the built-in release', { builtIn: digestOf(2) }],
    ['the device', { deviceId: 'another' }],
    ['the list of keys', { keys: { epoch: 1, publicKeys: [], retiredKeys: [] } }],
    ['the index', { floors: [floorOf(5)], accepted: [indexOf(5, { expiresAt: EXPIRES_AT })] }],
    ['a block', { blocked: [{ id: digestOf(7), reason: 'broken', at: 0 }] }],
  ])('is not valid with another value of %s', async (_, change) => {
    const state = { ...(await settledState()), ...change };
    expect(await settledOf(contextOf(), state, NOW)).toBeUndefined();
  });

  it.each<[string, object]>([
    ['runtime', { runtime: '4' }],
    ['runtime, which is none', { runtime: undefined }],
    ['features', { features: [] }],
  ])('is not valid after an update of the app with another value of %s', async (_, settings) => {
    expect(await settledOf(contextOf(settings), await settledState(), NOW)).toBeUndefined();
  });

  it('is not valid without the accepted index, or if a stamp has raised its mark', async () => {
    const state = await settledState();
    for (const change of [{ accepted: [] }, { floors: [] }, { floors: [floorOf(5)] }]) {
      expect(await settledOf(contextOf(), { ...state, ...change }, NOW)).toBeUndefined();
    }
    const { settled: _, ...unsettled } = state;
    expect(await settledOf(contextOf(), unsettled, NOW)).toBeUndefined();
  });

  it('is not valid from the moment at which the index expires', async () => {
    const end = Date.parse(timeOf(20));
    const accepted = [indexOf(4, { expiresAt: timeOf(20) })];
    const state = { ...(await settledState()), accepted };
    expect(await settledOf(contextOf(), state, end - 1)).toBe(state.settled);
    expect(await settledOf(contextOf(), state, end)).toBeUndefined();
  });

  it('is not valid if the index expires before the time of its mark', async () => {
    const state = await settledState();
    const floors = [{ ...floorOf(4), issuedAt: EXPIRES_AT }];
    expect(await settledOf(contextOf(), { ...state, floors }, NOW)).toBeUndefined();
  });
});

describe('the record of a check', () => {
  it('has the time of the check if the index was fetched, and otherwise that of the record before', async () => {
    const { settled } = await settledState();
    const later = NOW + 1000;
    expect(settled).toMatchObject({ at: NOW, tags: TAGS });
    expect(await settle(contextOf(), before, later, settled, TAGS)).toMatchObject({ at: later });
    // A browser gives no tag, and its cache may have answered.
    expect(await settle(contextOf(), before, later, settled, [])).toEqual({
      ...settled,
      tags: [],
    });
    expect(await settle(contextOf(), before, later, undefined, [])).toMatchObject({ at: later });
    const other = { ...before, running: digestOf(2) };
    expect(await settle(contextOf(), other, later, settled, [])).toMatchObject({ at: later });
  });
});
