// Verifies a store as devices use it: fetches and opens every object, and applies every patch.

import { selectBackend } from '../backend/select.ts';
import { decryptObject } from '../bundle/decrypt.ts';
import { BundleSealError } from '../errors.ts';
import { applyPatch } from '../release/apply-patch.ts';
import type { ReleaseFile } from '../release/files.ts';
import type { ReleaseEntry, ReleaseObject, ReleasePatch } from '../release/index-format.ts';
import { readClock } from '../release/index-order.ts';
import { releaseIdOf } from '../release/release-id-of-files.ts';
import { createPace } from '../turn.ts';
import { type BuiltInBase, readBuiltIn } from './bases.ts';
import { type ObjectReading, openRelease, readObject, releaseFiles } from './objects.ts';
import { checkNumber } from './options.ts';
import { channelPath, IMMUTABLE, objectPath } from './paths.ts';
import {
  channelsOf,
  type OpenStore,
  openStore,
  STORE_OPTIONS,
  type StoreOptions,
} from './reading-options.ts';
import { CHECK_ADDRESS, type FetchedFile } from './store-place.ts';
import { type FoundIndex, findIndex } from './store-state.ts';

/** Options of {@link verifyStore}. */
export interface VerifyOptions extends StoreOptions {
  /** The channels. Default: all channels in the folder. Required for an address. */
  readonly channels?: readonly string[];
  /** Milliseconds. An index that expires sooner is a problem. Default: a quarter of its lifetime. */
  readonly expiresWithin?: number;
  /** Folders of built-in releases, to apply the patches that start from them. Default: none. */
  readonly builtIn?: readonly string[];
  /** The clock: a `Date`, or milliseconds since 1970. Default: read as the call starts. */
  readonly now?: Date | number;
}

/** A fault of a store, as devices would meet it. */
export interface StoreProblem {
  /**
   * `index`: the index is missing, not genuine or malformed. `expired`: devices refuse the index. `expiring`: they soon will.
   * `object`: an object is missing or is another file. `release`: a bundle or a patch does not give the release that the index
   * names. `cache`: the server's Cache-Control hides new indexes from devices, or makes devices fetch objects twice.
   */
  readonly code: 'index' | 'expired' | 'expiring' | 'object' | 'release' | 'cache';
  /** The channel whose index names the file. */
  readonly channel: string;
  /** The path of the file in the store. If several objects have the same wrong Cache-Control, the path of the first one. */
  readonly path: string;
  /** The fault and what to do about it, in one sentence. */
  readonly message: string;
}

/** The result of {@link verifyStore}. */
export interface VerifiedStore {
  /** Empty if every device can get the releases that the indexes offer. */
  readonly problems: readonly StoreProblem[];
  /** The channels that were verified. */
  readonly channels: readonly string[];
  /** The number of bundles that were opened. */
  readonly releases: number;
  /** The number of patches that were applied. */
  readonly patches: number;
  /** The number of patches that were opened but not applied, because the release that they start from is not available. */
  readonly notApplied: number;
}

/**
 * Verifies a store as devices use it: fetches and opens each object, applies each patch to the release that it starts from, and
 * compares the results with the ids in the index. It also checks when the indexes expire and, over HTTP, the cache headers. It
 * reports faults of the store in `problems` and does not reject for them.
 *
 * Memory: at most two releases.
 *
 * @param options.expiresWithin - Milliseconds. Default: a quarter of the lifetime of each index.
 * @returns The faults of the store, and the numbers of channels, releases and patches that were verified.
 * @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names. {@link BundleSealError}
 * `ERR_KEY_INVALID`; `ERR_STORE` if the store has `keys.sealed` and `recoveryPublicKey` is missing, or if the folder has no
 * channel; `ERR_SOURCE_FAILED`, `ERR_FILE` if the store cannot be reached.
 * @see docs/guides/publishing.md#verify
 * @example
 * ```ts
 * import { mkdir, writeFile } from 'node:fs/promises';
 * import { keygen } from 'bundleseal';
 * import { publishRelease, verifyStore } from 'bundleseal/node';
 *
 * const { privateKey, publicKey } = await keygen();
 * await mkdir('dist', { recursive: true });
 * await writeFile('dist/index.html', '<!doctype html>');
 * const appId = 'com.example.app';
 * const channel = 'production';
 * await publishRelease('dist', { store: 'store', appId, channel, privateKey, version: '1.4.2' });
 * const { problems } = await verifyStore({ from: 'store', appId, publicKey });
 * console.log(problems); // []
 * ```
 */
