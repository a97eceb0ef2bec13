// Makes the next index of a channel. Every change of a channel goes through this module.

import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { equalBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { makeFolders } from '../files/calls.ts';
import { fileError, onFile } from '../files/error.ts';
import { replaceFile } from '../files/replace.ts';
import {
  INDEX_LIFETIME,
  MAX_INDEX_LENGTH,
  type ReleaseEntry,
  type ReleaseIndex,
} from '../release/index-format.ts';
import { timeText } from '../release/members.ts';
import { sealIndex } from '../release/seal-index.ts';
import { encodeUtf8 } from '../utf8.ts';
import { liveFiles } from './full-output.ts';
import { type CheckLock, withLock } from './lock.ts';
import { retire } from './objects.ts';
import type { ChannelOptions } from './options.ts';
import { channelPath, objectPath } from './paths.ts';
import { storeError } from './store-error.ts';
import { readStoreState, type State } from './store-state.ts';

/** A sealed object that the store does not have yet. */
export interface NewObject {
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** The content of the next index. */
export interface IndexContent {
  readonly releases: readonly ReleaseEntry[];
  readonly withdrawn?: readonly string[];
  readonly useBuiltIn?: boolean | undefined;
  readonly objects?: readonly NewObject[];
  /** Make a new index even if its content has not changed. */
  readonly isRefresh?: boolean;
}

/** An index that was made, and the files to upload for it. */
export interface ChangedIndex {
  /** False if the store has this index already. The call then made no index. */
  readonly changed: boolean;
  /** The new index, or the present one if `changed` is false. */
  readonly index: ReleaseIndex;
  /** The paths of the written files in the store, in the order in which you have to upload them. With `dryRun`, no file is written. */
  readonly written: readonly string[];
}

export const UNMAKEABLE = "can't be made, or is no folder to write to";

/**
 * Reads the state of a store, calls `edit` for the content of the next index, and writes the objects and then the index. Holds
 * the lock of the folder meanwhile.
 */
export async function changeIndex<T extends IndexContent>(
  options: ChannelOptions,
  edit: (state: State) => Promise<T>,
): Promise<ChangedIndex & { readonly edited: T }> {
  const { store, signal, dryRun = false } = options;
  signal?.throwIfAborted();
  const work = async (check: CheckLock) => {
    const state = await readStoreState(options);
    const edited = await edit(state);
    const next = composeIndex(state, edited, options);
    const changed = edited.isRefresh === true || !isSameIndex(state, edited);
    const index = changed ? next : (state.before as ReleaseIndex);
    const sealed = changed
      ? await sealIndex(next, { privateKey: options.privateKey, signal })
      : (state.sealed as Uint8Array);
    const isFull = options.out === 'full' && state.places.from !== state.places.store;
    const made = changed ? (edited.objects ?? []) : [];
    const live = isFull && !dryRun ? await liveFiles(state, index, made, options) : [];
    const files = [
      ...live,
      ...made.map(({ sha256, bytes }) => [objectPath(sha256), bytes] as const),
    ].sort(([one], [other]) => rank(one) - rank(other));
    const path = channelPath(options.channel);
    if (!dryRun) {
      for (const [name, bytes] of files) await writeStoreFile(store, name, bytes, signal);
      if (changed || isFull) {
        await check();
        await checkUnchanged(state);
        await writeStoreFile(store, path, sealed, signal);
      }
    }
    const written = [...files.map(([name]) => name), ...(changed || isFull ? [path] : [])];
    return { changed, index, written, edited };
  };
  if (dryRun) return work(async () => {});
  for (const folder of [store, join(store, 'objects'), join(store, 'channels')]) {
    await onFile(folder, UNMAKEABLE, makeFolders(folder));
  }
  return withLock(store, signal, work);

  /** Throws if the index in the folder has changed. A program that takes no lock may have copied an index there. */
  async function checkUnchanged({ inFolder, places }: State): Promise<void> {
    const limit = Number.POSITIVE_INFINITY;
    const now = await places.store.read(channelPath(options.channel), { limit, signal });
    const isSame =
      now === undefined
        ? inFolder === undefined
        : equalBytes(now.bytes, inFolder ?? new Uint8Array());
    if (isSame) return;
    throw storeError(
      `the index of ${options.channel} in ${places.store.name} was replaced meanwhile: nothing was overwritten, run this again`,
    );
  }
}

/** Makes the next index of a channel that has one, without a new object. */
export async function editIndex(
  options: ChannelOptions,
  edit: (state: State) => IndexContent | Promise<IndexContent>,
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

/** Orders uploads: a device must find the objects before it reads the index that names them. */
function rank(path: string): number {
  return path.startsWith('objects/') ? 0 : 1;
}

function composeIndex(state: State, edited: IndexContent, options: ChannelOptions): ReleaseIndex {
  const { before, issuedAt, trust } = state;
  const lifetime =
    options.expiresIn ??
    (before ? Date.parse(before.expiresAt) - Date.parse(before.issuedAt) : INDEX_LIFETIME.default);
  const expiresAt = timeText(Date.parse(issuedAt) + lifetime);
  const { releases, withdrawn = state.withdrawn, useBuiltIn = state.useBuiltIn } = edited;
  const retired = retire(before, { releases, issuedAt, expiresAt });
  const next: ReleaseIndex = {
    format: 'bundleseal-index',
    version: 1,
    appId: options.appId,
    channel: options.channel,
    epoch: trust.epoch,
    sequence: (before?.sequence ?? 0) + 1,
    issuedAt,
    expiresAt,
    releases,
    ...(withdrawn.length > 0 && { withdrawn }),
    ...(useBuiltIn && { useBuiltIn }),
    ...(retired.length > 0 && { retired }),
  };
  const length = encodeUtf8(JSON.stringify(next)).length;
  if (length <= MAX_INDEX_LENGTH) return next;
  throw new BundleSealError(
    'ERR_LIMIT_EXCEEDED',
    `the index would have ${length} bytes, but devices accept at most ${MAX_INDEX_LENGTH}: keep fewer releases or patches, or shorten notes and meta`,
    { limit: 'keep' },
  );
}

function isSameIndex(state: State, edited: IndexContent): boolean {
  const { before, trust, useBuiltIn, withdrawn } = state;
  if (before === undefined || before.epoch !== trust.epoch) return false;
  return (
    isDeepStrictEqual(edited.releases, before.releases) &&
    isDeepStrictEqual(edited.withdrawn ?? withdrawn, withdrawn) &&
    (edited.useBuiltIn ?? useBuiltIn) === useBuiltIn
  );
}

/**
 * Writes a file atomically: under a temporary name, flushed, then renamed.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if a link has the name of the file. With a link, an attacker who can write to the
 * store could make the publisher overwrite a file outside of it.
 */
export async function writeStoreFile(
  store: string,
  path: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const place = join(store, path);
  const there = await lstat(place).catch(() => undefined);
  if (there?.isSymbolicLink() === true) {
    throw fileError(place, 'is a link, but a publisher writes only to files: remove the link');
  }
  await replaceFile({ mode: 0o666 }, place, signal, (file) => file.write(bytes, 0));
}
