// Deletes the objects of a store that no device needs any more.

import { lstat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { onFile, UNREADABLE } from '../files/error.ts';
import { hasCode } from '../files/leniency.ts';
import { isTemporary } from '../files/temporary.ts';
import { checkOptions } from '../options.ts';
import type { ReleaseIndex } from '../release/index-format.ts';
import { readClock } from '../release/index-order.ts';
import { isDigest, timeText } from '../release/members.ts';
import { withLock } from './lock.ts';
import { namedBy } from './objects.ts';
import { checkFlag } from './options.ts';
import { channelPath, nameOfFile } from './paths.ts';
import { type OpenStore, openStore, STORE_OPTIONS, type StoreOptions } from './reading-options.ts';
import { storeError } from './store-error.ts';
import { listChannels, listFiles, openPlace } from './store-place.ts';
import { findIndex } from './store-state.ts';

/** Options of {@link prune}. */
export interface PruneOptions extends Omit<StoreOptions, 'from' | 'fetch'> {
  /** The folder of the store. A web server is not possible, because it can't be listed. */
  readonly store: string;
  /** Report the files that would be deleted, and delete nothing. Default false. */
  readonly dryRun?: boolean;
  /** The clock: a `Date`, or milliseconds since 1970. Default: read as the call starts. */
  readonly now?: Date | number;
}

/** The files that {@link prune} deleted, or would delete with `dryRun`. */
export interface Pruned {
  /** The files that were deleted, as paths in the store. */
  readonly deleted: readonly string[];
  /** The sum of the sizes of the deleted files, in bytes. */
  readonly size: number;
  /** The number of objects that stay. */
  readonly kept: number;
}

/** Milliseconds for which a new object stays although no index names it. Its publisher may still write the index. */
const GRACE = 7 * 24 * 3_600_000;

/**
 * Deletes the objects in a store's folder that no index names, neither for a release nor as `retired`. An object that was
 * written in the last seven days stays. `prune` opens every index in the folder first, and deletes nothing if it cannot open
 * one. It holds the lock that publishers to this folder take.
 *
 * @returns The paths of the deleted files, their size, and the number of objects that stay.
 * @throws `TypeError` for a wrong or unknown option, which the message names. {@link BundleSealError} `ERR_STORE` if the
 * folder has no index; `ERR_FILE` if the folder cannot be read or a file cannot be deleted; the errors of `openIndex` and
 * `openKeys` for an index or a list of keys that is not genuine.
 * @see docs/guides/publishing.md#prune
 * @example
 * ```ts
 * import { mkdir, writeFile } from 'node:fs/promises';
 * import { keygen } from 'bundleseal';
 * import { prune, publishRelease } from 'bundleseal/node';
 *
 * const { privateKey, publicKey } = await keygen();
 * await mkdir('dist', { recursive: true });
 * await writeFile('dist/index.html', '<!doctype html>');
 * const app = { store: 'store', appId: 'com.example.app' };
 * await publishRelease('dist', { ...app, channel: 'production', privateKey, version: '1.4.2' });
 * console.log((await prune({ ...app, publicKey })).deleted); // []
 * ```
 */
export async function prune(options: PruneOptions): Promise<Pruned> {
  const { store, dryRun, now, ...rest } = options;
  const reading: StoreOptions = { ...rest, from: store };
  // Before the lock, which a publisher may hold for minutes.
  checkOptions('prune', reading, STORE_OPTIONS);
  checkFlag(dryRun, 'dryRun');
  const clock = readClock(now);
  if (openPlace(store, 'options.store', undefined).folder === undefined) {
    throw new TypeError(
      'options.store expected a folder with a copy of the store, because a web server cannot be listed',
    );
  }
  const work = async () =>
    pruneFolder(await openStore('prune', reading, STORE_OPTIONS), options, clock);
  return dryRun === true ? work() : withLock(store, options.signal, work);
}

async function pruneFolder(
  { place, trust }: OpenStore,
  { store, appId, signal, dryRun = false }: PruneOptions,
  clock: number,
): Promise<Pruned> {
  const indexes: ReleaseIndex[] = [];
  for (const channel of await listChannels(store)) {
    const found = await findIndex(place, trust, { appId, channel, signal });
    // The list contains links too, and a link may lead to a missing file.
    if (found === undefined) {
      throw storeError(
        `${channelPath(channel)} in ${place.name} can't be read, so nothing was deleted: put the index back, or remove the file`,
      );
    }
    indexes.push(found.index);
  }
  if (indexes.length === 0) {
    throw storeError(
      `${place.name} has no index, so nothing was deleted: pass a copy of the whole store, with its folder channels`,
    );
  }
  const wanted = new Set(indexes.flatMap(({ releases }) => [...namedBy(releases)]));
  for (const { sha256, until } of indexes.flatMap(({ retired = [] }) => retired)) {
    if (until > timeText(clock)) wanted.add(sha256);
  }
  const deleted: string[] = [];
  let size = 0;
  let kept = 0;
  for (const file of (await listFiles(store, 'objects')).sort()) {
    signal?.throwIfAborted();
    const name = nameOfFile(file);
    const isObject = isDigest(name);
    // Deletes the temporary files of killed publishers too. Files of other programs stay.
    if (!isObject && !isTemporary(file)) continue;
    const path = join(store, 'objects', file);
    const stats = await onFile(path, UNREADABLE, lstat(path));
    if (!stats.isFile() || wanted.has(name ?? '') || clock - stats.mtimeMs < GRACE) {
      kept += isObject ? 1 : 0;
      continue;
    }
    if (!dryRun) {
      const removed = unlink(path).catch((error: unknown) => {
        if (!hasCode(error, 'ENOENT')) throw error;
      });
      await onFile(path, "can't be deleted", removed);
    }
    deleted.push(`objects/${file}`);
    size += stats.size;
  }
  return { deleted, size, kept };
}
