// States of a device for the tests of single transitions. A number names a release, and is the time of its making.

import type { ReleaseStamp, StampFloor } from '../../src/release/stamp.ts';
import {
  type AcceptedIndex,
  type DeviceState,
  type InstalledRelease,
  newState,
} from '../../src/update/state.ts';
import { digestOf, timeOf } from './release-index.ts';

/** The id of the built-in release. */
export const BUILT_IN: string = digestOf(1);

export const installedOf = (n: number, runtime?: readonly string[]): InstalledRelease => ({
  id: digestOf(n),
  version: `1.${n}`,
  createdAt: timeOf(n),
  ...(runtime !== undefined && { runtime }),
});

/** A state with these installed releases. */
export const stateOf = (
  installed: readonly number[],
  rest: Partial<DeviceState> = {},
): DeviceState => ({
  ...newState(BUILT_IN, 'production'),
  deviceId: 'device',
  installed: installed.map((n) => installedOf(n)),
  ...rest,
});

export const stampOf = (n: number, floors?: readonly StampFloor[]): ReleaseStamp => ({
  format: 'bundleseal-stamp',
  version: 1,
  id: digestOf(n),
  createdAt: timeOf(n),
  ...(floors !== undefined && { floors }),
});

export const floorOf = (sequence: number, channel = 'production', epoch = 0): StampFloor => ({
  channel,
  epoch,
  sequence,
  issuedAt: timeOf(sequence),
  sha256: digestOf(sequence),
});

export const indexOf = (sequence: number, rest: Partial<AcceptedIndex> = {}): AcceptedIndex => ({
  ...floorOf(sequence),
  expiresAt: timeOf(99),
  withdrawn: [],
  offered: [],
  ...rest,
});
