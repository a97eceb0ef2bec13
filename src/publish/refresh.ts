// Makes the index of a channel expire later.

import { type ChangedIndex, editIndex } from './change-index.ts';
import { CHANNEL_OPTIONS, type ChannelOptions, checkChannelOptions, checkFlag } from './options.ts';

/** Options of {@link refresh}. */
export interface RefreshOptions extends ChannelOptions {
  /** Whether every device has to run the built-in release of its app. Default: as in the present index. */
  readonly useBuiltIn?: boolean;
}

/**
 * Makes an index with the same content that expires later. Run it on a schedule, several times in the lifetime of an index.
 * Devices refuse an expired index and keep the release that they have.
 *
 * @returns The new index, and the files to upload.
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
  return editIndex(options, ({ releases }) => ({
    releases,
    isRefresh: true,
    useBuiltIn,
  }));
}
