// Makes the content of an index that offers a release: its entry, the patches to it, and the entries that stay.

import type { ReleaseFile } from '../release/files.ts';
import { imageLength } from '../release/image.ts';
import type { ReleaseEntry } from '../release/index-format.ts';
import { type BuiltInBase, basesFor } from './bases.ts';
import type { ChangedIndex, IndexContent, NewObject } from './change-index.ts';
import { dropOld, type KeepOptions, placed } from './index-entries.ts';
import type { ChannelOptions } from './options.ts';
import { makePatches, type SkippedPatch } from './patches.ts';
import type { State } from './store-state.ts';

/** A release that a channel offers now, and the files to upload for it. */
export interface PublishedRelease extends ChangedIndex {
  /** The entry of the release in the index. */
  readonly release: ReleaseEntry;
  /** Patches that were not made. */
  readonly skipped: readonly SkippedPatch[];
  /** Ids of other releases in the index that have the same version. Only an id tells them apart. */
  readonly sameVersion: readonly string[];
  /** The version that this release had in the index before. Absent if the version did not change. */
  readonly renamedFrom?: string;
}

/** The release to offer. */
export interface ReleaseOffer {
  /** Its entry, with the new attributes. */
  readonly entry: ReleaseEntry;
  /** Ids that stay withdrawn. */
  readonly withdrawn: readonly string[];
  readonly builtIn: readonly BuiltInBase[];
  /** Reads the files of the release. Called only if a patch to it is missing. */
  readonly readFiles: () => Promise<readonly ReleaseFile[]>;
  /** Bytes of work that are done before the patches, for `onProgress`. */
  readonly done: number;
}

/** The content of the next index, and the offered entry in it. */
export interface OfferedContent extends IndexContent {
  readonly release: ReleaseEntry;
  readonly objects: readonly NewObject[];
  readonly skipped: readonly SkippedPatch[];
}

/**
 * Puts a release into the list of a channel. Makes the missing patches to it, unless the channel has the release already and it
 * keeps its place.
 */
export async function offerRelease(
  state: State,
  { entry, withdrawn, builtIn, readFiles, done }: ReleaseOffer,
  options: ChannelOptions & KeepOptions,
): Promise<OfferedContent> {
  const { releases, reading } = state;
  const { privateKey, appId, signal, first = false } = options;
  const at = releases.findIndex(({ id }) => id === entry.id);
  const keepsPlace = at !== -1 && !(first && at > 0);
  const bases = keepsPlace ? [] : basesFor(entry, releases, builtIn, options, reading);
  const files = bases.length === 0 ? [] : await readFiles();
  const total = done + imageLength(files) * bases.length;
  const tell = (bytes: number) => options.onProgress?.({ done: done + bytes, total });
  tell(0);
  const { patches, objects, skipped } = await makePatches(files, entry.bundle.size, bases, {
    ...{ privateKey, appId, signal },
    onBytes: tell,
  });
  if (bases.length > 0) tell(total - done);
  const release = { ...entry, patches: [...entry.patches, ...patches] };
  const all = placed(releases, release, first);
  const isHeld = ({ id }: ReleaseEntry) =>
    id === release.id || builtIn.some((other) => other.id === id);
  return {
    ...{ release, withdrawn, objects, skipped },
    releases: keepsPlace ? all : dropOld(all, options, isHeld, withdrawn),
  };
}

/** Makes the result of a call that offered a release. */
export function publishedOf(
  changed: ChangedIndex,
  { release, skipped }: Pick<OfferedContent, 'release' | 'skipped'>,
): PublishedRelease {
  const sameVersion = changed.index.releases
    .filter(({ id, version }) => version === release.version && id !== release.id)
    .map(({ id }) => id);
  return { ...changed, release, skipped, sameVersion };
}
