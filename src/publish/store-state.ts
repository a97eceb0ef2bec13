// Reads the state that a publisher starts from: the present index, the trusted keys and the time.

import { realpath } from 'node:fs/promises';
import { MAX_SEAL_LENGTH } from '../release/document.ts';
import { MAX_INDEX_LENGTH, type ReleaseIndex } from '../release/index-format.ts';
import { timeText } from '../release/members.ts';
import type { ObjectReading } from './objects.ts';
import {
  type ChannelOptions,
  laterOf,
  listOfKeys,
  publicHalf,
  readPublishingClock,
} from './options.ts';
import { channelPath } from './paths.ts';
import { openOwn, storeError } from './store-error.ts';
import { checkFrom, openPlace, openWritable, type StorePlace } from './store-place.ts';
import { checkSigner, distinctKeys, openTrusted, readTrust, type Trust } from './trust.ts';

export interface State {
  /** The present index. Absent if the channel has none. */
  readonly before?: ReleaseIndex;
  /** The sealed bytes of the present index. */
  readonly sealed?: Uint8Array;
  /**
   * The sealed index that the folder to write has. Before the publisher replaces it, it checks that the file still has these
   * bytes. Absent if the folder has no index.
   */
  readonly inFolder?: Uint8Array;
  /** The entries that the next index starts from. */
  readonly releases: ReleaseIndex['releases'];
  readonly withdrawn: readonly string[];
  readonly useBuiltIn: boolean;
  readonly issuedAt: string;
  readonly trust: Trust;
  readonly reading: ObjectReading;
  /** The folder to write, and the place of the present store. */
  readonly places: { readonly store: StorePlace; readonly from: StorePlace };
}

const HOUR = 3_600_000;

/** An index that was read and verified. */
export interface FoundIndex {
  readonly sealed: Uint8Array;
  readonly index: ReleaseIndex;
  readonly sha256: string;
  readonly cacheControl?: string;
}

/** Reads and verifies the index of a channel. Returns `undefined` if the place has none. */
export async function findIndex(
  place: StorePlace,
  trust: Trust,
  { appId, channel, signal, hidesMissing = false }: IndexQuestion,
): Promise<FoundIndex | undefined> {
  const limit = MAX_INDEX_LENGTH + MAX_SEAL_LENGTH;
  const file = await place.read(channelPath(channel), { limit, hidesMissing, signal });
  if (file === undefined) return undefined;
  const { bytes: sealed, ...rest } = file;
  const about = { what: `the index of ${channel}`, place: place.name, keys: trust.indexKeys };
  const opened = await openOwn(about, () => openTrusted(sealed, trust, { appId, channel, signal }));
  return { sealed, ...rest, ...opened };
}

export interface IndexQuestion {
  readonly appId: string;
  readonly channel: string;
  readonly signal?: AbortSignal | undefined;
  readonly hidesMissing?: boolean;
}

export async function readStoreState(options: ChannelOptions): Promise<State> {
  const { appId, recoveryPublicKey, signal, earlierEpoch } = options;
  const store = openWritable(options.store);
  const isApart = options.from !== undefined && !(await isSame(options.from, options.store));
  const from = isApart ? openPlace(options.from as string, 'options.from', options.fetch) : store;
  if (isApart) await checkFrom(from);
  const places = isApart ? [store, from] : [store];
  const publicKey = await publicHalf(options.privateKey);
  const own = await distinctKeys([publicKey, ...listOfKeys(options.previousKeys)]);
  const trust = await readTrust(places, { appId, own, recoveryPublicKey, signal });
  await checkSigner(trust, publicKey);
  const { found, inFolder } = await findBefore({ store, from }, trust, options);
  const before = found?.index;
  const isEarlier = before !== undefined && before.epoch < trust.epoch;
  if (isEarlier && earlierEpoch === undefined) {
    throw storeError(
      `the index of ${options.channel} is of epoch ${before.epoch} and keys.sealed of epoch ${trust.epoch}: the owner of a retired key may have put releases into it. Check them, then pass earlierEpoch: 'keep', or 'drop' to begin with none`,
    );
  }
  const isKept = !(isEarlier && earlierEpoch === 'drop');
  return {
    ...(before && { before }),
    ...(found && { sealed: found.sealed }),
    ...(inFolder && { inFolder }),
    releases: isKept ? (before?.releases ?? []) : [],
    withdrawn: before?.withdrawn ?? [],
    useBuiltIn: isKept && (before?.useBuiltIn ?? false),
    issuedAt: issueTime(before, options),
    trust,
    reading: { places, keys: trust.objectKeys, appId, signal },
    places: { store, from },
  };
}

async function isSame(from: string, store: string): Promise<boolean> {
  if (from === store) return true;
  const real = (path: string) => realpath(path).catch(() => undefined);
  const place = await real(from);
  return place !== undefined && place === (await real(store));
}

/**
 * Finds the index that the next one follows: the published index, or the index in the folder if it is newer. An earlier run may
 * have made an index that nobody has uploaded yet.
 */
async function findBefore(
  { store, from }: State['places'],
  trust: Trust,
  options: ChannelOptions,
): Promise<{ readonly found?: FoundIndex; readonly inFolder?: Uint8Array }> {
  const { create = false } = options;
  const waiting = await findIndex(store, trust, options);
  const inFolder = waiting && { inFolder: waiting.sealed };
  if (from === store) {
    if (create && waiting !== undefined) throw alreadyCreated(options.channel, store);
    return { ...(waiting && { found: waiting }), ...inFolder };
  }
  const published = await findIndex(from, trust, { ...options, hidesMissing: create });
  if (create && published !== undefined) throw alreadyCreated(options.channel, from);
  if (published === undefined) {
    if (waiting === undefined && from.folder === undefined && !create) {
      throw storeError(
        `${from.name} has no index of the channel ${options.channel}: check the address. If the channel is new, publish to it with create: true`,
      );
    }
    return { ...(waiting && { found: waiting }), ...inFolder };
  }
  if (waiting === undefined) return { found: published };
  const order =
    waiting.index.epoch - published.index.epoch ||
    waiting.index.sequence - published.index.sequence;
  if (order === 0 && waiting.sha256 !== published.sha256) {
    throw storeError(
      `${store.name} holds an index ${waiting.index.sequence} of ${options.channel} that differs from the one at ${from.name}: somebody else has published in the meantime. Empty the folder and run this again`,
    );
  }
  return { found: order > 0 ? waiting : published, ...inFolder };
}

function alreadyCreated(channel: string, place: StorePlace): Error {
  return storeError(
    `${place.name} already has an index of the channel ${channel}: leave create out to add to this channel`,
  );
}

function issueTime(
  before: ReleaseIndex | undefined,
  { now, force = false }: ChannelOptions,
): string {
  const clock = readPublishingClock(now);
  const time = timeText(clock);
  if (before === undefined) return time;
  if (before.issuedAt > timeText(clock + HOUR) && !force) {
    throw storeError(
      `the previous index was signed at ${before.issuedAt}, but this clock says ${time}: one of the two clocks is wrong. Set this clock, or pass force: true`,
    );
  }
  return laterOf(time, before.issuedAt);
}
