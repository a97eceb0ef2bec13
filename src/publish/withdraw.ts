// Withdraws a release of a channel.

import { isDigest } from '../release/members.ts';
import { type ChangedIndex, editIndex } from './change-index.ts';
import { findRelease } from './index-entries.ts';
import {
  CHANNEL_OPTIONS,
  type ChannelOptions,
  checkChannelOptions,
  checkFlag,
  checkText,
} from './options.ts';

/** Options of {@link withdraw}. */
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
 * @returns The new index, and the files to upload. `changed` is false if the release was withdrawn already.
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
  return editIndex(options, (state) => {
    const { withdrawn, releases } = state;
    const id = isDigest(release)
      ? release
      : findRelease({ channel: options.channel, releases }, release).id;
    return {
      releases,
      withdrawn: withdrawn.includes(id) ? withdrawn : [...withdrawn, id],
      useBuiltIn,
    };
  });
}
