// The index as JSON: its members and their rules.

import type { JsonValue } from '../format/metadata.ts';
import type { Refuse } from './json.ts';
import {
  digest,
  distinct,
  exactly,
  flag,
  freeObject,
  integerFrom,
  listOf,
  objectOf,
  optional,
  type Reader,
  readDocument,
  text,
  textUpTo,
  time,
} from './members.ts';

/** The most bytes of an index as JSON. */
export const MAX_INDEX_LENGTH = 1_048_576;

/** How long an index may be valid, in milliseconds: one minute to 3,650 days, and 30 days for the first index of a channel. */
export const INDEX_LIFETIME = {
  min: 60_000,
  max: 315_360_000_000,
  default: 2_592_000_000,
} as const;

/** The most bytes of a note in UTF-8. */
export const MAX_NOTE_LENGTH = 4096;

/** The value of a rollout to every device. */
export const FULL_ROLLOUT = 1000;

/** A sealed object in the store. */
export interface ReleaseObject {
  /** SHA-256 of the sealed file: 64 lower-case hex characters. It is the file's name in the store. */
  readonly sha256: string;
  /** Bytes of the sealed file. */
  readonly size: number;
}

/** A sealed patch in the store. */
export interface ReleasePatch extends ReleaseObject {
  /** Id of the release from which the patch starts. */
  readonly from: string;
}

/** A release in an index. */
export interface ReleaseEntry {
  /** The release id: 64 lower-case hex characters. Unique in an index. */
  readonly id: string;
  /** The release's version, in whatever scheme the app uses. */
  readonly version: string;
  /** Creation time of the release: `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly createdAt: string;
  /** Native runtimes that the release runs on, compared as exact strings. Absent: all runtimes. */
  readonly runtime?: readonly string[];
  /** Features that a device must have to run the release. Absent: none. */
  readonly requires?: readonly string[];
  /**
   * The share of devices that may install it, in thousandths: an integer from 0 to 1000. Absent: 1000.
   */
  readonly rollout?: number;
  /**
   * Whether the app should require the release before it continues. The app decides what to do. Absent: `false`.
   */
  readonly mandatory?: boolean;
  /** A note for people: at most 4 KiB of UTF-8. */
  readonly note?: string;
  /** Data of the publisher's own. */
  readonly meta?: { readonly [name: string]: JsonValue };
  /** Sum of the lengths of the files, in bytes. */
  readonly size: number;
  /** Number of files: 1 or more. */
  readonly files: number;
  /** The whole release as a sealed bundle. */
  readonly bundle: ReleaseObject;
  /** Patches to this release, each from a different release. */
  readonly patches: readonly ReleasePatch[];
}

/**
 * An object that no release of the index needs, but that devices with an older index may still fetch.
 */
export interface RetiredObject {
  /** SHA-256 of the sealed file: 64 lower-case hex characters. */
  readonly sha256: string;
  /** Time from which the object may be deleted: `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly until: string;
}

/** The releases that a channel offers, the preferred one first. `sealIndex` seals it and `openIndex` opens it. */
export interface ReleaseIndex {
  /** The type of the object. */
  readonly format: 'bundleseal-index';
  /** The version of the format. */
  readonly version: 1;
  /** The app id, e.g. `com.example.app`. */
  readonly appId: string;
  /** The channel, e.g. `production`. */
  readonly channel: string;
  /** The epoch of the keys that devices trust: 0 without a recovery key. Indexes are ordered by (epoch, sequence). */
  readonly epoch: number;
  /** Increases with every index of the channel: 0 to 2^53 - 1. */
  readonly sequence: number;
  /** Time of signing: `YYYY-MM-DDTHH:MM:SSZ`. Never earlier than in the previous index. */
  readonly issuedAt: string;
  /** Time from which devices refuse the index: `YYYY-MM-DDTHH:MM:SSZ`, later than `issuedAt`. */
  readonly expiresAt: string;
  /** The offered releases. A device takes the first one that suits it. */
  readonly releases: readonly ReleaseEntry[];
  /** Ids of releases that devices leave and do not install. Absent: none. */
  readonly withdrawn?: readonly string[];
  /** Whether every device has to run its built-in release. Absent: `false`. */
  readonly useBuiltIn?: boolean;
  /** Objects that the index needed before. Absent: none. */
  readonly retired?: readonly RetiredObject[];
}

const objectShape = () => ({ sha256: digest, size: integerFrom(0) });

const sealedObject: Reader<ReleaseObject> = /* @__PURE__ */ objectOf<ReleaseObject>(objectShape);

const patch: Reader<ReleasePatch> = /* @__PURE__ */ objectOf<ReleasePatch>(() => ({
  from: digest,
  ...objectShape(),
}));

const entry: Reader<ReleaseEntry> = /* @__PURE__ */ objectOf<ReleaseEntry>(() => ({
  id: digest,
  version: text,
  createdAt: time,
  runtime: optional(listOf(text)),
  requires: optional(listOf(text)),
  rollout: optional(integerFrom(0, FULL_ROLLOUT)),
  mandatory: optional(flag),
  note: optional(textUpTo(MAX_NOTE_LENGTH)),
  meta: optional(freeObject),
  size: integerFrom(0),
  files: integerFrom(1),
  bundle: sealedObject,
  patches: distinct(listOf(patch), ({ from }) => from),
}));

const retired: Reader<RetiredObject> = /* @__PURE__ */ objectOf<RetiredObject>(() => ({
  sha256: digest,
  until: time,
}));

const members: Reader<ReleaseIndex> = /* @__PURE__ */ objectOf<ReleaseIndex>(() => ({
  format: exactly('bundleseal-index'),
  version: exactly(1),
  appId: text,
  channel: text,
  epoch: integerFrom(0),
  sequence: integerFrom(0),
  issuedAt: time,
  expiresAt: time,
  releases: distinct(listOf(entry), ({ id }) => id),
  withdrawn: optional(listOf(digest)),
  useBuiltIn: optional(flag),
  retired: optional(listOf(retired)),
}));

/**
 * Reads the plain bytes of an index and checks every rule that does not need other data. Ignores unknown members,
 * because a newer publisher may add some.
 *
 * @param refuse - Makes the error that is thrown.
 * @param isOwn - Whether the caller is about to seal the index. Unknown members are then refused, because they are
 * probably misspelt.
 */
export function readIndex(bytes: Uint8Array, refuse: Refuse, isOwn: boolean): ReleaseIndex {
  const index = readDocument(bytes, MAX_INDEX_LENGTH, 'index', members, refuse, isOwn);
  if (index.issuedAt >= index.expiresAt) {
    throw refuse('index.expiresAt must be later than index.issuedAt');
  }
  return index;
}
