// Describes the state of a device for support.

import { timeText } from '../release/members.ts';
import type { ReleaseStamp } from '../release/stamp.ts';
import { isActivationWaiting } from './page-bindings.ts';
import type { DeviceState } from './state.ts';
import { acceptedOf } from './transitions.ts';

/** A release as `status` shows it. */
export interface ReleaseStatus {
  /** The release id: 64 hex characters. */
  readonly id: string;
  /** Absent for the built-in release, and for a release that was found after the state was lost. */
  readonly version?: string;
  /** The time of its build: `YYYY-MM-DDTHH:MM:SSZ`. Absent if the device does not know it. */
  readonly createdAt?: string;
  /** Whether it is the release that the app was shipped with. */
  readonly isBuiltIn: boolean;
}

/** What `status` of an `Updater` shows. */
export interface UpdaterStatus {
  /** The channel that the device follows. */
  readonly channel: string;
  /** The release that the app was shipped with. */
  readonly builtIn: ReleaseStatus;
  /** The release that runs. After a rollback: the release that the next start runs. */
  readonly running: ReleaseStatus;
  /** Present while the running release is not confirmed. */
  readonly trial?: { readonly starts: number };
  /** The confirmed release that a rollback returns to. */
  readonly previous?: ReleaseStatus;
  /** A downloaded release that `activate` would activate. */
  readonly ready?: ReleaseStatus;
  /** The release that the next start runs. */
  readonly next?: ReleaseStatus;
  /** Whether `next` has to wait until pages that use older releases are closed. */
  readonly isActivationWaiting: boolean;
  /** The complete releases in the store. */
  readonly installed: readonly ReleaseStatus[];
  /** The releases that failed on this device, and the reasons. */
  readonly blocked: readonly {
    readonly id: string;
    readonly reason: string;
    /** The end of the block: `YYYY-MM-DDTHH:MM:SSZ`. Absent: for good. */
    readonly until?: string;
  }[];
  /** The last accepted index of the channel. Its times are `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly index?: {
    readonly epoch: number;
    readonly sequence: number;
    readonly issuedAt: string;
    readonly expiresAt: string;
  };
  /** The last check. Absent before the first one. */
  readonly lastCheck?: {
    /** When it was made: `YYYY-MM-DDTHH:MM:SSZ`. */
    readonly at: string;
    /** `current`, `current, stale: CODE` with the code of the error, `offline`, or `available: ID` with the id of the release. */
    readonly result: string;
  };
}

export function describeStatus(state: DeviceState, stamp: ReleaseStamp): UpdaterStatus {
  const { channel, trial, previous, ready, next, lastCheck } = state;
  const index = acceptedOf(state);
  const describe = (id: string): ReleaseStatus => {
    const isBuiltIn = id === state.builtIn;
    if (isBuiltIn) return { id, createdAt: stamp.createdAt, isBuiltIn };
    const found = state.installed.find((release) => release.id === id);
    return {
      id,
      ...(found?.version !== undefined && { version: found.version }),
      ...(found !== undefined && { createdAt: found.createdAt }),
      isBuiltIn,
    };
  };
  return {
    channel,
    builtIn: describe(state.builtIn),
    running: describe(state.running),
    ...(trial !== undefined && { trial: { starts: trial.starts } }),
    ...(previous !== undefined && { previous: describe(previous) }),
    ...(ready !== undefined && { ready: describe(ready) }),
    ...(next !== undefined && { next: describe(next) }),
    isActivationWaiting: isActivationWaiting(state),
    installed: state.installed.map(({ id }) => describe(id)),
    blocked: state.blocked.map(({ id, reason, until }) => ({
      id,
      reason,
      ...(until !== undefined && { until: timeText(until) }),
    })),
    ...(index !== undefined && {
      index: {
        epoch: index.epoch,
        sequence: index.sequence,
        issuedAt: index.issuedAt,
        expiresAt: index.expiresAt,
      },
    }),
    ...(lastCheck !== undefined && {
      lastCheck: { at: timeText(lastCheck.at), result: lastCheck.result },
    }),
  };
}
