// Chooses the release that a device should run, from an index that the device has accepted.

import { sha256AtOnce } from '../backend/sha256.ts';
import { concat, fromHex } from '../bytes.ts';
import { checkOptions, describe } from '../options.ts';
import { encodeUtf8 } from '../utf8.ts';
import { checkName } from './document.ts';
import { FULL_ROLLOUT, type ReleaseEntry, type ReleaseIndex } from './index-format.ts';
import { isUnicode } from './json.ts';
import { isDigest, isTime } from './members.ts';

/** A release on a device. The index need not list it. */
export interface KnownRelease {
  /** The release id: 64 lower-case hex characters. */
  readonly id: string;
  /** Creation time: `YYYY-MM-DDTHH:MM:SSZ`, from its entry or its stamp. */
  readonly createdAt: string;
}

/** Options of {@link chooseRelease}. */
export interface ChooseOptions {
  /** The running release. If it is the built-in one, it has the id of `builtIn`. */
  readonly current: KnownRelease;
  /** The built-in release of the app, from its stamp. */
  readonly builtIn: KnownRelease;
  /**
   * The device's native runtime. Default: none; entries that name runtimes then do not suit the device.
   */
  readonly runtime?: string;
  /**
   * A random id that the device makes and never sends. It decides which rollouts include the device.
   */
  readonly deviceId: string;
  /** Ids of releases that failed on this device. Default: none. */
  readonly blocked?: Iterable<string>;
  /** Features of the device that an entry's `requires` may name. Default: none. */
  readonly features?: Iterable<string>;
}

/**
 * Chooses the release that a device should run: an entry of the index, the running release, or the built-in one.
 *
 * 1. `useBuiltIn`: the built-in release.
 * 2. An entry suits if its `runtime` includes the device's, the device knows all features in `requires`, the entry is
 *    neither withdrawn nor blocked, and its rollout includes the device.
 * 3. The index lists the running release, and it is neither withdrawn nor blocked: the first suiting entry before it;
 *    if there is none, the running release.
 * 4. The index does not list the running release: the first suiting entry that was made later; if there is none, the
 *    running release.
 * 5. The running release is withdrawn or blocked: the first suiting entry that was made later than the built-in
 *    release; if there is none, the built-in release.
 *
 * Therefore, neither a lower rollout nor an index after a native update moves a device back to an older release. The
 * result may be the entry of the built-in release, which needs no download.
 *
 * @param index - The result of `openIndex`. The call does not check it again.
 * @returns The entry of the release, or `'current'` or `'built-in'`.
 * @throws `TypeError` for a wrong or unknown option, which the message names.
 * @see docs/releases.md#which-release-a-device-runs
 * @example
 * ```ts
 * import { chooseRelease, type ReleaseEntry, type ReleaseIndex } from 'bundleseal/release';
 *
 * const [old, next] = ['a'.repeat(64), 'b'.repeat(64)] as const;
 * const entry: ReleaseEntry = {
 *   id: next,
 *   version: '1.4.2',
 *   createdAt: '2026-11-26T08:55:00Z',
 *   size: 39_083_903,
 *   files: 1097,
 *   bundle: { sha256: 'c'.repeat(64), size: 13_901_200 },
 *   patches: [{ from: old, sha256: 'd'.repeat(64), size: 35_900 }],
 * };
 * const index: ReleaseIndex = {
 *   format: 'bundleseal-index',
 *   version: 1,
 *   appId: 'com.example.app',
 *   channel: 'production',
 *   epoch: 0,
 *   sequence: 41,
 *   issuedAt: '2026-11-26T09:00:00Z',
 *   expiresAt: '2026-12-26T09:00:00Z',
 *   releases: [entry],
 * };
 * const builtIn = { id: old, createdAt: '2026-11-01T12:00:00Z' };
 * const chosen = chooseRelease(index, { current: builtIn, builtIn, deviceId: 'f3b1c8' });
 * if (typeof chosen === 'object') console.log(chosen.version);
 * ```
 */
export function chooseRelease(
  index: ReleaseIndex,
  options: ChooseOptions,
): ReleaseEntry | 'current' | 'built-in' {
  checkOptions('chooseRelease', options, {
    current: 'any',
    builtIn: 'any',
    runtime: 'any',
    deviceId: 'any',
    blocked: 'any',
    features: 'any',
  });
  const { current, builtIn, runtime, deviceId } = options;
  checkKnown(current, 'options.current');
  checkKnown(builtIn, 'options.builtIn');
  checkDeviceId(deviceId);
  if (runtime !== undefined) checkName(runtime, 'options.runtime');
  const refused = new Set(index.withdrawn);
  for (const id of setOf(options.blocked, 'options.blocked')) refused.add(id);
  const features = setOf(options.features, 'options.features');

  if (index.useBuiltIn === true) return 'built-in';

  const suits = (entry: ReleaseEntry): boolean =>
    (entry.runtime === undefined || (runtime !== undefined && entry.runtime.includes(runtime))) &&
    (entry.requires ?? []).every((feature) => features.has(feature)) &&
    !refused.has(entry.id) &&
    isRolledOut(entry, deviceId);
  // Times in this form can be compared as text.
  const firstAfter = ({ createdAt }: KnownRelease) =>
    index.releases.find((entry) => entry.createdAt > createdAt && suits(entry));

  if (refused.has(current.id)) return firstAfter(builtIn) ?? 'built-in';
  const at = index.releases.findIndex(({ id }) => id === current.id);
  if (at === -1) return firstAfter(current) ?? 'current';
  return index.releases.slice(0, at).find(suits) ?? 'current';
}

/**
 * Whether the rollout of a release includes a device. A device that is included at 10 % is also included at 20 %. The
 * devices differ for each release.
 */
function isRolledOut({ id, rollout = FULL_ROLLOUT }: ReleaseEntry, deviceId: string): boolean {
  return rollout === FULL_ROLLOUT || rolloutPlace(id, deviceId) < rollout;
}

/** Computes a device's place in the rollout of a release: 0 to 999. */
export function rolloutPlace(releaseId: string, deviceId: string): number {
  const label = encodeUtf8('bundleseal rollout v1');
  const digest = sha256AtOnce(concat(label, fromHex(releaseId), encodeUtf8(deviceId)));
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0) % FULL_ROLLOUT;
}

function checkKnown(release: KnownRelease, name: string): void {
  checkOptions(name, release, { id: 'any', createdAt: 'any' });
  if (!isDigest(release.id)) {
    throw new TypeError(`${name}.id expected a release id: 64 lower-case hex characters`);
  }
  if (!isTime(release.createdAt)) {
    throw new TypeError(`${name}.createdAt expected a time such as "2026-01-31T12:00:00Z"`);
  }
}

function checkDeviceId(deviceId: unknown): void {
  checkName(deviceId, 'options.deviceId');
  if (isUnicode(deviceId)) return;
  throw new TypeError(
    'options.deviceId has half of a surrogate pair: make it of letters and digits',
  );
}

/** Refuses a string, which would be an iterable of its characters. */
function setOf(items: Iterable<string> | undefined, name: string): ReadonlySet<string> {
  if (typeof items === 'string' || typeof (items ?? [])[Symbol.iterator] !== 'function') {
    throw new TypeError(`${name} expected a list of texts, got ${describe(items)}`);
  }
  return new Set(items);
}