export async function verifyStore(options: VerifyOptions): Promise<VerifiedStore> {
  const store = await openStore('verifyStore', options, {
    ...STORE_OPTIONS,
    channels: 'any',
    expiresWithin: 'any',
    builtIn: 'any',
    now: 'any',
  });
  const { expiresWithin, signal, appId } = options;
  if (expiresWithin !== undefined) {
    checkNumber(expiresWithin, 'expiresWithin', 0, Number.MAX_SAFE_INTEGER);
  }
  const clock = readClock(options.now);
  const channels = await channelsOf(store, options.channels);
  const builtIn = await readBuiltIn(options, signal);
  // The keys and the default limits of devices.
  const reading = {
    ...{ places: [store.place], keys: store.trust.deviceKeys, appId, limits: {}, signal },
  };
  const counts = { releases: 0, patches: 0, notApplied: 0 };
  const problems: StoreProblem[] = [];
  for (const channel of channels) {
    const say: Say = (code, path, message) => problems.push({ code, channel, path, message });
    const found = await openChannel(store, options, channel, say);
    if (found === undefined) continue;
    checkTimes(found, clock, expiresWithin, (code, message) =>
      say(code, channelPath(channel), message),
    );
    const shortLived = new Map<string, Set<string>>();
    const verifying = {
      reading,
      say,
      counts,
      shortLived,
      isRemote: store.place.folder === undefined,
    };
    await verifyReleases(found.index.releases, builtIn, verifying);
    sayShortLived(shortLived, say);
  }
  return { problems, channels, ...counts };
}

type Say = (code: StoreProblem['code'], path: string, message: string) => void;

interface Verifying {
  readonly reading: ObjectReading;
  readonly say: Say;
  readonly counts: { releases: number; patches: number; notApplied: number };
  readonly isRemote: boolean;
  /** By Cache-Control: the paths of objects that a device would fetch again, because caches drop them too soon. */
  readonly shortLived: Map<string, Set<string>>;
}

async function openChannel(
  { place, trust }: OpenStore,
  { appId, signal }: VerifyOptions,
  channel: string,
  say: Say,
): Promise<FoundIndex | undefined> {
  const path = channelPath(channel);
  const found = await attempt(
    () => findIndex(place, trust, { appId, channel, signal }),
    (message) => say('index', path, message),
    signal,
  );
  if (found === undefined) return undefined;
  const { value } = found;
  if (value === undefined) {
    say(
      'index',
      path,
      `${path} is missing in ${place.name}: publish to the channel, or check its name and ${place.folder === undefined ? CHECK_ADDRESS : 'the store'}`,
    );
    return undefined;
  }
  if (value.index.epoch !== trust.epoch) {
    say(
      'index',
      path,
      `the index is of epoch ${value.index.epoch} and keys.sealed of epoch ${trust.epoch}, so devices refuse it: refresh it`,
    );
  }
  const header = value.cacheControl;
  if (header !== undefined && !/(^|[\s,])(no-cache|no-store|max-age=0)($|[\s,])/i.test(header)) {
    say(
      'cache',
      path,
      `${path} has ${shownHeader(header)} and needs "no-cache": devices see new indexes late`,
    );
  }
  return value;
}

function checkTimes(
  { index }: FoundIndex,
  clock: number,
  expiresWithin: number | undefined,
  say: (code: 'expired' | 'expiring', message: string) => void,
): void {
  const end = Date.parse(index.expiresAt);
  const margin = expiresWithin ?? (end - Date.parse(index.issuedAt)) / 4;
  if (end <= clock) say('expired', `the index expired at ${index.expiresAt}: refresh it`);
  else if (end - clock < margin) {
    say('expiring', `the index expires at ${index.expiresAt}: refresh it`);
  }
}

/** Runs `work`. Reports a fault in the data by `say`. Throws an abort and every other error. */
async function attempt<T>(
  work: () => Promise<T>,
  say: (message: string) => void,
  signal: AbortSignal | undefined,
): Promise<{ readonly value: T } | undefined> {
  try {
    return { value: await work() };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof BundleSealError) || error.code === 'ERR_KEY_INVALID') throw error;
    say(error.message);
    return undefined;
  }
}

async function verifyReleases(
  entries: readonly ReleaseEntry[],
  builtIn: readonly BuiltInBase[],
  verifying: Verifying,
): Promise<void> {
  const applied = new Set<string>();
  for (const entry of entries) {
    const files = await verifyBundle(entry, verifying);
    if (files === undefined) continue;
    verifying.counts.releases += 1;
    await applyFrom(entry.id, files);
  }
  for (const { id, files } of builtIn) if (files !== undefined) await applyFrom(id, files);
  for (const { bundle: _, patches } of entries) {
    for (const patch of patches) {
      if (!applied.has(patch.sha256)) await openOnly(patch, verifying);
    }
  }

  /** Applies every patch that starts from the release `from`. */
  async function applyFrom(from: string, files: readonly ReleaseFile[]): Promise<void> {
    for (const target of entries) {
      const patch = target.patches.find((one) => one.from === from && !applied.has(one.sha256));
      if (patch === undefined) continue;
      applied.add(patch.sha256);
      if (await verifyPatch(patch, files, target, verifying)) verifying.counts.patches += 1;
    }
  }
}

