// Offers a release of one channel in another one, or puts it in front of its own channel.

import { FULL_ROLLOUT, type ReleaseEntry } from '../release/index-format.ts';
import { type BuiltInBase, readBuiltIn } from './bases.ts';
import { changeIndex } from './change-index.ts';
import {
  ATTRIBUTE_OPTIONS,
  checkAttributes,
  type ReleaseAttributes,
  withAttributes,
} from './entry-attributes.ts';
import {
  checkKeep,
  findRelease,
  KEEP_OPTIONS,
  type KeepOptions,
  withIdOf,
  withoutWithdrawal,
} from './index-entries.ts';
import { readRelease } from './objects.ts';
import { offerRelease, type PublishedRelease, publishedOf } from './offer-release.ts';
import { CHANNEL_OPTIONS, type ChannelOptions, checkChannelOptions, checkText } from './options.ts';
import { checkPublishedChannel } from './paths.ts';
import { storeError } from './store-error.ts';
import { noChannel } from './store-place.ts';
import { findIndex, type State } from './store-state.ts';

/** Options of {@link promote}. */
export interface PromoteOptions extends ChannelOptions, ReleaseAttributes, KeepOptions {
  /**
   * The channel of the same store that has the release. Default: `channel`. The call then needs `release` and `first: true`.
   */
  readonly fromChannel?: string;
  /**
   * The id or version of the release, or the first 8 or more characters of its id. Default: the first release of the other
   * channel that is not withdrawn.
   */
  readonly release?: string;
}

/**
 * Offers a release of one channel in another channel of the same store, or with `first` puts an older release in front of its
 * own channel. The new index names the bundle of the release and those of its patches that start from a release of `channel`.
 * The call makes the patches that are missing. It copies the attributes of the release, except the rollout: without `rollout`,
 * every device is offered the release.
 *
 * @returns The entry of the release, the index, and the files to upload.
 * @throws The errors of `publishRelease`. `TypeError` also if `fromChannel` is `channel`, but `release` or `first: true` is
 * missing. {@link BundleSealError} `ERR_STORE` also if `fromChannel` does not exist, has no such release or has withdrawn it.
 * If only `channel` has withdrawn the release, `reinstate` offers it again.
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
  if (channel === fromChannel && (options.first !== true || options.release === undefined)) {
    throw new TypeError(
      'options.fromChannel expected another channel than options.channel, or options.release and first: true',
    );
  }
  const builtIn = await readBuiltIn(options, signal);
  const { edited, ...changed } = await changeIndex(options, async (state) => {
    const source = await findSource(state, options);
    // The present index may have no entry of the release, but its message names the version.
    const named = { ...state, releases: [source] };
    const withdrawn = withoutWithdrawal(named, source.id, options.reinstate);
    const entry = withAttributes(
      state.releases.find(({ id }) => id === source.id) ??
        withFittingPatches(source, state, builtIn),
      { ...options, rollout: options.rollout ?? FULL_ROLLOUT },
    );
    const readFiles = () => readRelease(entry, state.reading);
    return offerRelease(state, { entry, withdrawn, builtIn, readFiles, done: 0 }, options);
  });
  return publishedOf(changed, edited);
}

/** The entry with only those patches that start from a release of this channel or from a built-in release. */
function withFittingPatches(
  source: ReleaseEntry,
  { releases }: State,
  builtIn: readonly BuiltInBase[],
): ReleaseEntry {
  const bases = new Set([...releases, ...builtIn].map(({ id }) => id));
  return { ...source, patches: source.patches.filter(({ from }) => bases.has(from)) };
}

async function findSource(state: State, options: PromoteOptions): Promise<ReleaseEntry> {
  const { appId, channel, fromChannel = channel, release, signal } = options;
  const { store, from } = state.places;
  if (fromChannel === channel) {
    if (state.before === undefined) throw await noChannel(from, channel);
    return findRelease({ ...state, channel }, release);
  }
  const places = store === from ? [from] : [store, from];
  const found = await Promise.all(
    places.map((place) => findIndex(place, state.trust, { appId, channel: fromChannel, signal })),
  );
  const [newest] = found
    .flatMap((one) => one?.index ?? [])
    .sort((a, b) => b.epoch - a.epoch || b.sequence - a.sequence);
  if (newest === undefined) {
    throw await noChannel(from, fromChannel);
  }
  const isOffered = ({ id }: ReleaseEntry) => newest.withdrawn?.includes(id) !== true;
  if (release === undefined && !newest.releases.some(isOffered)) {
    throw storeError(`the channel ${fromChannel} offers no release: publish one to it`);
  }
  const entry = findRelease(newest, release);
  if (isOffered(entry)) return entry;
  throw storeError(
    `the channel ${fromChannel} has withdrawn ${withIdOf(entry.id, [entry])}: promote another one, or offer it in ${fromChannel} again first`,
  );
}
