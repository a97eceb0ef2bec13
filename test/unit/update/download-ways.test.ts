// The ways in which a device can get a release, and the order in which it tries them.

import { describe, expect, it } from 'vitest';
import { waysTo } from '../../../src/update/download-ways.ts';
import { type DeviceState, newState } from '../../../src/update/state.ts';
import { digestOf, entryOf, timeOf } from '../../support/release-index.ts';

const BUILT_IN = digestOf(1);
const patchFrom = (n: number, size: number) => ({
  ...{ from: digestOf(n), sha256: digestOf(100 + n), size },
});
const stateOf = (rest: Partial<DeviceState> = {}): DeviceState => ({
  ...newState(BUILT_IN, 'production'),
  installed: [{ id: digestOf(2), createdAt: timeOf(2) }],
  ...rest,
});
/** The kinds of the ways, each with the release that its patch starts from. */
const waysOf = (...args: Parameters<typeof waysTo>) =>
  waysTo(...args).map(({ way }) => (way.kind === 'patch' ? `patch ${Number(way.from)}` : way.kind));

describe('the ways to a release', () => {
  it('need no download if the release is built in or installed', () => {
    const installed = [{ way: { kind: 'installed', size: 0 } }];
    expect(waysTo(entryOf(1), stateOf(), 5000)).toEqual(installed);
    expect(waysTo(entryOf(2), stateOf(), 5000)).toEqual(installed);
  });

  it('are the patches from the releases that the device has, and the bundle, by their sizes', () => {
    const entry = entryOf(9, { patches: [patchFrom(1, 500), patchFrom(2, 400), patchFrom(3, 1)] });
    expect(waysTo(entry, stateOf(), 5000)).toEqual([
      {
        way: { kind: 'patch', from: digestOf(2), size: 400 },
        object: { sha256: digestOf(102), size: 400 },
      },
      {
        way: { kind: 'patch', from: BUILT_IN, size: 500 },
        object: { sha256: digestOf(101), size: 500 },
      },
      { way: { kind: 'bundle', size: 2000 }, object: entry.bundle },
    ]);
    const large = entryOf(9, { patches: [patchFrom(1, 2001)] });
    expect(waysOf(large, stateOf(), 5000)).toEqual(['bundle', 'patch 1']);
  });

  it('are no patches from a built-in release whose files were altered', () => {
    const entry = entryOf(9, { patches: [patchFrom(1, 500), patchFrom(2, 400)] });
    const altered = stateOf({ isBuiltInAltered: true });
    expect(waysOf(entry, altered, 5000)).toEqual(['patch 2', 'bundle']);
  });

  it('are no patches to a release that is larger than the largest image', () => {
    const entry = entryOf(9, { size: 1000, patches: [patchFrom(1, 500)] });
    expect(waysOf(entry, stateOf(), 1000)).toEqual(['patch 1', 'bundle']);
    expect(waysOf(entry, stateOf(), 999)).toEqual(['bundle']);
  });
});
