// Changes an index without a new object: withdraws a release, changes a rollout, and makes the index expire later.

import { FULL_ROLLOUT } from '../release/index-format.ts';
import { isDigest } from '../release/members.ts';
import { withAttributes } from './attributes.ts';
import { type ChangedIndex, changeIndex } from './change.ts';
import { findRelease } from './entries.ts';
import {
  CHANNEL_OPTIONS,
  type ChannelOptions,
  checkChannelOptions,
  checkFlag,
  checkNumber,
  checkText,
} from './options.ts';
import type { State } from './state.ts';
import { storeError } from './store-error.ts';

export interface WithdrawOptions extends ChannelOptions {
  /**
   * The id or version of the release, or the first 8 or more characters of its id. The call accepts a whole id even if the
   * index has no entry for it.
   */
  readonly release: string;
  /** Whether every device has to run the built-in release of its app. Default: as in the present index. */
  readonly useBuiltIn?: boolean;
}

/**
 * Withdraws a release: devices that run it go back to another release, and no device installs it. The entry stays in the index,
 * so that `publishRelease` and `promote` with `reinstate` can offer the release again. Withdrawing a release twice changes
 * nothing.
 *
 * @throws The errors of `publishRelease`, and {@link BundleSealError} `ERR_STORE` if the channel has no index or no such
 * release.
 * @see docs/guides/publishing.md#withdraw
 * @example
 * ```ts
 * import { mkdir, writeFile } from 'node:fs/promises';
 * import { keygen } from 'bundleseal';
 * import { publishRelease, withdraw } from 'bundleseal/node';
 *
 * const { privateKey } = await keygen();
 * await mkdir('dist', { recursive: true });
 * await writeFile('dist/index.html', '<!doctype html>');
 * const channel = { store: 'store', channel: 'production', privateKey, appId: 'com.example.app' };
 * await publishRelease('dist', { ...channel, version: '1.4.2' });
 * const { index } = await withdraw({ ...channel, release: '1.4.2' });
 * console.log(index.withdrawn?.length); // 1
 * ```
 */
export async function withdraw(options: WithdrawOptions): Promise<ChangedIndex> {
  checkChannelOptions('withdraw', options, {
    ...CHANNEL_OPTIONS,
    release: 'any',
    useBuiltIn: 'any',
  });
  checkText(options.release, 'release');
  checkFlag(options.useBuiltIn, 'useBuiltIn');
  const { release, useBuiltIn } = options;
  return change(options, (state) => {
    const { withdrawn, releases } = state;
    const id = isDigest(release)
      ? release
      : findRelease({ channel: options.channel, releases }, release).id;
    return {
      releases,
      withdrawn: withdrawn.includes(id) ? withdrawn : [...withdrawn, id],
      ...(useBuiltIn !== undefined && { useBuiltIn }),
    };
  });
}

export interface RolloutOptions extends ChannelOptions {
  /** The share of devices that are offered the release, in thousandths: an integer from 0 to 1000. */
  readonly rollout: number;
  /**
   * The id or version of the release, or the first 8 or more characters of its id. Default: the first release that is not
   * withdrawn.
   */
  readonly release?: string;
}

/**
 * Changes the share of devices that are offered a release. A higher rollout still includes the devices that the lower one
 * included. A lower rollout takes no device back to an older release.
 *
 * @throws The errors of `publishRelease`, and {@link BundleSealError} `ERR_STORE` if the channel has no index or no such
 * release.
 * @see docs/guides/publishing.md#roll-out-step-by-step
 * @example
 * ```ts
 * import { mkdir, writeFile } from 'node:fs/promises';
 * import { keygen } from 'bundleseal';
 * import { publishRelease, setRollout } from 'bundleseal/node';
 *
 * const { privateKey } = await keygen();
 * await mkdir('dist', { recursive: true });
 * await writeFile('dist/index.html', '<!doctype html>');
 * const channel = { store: 'store', channel: 'production', privateKey, appId: 'com.example.app' };
 * await publishRelease('dist', { ...channel, version: '1.4.2', rollout: 50 }); // 5 %
 * await setRollout({ ...channel, rollout: 250 });
 * ```
 */
export async function setRollout(options: RolloutOptions): Promise<ChangedIndex> {
  checkChannelOptions('setRollout', options, {
    ...CHANNEL_OPTIONS,
    rollout: 'any',
    release: 'any',
  });
  const { rollout, release } = options;
  checkNumber(rollout, 'rollout', 0, FULL_ROLLOUT);
  if (release !== undefined) checkText(release, 'release');
  return change(options, (state) => {
    const entry = findRelease({ ...state, channel: options.channel }, release);
    const next = withAttributes(entry, { rollout });
    return { releases: state.releases.map((one) => (one === entry ? next : one)) };
  });
}

export interface RefreshOptions extends ChannelOptions {
  /** Whether every device has to run the built-in release of its app. Default: as in the present index. */
  readonly useBuiltIn?: boolean;
}

/**
 * Makes an index with the same content that expires later. Run it on a schedule, several times in the lifetime of an index.
 * Devices refuse an expired index and keep the release that they have.
 *
 * @throws The errors of `publishRelease`, and {@link BundleSealError} `ERR_STORE` if the channel has no index.
 * @see docs/guides/publishing.md#refresh-on-a-schedule
 * @example
 * ```ts
 * import { mkdir, writeFile } from 'node:fs/promises';
 * import { keygen } from 'bundleseal';
 * import { publishRelease, refresh } from 'bundleseal/node';
 *
 * const { privateKey } = await keygen();
 * await mkdir('dist', { recursive: true });
 * await writeFile('dist/index.html', '<!doctype html>');
 * const channel = { store: 'store', channel: 'production', privateKey, appId: 'com.example.app' };
 * await publishRelease('dist', { ...channel, version: '1.4.2' });
 * const { index } = await refresh(channel);
 * console.log(index.sequence); // 2
 * ```
 */
export async function refresh(options: RefreshOptions): Promise<ChangedIndex> {
  checkChannelOptions('refresh', options, { ...CHANNEL_OPTIONS, useBuiltIn: 'any' });
  checkFlag(options.useBuiltIn, 'useBuiltIn');
  const { useBuiltIn } = options;
  return change(options, ({ releases }) => ({
    releases,
    isRefresh: true,
    ...(useBuiltIn !== undefined && { useBuiltIn }),
  }));
}

async function change(
  options: ChannelOptions,
  edit: (state: State) => Awaited<ReturnType<Parameters<typeof changeIndex>[1]>>,
): Promise<ChangedIndex> {
  const { edited: _, ...changed } = await changeIndex(options, async (state) => {
    if (state.before === undefined) {
      throw storeError(
        `${state.places.from.name} has no index of the channel ${options.channel}: publish a release first`,
      );
    }
    return edit(state);
  });
  return changed;
}
