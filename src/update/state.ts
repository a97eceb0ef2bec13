// The state that a device keeps between two runs, in one small file. transitions.ts has all changes of the state.

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

/** A complete release in the store, except the built-in release. */
export interface InstalledRelease {
  readonly id: string;
  /** Absent if the release was found in the store after the state was lost. */
  readonly version?: string;
  readonly createdAt: string;
  /** The native runtimes that it runs on. Absent: every runtime. */
  readonly runtime?: readonly string[];
}

/** A release that failed on this device. */
export interface BlockedRelease {
  readonly id: string;
  readonly reason: string;
  /** When it was blocked, in milliseconds since 1970. */
  readonly at: number;
  /** The end of the block, in milliseconds since 1970. Absent: for good. */
  readonly until?: number;
}

/** The trial of a running release that is not confirmed. */
interface Trial {
  readonly id: string;
  /** The number of page loads or process launches that ran it. */
  readonly starts: number;
}

/** The parts of the last accepted index of a channel that the updater needs without the network. */
export interface AcceptedIndex extends StampFloor {
  readonly expiresAt: string;
  readonly withdrawn: readonly string[];
  /** The ids of its releases. The state keeps every block of one of them. */
  readonly offered: readonly string[];
}

/** An open page and the release that it runs. */
export interface PinnedClient {
  readonly client: string;
  /** Absent: the website serves the page. */
  readonly id?: string;
}

/** The last check of a device. */
export interface LastCheck {
  /** In milliseconds since 1970. */
  readonly at: number;
  /** As `status` shows it. */
  readonly result: string;
}

/**
 * The last check whose result was that the device should keep the running release. While neither the index nor another input of
 * the choice changes, the result is the same.
 */
export interface SettledCheck {
  /** When the index was last fetched as a whole, in milliseconds since 1970. */
  readonly at: number;
  /** SHA-256 of all inputs of the choice except the clock. */
  readonly inputs: string;
  /** The `ETag` of the index for each mirror. Empty in browsers, because their HTTP cache keeps the tags. */
  readonly tags: readonly { readonly mirror: string; readonly etag: string }[];
}

/** A list of keys that the recovery key signed. */
export interface TrustedKeys {
  readonly epoch: number;
  readonly publicKeys: readonly string[];
  readonly retiredKeys: readonly string[];
}

export interface DeviceState {
  readonly format: 'bundleseal-device';
  readonly version: 1;
  /** A random id that decides which rollouts include the device. The updater never sends it. */
  readonly deviceId: string;
  readonly channel: string;
  /** Id of the built-in release at the last start. */
  readonly builtIn: string;
  /** SHA-256 of the stamp of that release. Absent: not known. */
  readonly stamp?: string;
  /** Id of the release that runs. */
  readonly running: string;
  /** The release that ran before and was confirmed. */
  readonly previous?: string;
  readonly trial?: Trial;
  /** The complete release that `activate` would activate. */
  readonly ready?: string;
  /** The release that the next start runs. */
  readonly next?: string;
  /** The release that is being written. */
  readonly fetching?: string;
  readonly installed: readonly InstalledRelease[];
  readonly blocked: readonly BlockedRelease[];
  /** For each channel, the mark of the highest index that was accepted or that a stamp names. */
  readonly floors: readonly StampFloor[];
  readonly accepted: readonly AcceptedIndex[];
  /** Absent: the keys that are built in. */
  readonly keys?: TrustedKeys;
  readonly pinned: readonly PinnedClient[];
  /** The pages that were closed last. The browser may show one of them again from its back/forward cache. */
  readonly closed?: readonly PinnedClient[];
  /** True if the files of the built-in release differ from its stamp. Then no patch starts from it. */
  readonly isBuiltInAltered?: boolean;
  readonly lastCheck?: LastCheck;
  readonly settled?: SettledCheck;
}

/** The most bytes of a state. A usual state has some hundred bytes, so another program wrote a longer file. */
const MAX_STATE_LENGTH = 4_194_304;

const floorShape = () => ({
  channel: text,
  epoch: integerFrom(0),
  sequence: integerFrom(0),
  issuedAt: time,
  sha256: digest,
});

const clients = (): Reader<readonly PinnedClient[]> =>
  distinct(
    listOf(objectOf<PinnedClient>(() => ({ client: text, id: optional(digest) }))),
    ({ client }) => client,
  );

const members: Reader<DeviceState> = /* @__PURE__ */ objectOf<DeviceState>(() => ({
  format: exactly('bundleseal-device'),
  version: exactly(1),
  deviceId: text,
  channel: text,
  builtIn: digest,
  stamp: optional(digest),
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
        offered: listOf(digest),
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
  pinned: clients(),
  closed: optional(clients()),
  isBuiltInAltered: optional(flag),
  lastCheck: optional(objectOf<LastCheck>(() => ({ at: integerFrom(0), result: text }))),
  settled: optional(
    objectOf<SettledCheck>(() => ({
      at: integerFrom(0),
      inputs: digest,
      tags: listOf(objectOf<SettledCheck['tags'][number]>(() => ({ mirror: text, etag: text }))),
    })),
  ),
}));

const refuse: Refuse = (reason) => new BundleSealError('ERR_STORE', reason);

/** Parses a state. Returns `undefined` if the bytes are not a state. The device then starts with a new state. */
export function readState(bytes: Uint8Array | undefined): DeviceState | undefined {
  if (bytes === undefined) return undefined;
  try {
    return readDocument(bytes, MAX_STATE_LENGTH, 'state', members, refuse, false);
  } catch {
    return undefined;
  }
}

/**
 * Encodes a state, and checks that {@link readState} accepts it. Otherwise the device would lose the state at its next start, and
 * would accept indexes and releases that it has refused before.
 *
 * @throws {@link BundleSealError} `ERR_STORE` if {@link readState} does not accept the state.
 */
export function encodeState(state: DeviceState): Uint8Array {
  const bytes = encodeUtf8(JSON.stringify(state));
  if (readState(bytes) !== undefined) return bytes;
  throw refuse('the new state is not valid, so the previous one was kept: report this as a bug');
}

/** Cuts a text to `length` UTF-16 code units, and replaces halves of surrogate pairs, which UTF-8 cannot encode. */
export function storableText(value: string, length: number): string {
  return value.slice(0, length).replace(/\p{Surrogate}/gu, '\ufffd');
}

/** The state before the first start. */
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
