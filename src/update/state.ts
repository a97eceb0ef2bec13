// What a device remembers between two runs: one small file, whose changes are all in transitions.ts.

import { toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import type { Refuse } from '../release/json.ts';
import {
  digest,
  distinct,
  exactly,
  flag,
  integerFrom,
  listOf,
  objectOf,
  optional,
  type Reader,
  readDocument,
  text,
  time,
} from '../release/members.ts';
import type { StampFloor } from '../release/stamp.ts';
import { encodeUtf8 } from '../utf8.ts';

/** A release that the store has whole, beside the built-in one. */
export interface InstalledRelease {
  readonly id: string;
  /** Absent where the state was lost and the release was found in the store. */
  readonly version?: string;
  readonly createdAt: string;
  /** Native runtimes that it runs on. Absent: every one. */
  readonly runtime?: readonly string[];
}

/** A release that failed here. */
export interface BlockedRelease {
  readonly id: string;
  readonly reason: string;
  /** When it was blocked, in milliseconds since 1970. */
  readonly at: number;
  /** Until when. Absent: for good. */
  readonly until?: number;
}

/** A release that runs and has not been confirmed. */
interface Trial {
  readonly id: string;
  /** Page loads or process launches that were given it. */
  readonly starts: number;
}

/** What the last accepted index of a channel says that holds without the network. */
export interface AcceptedIndex extends StampFloor {
  readonly expiresAt: string;
  readonly withdrawn: readonly string[];
}

/** A page that was given a release and may still ask for its files. */
interface PinnedClient {
  readonly client: string;
  readonly id: string;
}

export interface LastCheck {
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly result: string;
}

/** Keys that a recovery key signed. */
export interface TrustedKeys {
  readonly epoch: number;
  readonly publicKeys: readonly string[];
  readonly retiredKeys: readonly string[];
}

export interface DeviceState {
  readonly format: 'bundleseal-device';
  readonly version: 1;
  /** Random, never sent: it decides about rollouts. */
  readonly deviceId: string;
  readonly channel: string;
  /** Id of the built-in release at the last start. */
  readonly builtIn: string;
  /** Id of the release that runs. */
  readonly running: string;
  /** The release that ran before and was confirmed. */
  readonly previous?: string;
  readonly trial?: Trial;
  /** A release that is whole in the store and waits for `activate`. */
  readonly ready?: string;
  /** The release that the next start takes. */
  readonly next?: string;
  /** The release that is being written. */
  readonly fetching?: string;
  readonly installed: readonly InstalledRelease[];
  readonly blocked: readonly BlockedRelease[];
  /** By channel, the highest index that was accepted, or that a stamp names. */
  readonly floors: readonly StampFloor[];
  readonly accepted: readonly AcceptedIndex[];
  /** Absent: the keys that are built in. */
  readonly keys?: TrustedKeys;
  readonly pinned: readonly PinnedClient[];
  /** Whether the files of the built-in release are not those that its stamp names: then it is no base of patches. */
  readonly isBuiltInAltered?: boolean;
  readonly lastCheck?: LastCheck;
}

/** The state takes some hundred bytes; this is what is read of one that something else wrote. */
const MAX_STATE_LENGTH = 4_194_304;

const floorShape = () => ({
  channel: text,
  epoch: integerFrom(0),
  sequence: integerFrom(0),
  issuedAt: time,
  sha256: digest,
});

const members: Reader<DeviceState> = /* @__PURE__ */ objectOf<DeviceState>(() => ({
  format: exactly('bundleseal-device'),
  version: exactly(1),
  deviceId: text,
  channel: text,
  builtIn: digest,
  running: digest,
  previous: optional(digest),
  trial: optional(objectOf<Trial>(() => ({ id: digest, starts: integerFrom(0) }))),
  ready: optional(digest),
  next: optional(digest),
  fetching: optional(digest),
  installed: distinct(
    listOf(
      objectOf<InstalledRelease>(() => ({
        id: digest,
        version: optional(text),
        createdAt: time,
        runtime: optional(listOf(text)),
      })),
    ),
    ({ id }) => id,
  ),
  blocked: distinct(
    listOf(
      objectOf<BlockedRelease>(() => ({
        id: digest,
        reason: text,
        at: integerFrom(0),
        until: optional(integerFrom(0)),
      })),
    ),
    ({ id }) => id,
  ),
  floors: distinct(listOf(objectOf<StampFloor>(floorShape)), ({ channel }) => channel),
  accepted: distinct(
    listOf(
      objectOf<AcceptedIndex>(() => ({
        ...floorShape(),
        expiresAt: time,
        withdrawn: listOf(digest),
      })),
    ),
    ({ channel }) => channel,
  ),
  keys: optional(
    objectOf<TrustedKeys>(() => ({
      epoch: integerFrom(1),
      publicKeys: listOf(text),
      retiredKeys: listOf(text),
    })),
  ),
  pinned: distinct(
    listOf(objectOf<PinnedClient>(() => ({ client: text, id: digest }))),
    ({ client }) => client,
  ),
  isBuiltInAltered: optional(flag),
  lastCheck: optional(objectOf<LastCheck>(() => ({ at: integerFrom(0), result: text }))),
}));

const refuse: Refuse = (reason) => new BundleSealError('ERR_STORE', reason);

/** The state that these bytes hold, or `undefined` if they hold none: a device then begins anew. */
export function readState(bytes: Uint8Array | undefined): DeviceState | undefined {
  if (bytes === undefined) return undefined;
  try {
    return readDocument(bytes, MAX_STATE_LENGTH, 'state', members, refuse, false);
  } catch {
    return undefined;
  }
}

export function encodeState(state: DeviceState): Uint8Array {
  return encodeUtf8(JSON.stringify(state));
}

/** What a device knows before its first start. */
export function newState(builtIn: string, channel: string): DeviceState {
  return {
    format: 'bundleseal-device',
    version: 1,
    deviceId: toHex(crypto.getRandomValues(new Uint8Array(16))),
    channel,
    builtIn,
    running: builtIn,
    installed: [],
    blocked: [],
    floors: [],
    accepted: [],
    pinned: [],
  };
}