async function verifyBundle(
  entry: ReleaseEntry,
  verifying: Verifying,
): Promise<readonly ReleaseFile[] | undefined> {
  const { reading, say } = verifying;
  const path = objectPath(entry.bundle.sha256);
  const found = await fetchObject(entry.bundle, verifying);
  if (found === undefined) return undefined;
  const opened = await attempt(
    () => openRelease(found.bytes, entry.id, reading),
    (message) => say('release', path, message),
    reading.signal,
  );
  if (opened === undefined) return undefined;
  const size = opened.value.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (size !== entry.size || opened.value.length !== entry.files) {
    say(
      'release',
      path,
      `release ${entry.version} has ${opened.value.length} files of ${size} bytes, but the index says ${entry.files} files of ${entry.size} bytes: publish it again`,
    );
  }
  return opened.value;
}

async function verifyPatch(
  patch: ReleasePatch,
  from: readonly ReleaseFile[],
  target: ReleaseEntry,
  verifying: Verifying,
): Promise<boolean> {
  const { reading, say } = verifying;
  const { keys, appId, signal } = reading;
  const path = objectPath(patch.sha256);
  const found = await fetchObject(patch, verifying);
  if (found === undefined) return false;
  const base = from.map(({ path: name, bytes }) => ({ path: name, data: bytes }));
  const made = await attempt(
    async () => {
      const options = { publicKey: keys, appId, signal };
      const files = await releaseFiles(await applyPatch(found.bytes, base, options), signal);
      return releaseIdOf(files, await selectBackend(), createPace(signal));
    },
    (message) => say('release', path, message),
    signal,
  );
  if (made === undefined) return false;
  if (made.value === target.id) return true;
  say('release', path, `the patch to ${target.version} makes another release: publish it again`);
  return false;
}

/** Checks that a patch is present and genuine if the release that it starts from is not available. */
async function openOnly(patch: ReleasePatch, verifying: Verifying): Promise<void> {
  const { reading, say, counts } = verifying;
  const { keys, appId, signal } = reading;
  const found = await fetchObject(patch, verifying);
  if (found === undefined) return;
  const opened = await attempt(
    () => decryptObject(found.bytes, { publicKey: keys, expect: { appId }, signal }, 'patch'),
    (message) => say('release', objectPath(patch.sha256), message),
    signal,
  );
  if (opened !== undefined) counts.notApplied += 1;
}

async function fetchObject(
  object: ReleaseObject,
  { reading, say, isRemote, shortLived }: Verifying,
): Promise<FetchedFile | undefined> {
  const path = objectPath(object.sha256);
  const found = await attempt(
    () => readObject(object, reading),
    (message) => say('object', path, message),
    reading.signal,
  );
  const header = found?.value.cacheControl ?? '';
  if (found !== undefined && isRemote && !isLongLived(header)) {
    shortLived.set(header, (shortLived.get(header) ?? new Set()).add(path));
  }
  return found?.value;
}

/** Reports all objects with the same header as one problem, because servers set headers by folder. */
function sayShortLived(shortLived: ReadonlyMap<string, ReadonlySet<string>>, say: Say): void {
  for (const [header, paths] of shortLived) {
    const [first = ''] = paths;
    const others = paths.size - 1;
    const objects = others === 1 ? 'other object' : 'other objects';
    const [subject, needs, them] =
      others === 0
        ? [`${first} has`, 'needs', 'it']
        : [`${first} and ${others} ${objects} have`, 'need', 'them'];
    say(
      'cache',
      first,
      `${subject} ${shownHeader(header)} and ${needs} "${IMMUTABLE}": devices fetch ${them} again`,
    );
  }
}

const DAY_IN_SECONDS = 86_400;

function isLongLived(cacheControl: string): boolean {
  const seconds = /(?:^|[\s,])max-age=(\d+)/i.exec(cacheControl)?.[1] ?? 0;
  const isKept = !/(^|[\s,])(no-cache|no-store)($|[\s,=])/i.test(cacheControl);
  return isKept && Number(seconds) >= DAY_IN_SECONDS;
}

function shownHeader(cacheControl: string): string {
  return cacheControl === '' ? 'no Cache-Control' : `Cache-Control ${JSON.stringify(cacheControl)}`;
}
