// Changes the share of devices that are offered a release.

import { FULL_ROLLOUT } from '../release/index-format.ts';
import { type ChangedIndex, editIndex } from './change-index.ts';
import { withAttributes } from './entry-attributes.ts';
import { findRelease } from './index-entries.ts';
import {
  CHANNEL_OPTIONS,
  type ChannelOptions,
  checkChannelOptions,
  checkNumber,
  checkText,
} from './options.ts';

/** Options of {@link setRollout}. */
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
 * @returns The new index, and the files to upload. `changed` is false if the release has this rollout already.
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
  return editIndex(options, (state) => {
    const entry = findRelease({ ...state, channel: options.channel }, release);
    const next = withAttributes(entry, { rollout });
    return { releases: state.releases.map((one) => (one === entry ? next : one)) };
  });
}
