// Lists the releases of a channel, from its verified index.

import type { ReleaseIndex } from '../release/index-format.ts';
import type { IndexMark } from '../release/index-order.ts';
import { checkPublishedChannel } from './paths.ts';
import { openStore, STORE_OPTIONS, type StoreOptions } from './reading-options.ts';
import { noChannel } from './store-place.ts';
import { findIndex } from './store-state.ts';

/** Options of {@link listReleases}. */
export interface ListOptions extends StoreOptions {
  /** The channel, e.g. `production`. */
  readonly channel: string;
}

/** The index of a channel, and its mark. A stamp may contain the mark as a floor. */
export interface ListedReleases {
  /** The verified index. It may have expired. */
  readonly index: ReleaseIndex;
  /** The mark of the index: pass `{ channel, ...mark }` to `stampRelease` as a floor. */
  readonly mark: IndexMark;
}

/**
 * Reads the index of a channel and verifies its signature. Accepts an expired index: see `index.expiresAt`.
 *
 * @returns The index, and its mark.
 * @throws `TypeError` for a wrong or unknown option, which the message names. {@link BundleSealError} `ERR_STORE` if the store
 * has no such channel; `ERR_FILE`, `ERR_SOURCE_FAILED` if the store cannot be read; the errors of `openIndex` and `openKeys`
 * for an index or a list of keys that is not genuine.
 * @see docs/guides/publishing.md
 * @example
 * ```ts
 * import { mkdir, writeFile } from 'node:fs/promises';
 * import { keygen } from 'bundleseal';
 * import { listReleases, publishRelease } from 'bundleseal/node';
 *
 * const { privateKey, publicKey } = await keygen();
 * await mkdir('dist', { recursive: true });
 * await writeFile('dist/index.html', '<!doctype html>');
 * const app = { channel: 'production', appId: 'com.example.app' };
 * await publishRelease('dist', { ...app, store: 'store', privateKey, version: '1.4.2' });
 * const { index } = await listReleases({ ...app, from: 'store', publicKey });
 * for (const { version, rollout = 1000 } of index.releases) console.log(version, rollout / 10, '%');
 * ```
 */
export async function listReleases(options: ListOptions): Promise<ListedReleases> {
  checkPublishedChannel(options?.channel);
  const { place, trust } = await openStore('listReleases', options, {
    ...STORE_OPTIONS,
    channel: 'any',
  });
  const found = await findIndex(place, trust, options);
  if (found === undefined) throw await noChannel(place, options.channel);
  const { index, sha256 } = found;
  const { epoch, sequence, issuedAt } = index;
  return { index, mark: { epoch, sequence, issuedAt, sha256 } };
}
