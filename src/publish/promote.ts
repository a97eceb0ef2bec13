// Offers a release of one channel in another one, or puts it in front of its own channel.

import { imageLength } from '../release/image.ts';
import { FULL_ROLLOUT, type ReleaseEntry } from '../release/index-format.ts';
import {
  ATTRIBUTE_OPTIONS,
  checkAttributes,
  type ReleaseAttributes,
  withAttributes,
} from './attributes.ts';
import { basesFor, readBuiltIn } from './bases.ts';
import { changeIndex } from './change.ts';
import {
  checkKeep,
  dropOld,
  findRelease,
  KEEP_OPTIONS,
  type KeepOptions,
  keepOf,
  placed,
  withoutWithdrawal,
} from './entries.ts';
import { readRelease } from './objects.ts';
import {
  CHANNEL_OPTIONS,
  type ChannelOptions,
  checkChannelOptions,
  checkFlag,
  checkText,
} from './options.ts';
import { checkPublishedChannel } from './place.ts';
import { type PublishedRelease, publishedOf } from './publish.ts';
import { findIndex, type State } from './state.ts';
import { storeError } from './store-error.ts';
import { makeWays } from './ways.ts';

export interface PromoteOptions extends ChannelOptions, ReleaseAttributes, KeepOptions {
  /** The channel of the same store that has the release. Default: `channel`, which needs `release` and `first: true`. */
  readonly fromChannel?: string;
  /**
   * The id or version of the release, or the first 8 or more characters of its id. Default: the first release of another
   * channel that is not withdrawn.
   */
  readonly release?: string;
}

/**
 * Offers a release of one channel in another channel of the same store, or with `first` puts an older release of a channel in
 * front of it. The new index names the present bundle and the patches that fit. Only missing patches from releases of `channel`
 * are made. The attributes are copied except for the rollout, which is full unless `rollout` is given.
 *
 * @throws As `publishRelease`. `TypeError`: `fromChannel` is `channel`, and `release` or `first: true` is missing.
 * {@link BundleSealError} `ERR_STORE`: the channel has no such release, or has withdrawn it. `reinstate` offers a release again
 * that only `channel` has withdrawn.
 * @see docs/guides/publishing.md#promote
 * @see docs/guides/publishing.md#go-back-to-an-older-release
 * @example
 * ```ts
 * import { mkdir, writeFile } from 'node:fs/promises';
 * import { keygen } from 'bundleseal';
 * import { promote, publishRelease } from 'bundleseal/node';
 *
 * const { privateKey } = await keygen();
 * await mkdir('dist', { recursive: true });
 * await writeFile('dist/index.html', '<!doctype html>');
 * const store = { store: 'store', privateKey, appId: 'com.example.app' };
 * await publishRelease('dist', { ...store, channel: 'beta', version: '1.4.2' });
 * const { release } = await promote({ ...store, channel: 'production', fromChannel: 'beta' });
 * console.log(release.version);
 * ```
 */
export async function promote(options: PromoteOptions): Promise<PublishedRelease> {
  checkChannelOptions('promote', options, {
    ...CHANNEL_OPTIONS,
    ...ATTRIBUTE_OPTIONS,
    ...KEEP_OPTIONS,
    fromChannel: 'any',
    release: 'any',
  });
  const { channel, fromChannel = channel, signal } = options;
  checkPublishedChannel(fromChannel, 'options.fromChannel');
  if (options.release !== undefined) checkText(options.release, 'release');
  checkAttributes(options);
  checkKeep(options);
  checkFlag(options.first, 'first');
  checkFlag(options.reinstate, 'reinstate');
  if (channel === fromChannel && (options.first !== true || options.release === undefined)) {
    throw new TypeError(
      'options.fromChannel expected another channel than options.channel, or options.release and first: true',
    );
  }
  const builtIn = await readBuiltIn(options, signal);
  const { edited, ...changed } = await changeIndex(options, async (state) => {
    const source = await findSource(state, options);
    const { id } = source;
    const withdrawn = withoutWithdrawal(state, id, options.reinstate);
    const known = state.releases.find((one) => one.id === id);
    const isInPlace =
      known !== undefined && !(options.first === true && state.releases[0] !== known);
    const others = new Set(state.releases.map((one) => one.id));
    const patches = source.patches.filter(
      ({ from }) => others.has(from) || builtIn.some((one) => one.id === from),
    );
    const entry = withAttributes(known ?? { ...source, patches }, {
      rollout: FULL_ROLLOUT,
      ...options,
    });
    const bases = isInPlace ? [] : basesFor(entry, state.releases, builtIn, options, state.reading);
    const files = bases.length === 0 ? [] : await readRelease(entry, state.reading);
    const length = imageLength(files);
    const tell = (done: number) => options.onProgress?.({ done, total: length * bases.length });
    const ways = await makeWays(files, entry.bundle.size, bases, {
      ...{ privateKey: options.privateKey, appId: options.appId, signal },
      onBytes: tell,
    });
    tell(length * bases.length);
    const release = { ...entry, patches: [...entry.patches, ...ways.patches] };
    const isHeld = (one: ReleaseEntry) =>
      one.id === id || builtIn.some((other) => other.id === one.id);
    const all = placed(state.releases, release, options.first === true);
    return {
      ...{ release, withdrawn, skipped: ways.skipped, objects: ways.objects },
      releases: isInPlace ? all : dropOld(all, keepOf(options), isHeld, withdrawn),
    };
  });
  return publishedOf(changed, edited);
}

async function findSource(state: State, options: PromoteOptions): Promise<ReleaseEntry> {
  const { appId, channel, fromChannel = channel, release, signal } = options;
  const { store, from } = state.places;
  if (fromChannel === channel) {
    if (state.before !== undefined) return findRelease({ ...state, channel }, release);
    throw storeError(`${from.name} has no index of the channel ${channel}: check its name`);
  }
  const question = { appId, channel: fromChannel, signal };
  const found = await Promise.all(
    (store === from ? [from] : [store, from]).map((place) =>
      findIndex(place, state.trust, question),
    ),
  );
  const [newest] = found
    .flatMap((one) => one?.index ?? [])
    .sort((a, b) => b.epoch - a.epoch || b.sequence - a.sequence);
  if (newest === undefined) {
    throw storeError(`${from.name} has no index of the channel ${fromChannel}: check its name`);
  }
  const entry = findRelease(newest, release);
  if (newest.withdrawn?.includes(entry.id) !== true) return entry;
  throw storeError(
    `the channel ${fromChannel} has withdrawn the release ${entry.id}: promote another one`,
  );
}
