// Publishes a build: its bundle, patches to it, and the index that offers it.

import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { zipBundle } from '../archive/write/zip.ts';
import { selectBackend } from '../backend/select.ts';
import { encryptObject } from '../bundle/encrypt.ts';
import { toHex } from '../bytes.ts';
import { checkPath, fileError } from '../files/error.ts';
import { holds } from '../files/place.ts';
import {
  FOLDER_OPTIONS,
  type ReadDirectoryOptions,
  readDirectory,
} from '../files/read-directory.ts';
import { realFolder } from '../files/zip-directory.ts';
import type { ReleaseFile } from '../release/files.ts';
import { releaseIdOf } from '../release/id.ts';
import { imageLength } from '../release/image.ts';
import type { ReleaseEntry } from '../release/index-format.ts';
import { createPace } from '../turn.ts';
import {
  ATTRIBUTE_OPTIONS,
  checkAttributes,
  type ReleaseAttributes,
  withAttributes,
} from './attributes.ts';
import { basesFor, readBuiltIn } from './bases.ts';
import { type ChangedIndex, changeIndex, type NewObject } from './change.ts';
import {
  checkKeep,
  dropOld,
  KEEP_OPTIONS,
  type KeepOptions,
  keepOf,
  placed,
  withoutWithdrawal,
} from './entries.ts';
import { releaseFiles } from './objects.ts';
import {
  CHANNEL_OPTIONS,
  type ChannelOptions,
  checkChannelOptions,
  checkFlag,
  checkText,
} from './options.ts';
import { makeWays, type SkippedPatch } from './ways.ts';

export interface PublishOptions
  extends ChannelOptions,
    ReleaseAttributes,
    KeepOptions,
    Omit<ReadDirectoryOptions, 'signal'> {
  /** The version of the release, in any scheme. */
  readonly version: string;
}

/** A release that a channel offers now, and the files to upload for it. */
export interface PublishedRelease extends ChangedIndex {
  readonly release: ReleaseEntry;
  /** Patches that were not made. */
  readonly skipped: readonly SkippedPatch[];
  /** Ids of other releases in the index with the same version, so that only an id tells them apart. */
  readonly sameVersion: readonly string[];
  /** The version that this release had in the index before, if it was another one. */
  readonly renamedFrom?: string;
}

/**
 * Publishes a build to a channel: seals it, makes patches to it from the releases that the channel offers, and makes the next
 * index. Writes the new files into the folder `store`: the objects first, then the index. Each file appears complete or not at
 * all.
 *
 * The publisher keeps no state of its own. It reads the present index and the bundles of the last releases from `from`, and
 * verifies them with the public half of the key. It does not seal a release again that the index has: new attributes change
 * the entry, and publishing the same folder twice changes nothing. Two publishers to one folder take turns, and the second one
 * starts from the index of the first. A killed publisher leaves the old index, or the new one with all its objects.
 *
 * Reads the files of the folder by the rules of `zipDirectory`, without the stamp `bundleseal-release.json` in the root. Several
 * patches are made at the same time, on up to four cores; their plain bytes are the same with any number of cores. Takes the
 * memory of the files, of the bundle and of `createPatch`; at most 1 GiB, and half of the free memory, for patches that are
 * made at the same time.
 *
 * @param dir - The folder of the build. Links in it are refused.
 * @param options.store - The folder to write. It is also the default of `from`.
 * @param options.from - The place of the present store: an `https://` address (of the origin, not of a CDN), or a folder.
 * @param options.patches - The number of releases that patches are made from. Default 5. A patch is kept if it takes less than
 * 90 % of the bundle.
 * @param options.keep - The number of releases of each native runtime that stay in the index. Default 10. The objects of the
 * others are kept as `retired` until every index that named them has expired.
 * @param options.expiresIn - Milliseconds, from a minute to ten years.
 * @param options.onProgress - Called with bytes. The total is the size of the files, and that size again for each patch.
 * @throws `TypeError`, `RangeError`: a wrong or unknown option, by name. {@link BundleSealError} `ERR_ARCHIVE_INVALID`: a file
 * that may not be published, such as a link or a private key. `ERR_LIMIT_EXCEEDED`: a limit of zips, or an index of over
 * 1 MiB. `ERR_STORE`: the state of the store does not allow it; the message says what to do. `ERR_FILE`, `ERR_SOURCE_FAILED`:
 * the store can't be read or written. The errors of `openIndex` and `openKeys` for an index that is not the publisher's.
 * @see docs/guides/publishing.md
 * @example
 * ```ts
 * import { mkdir, writeFile } from 'node:fs/promises';
 * import { keygen } from 'bundleseal';
 * import { publishRelease } from 'bundleseal/node';
 *
 * const { privateKey } = await keygen();
 * await mkdir('dist', { recursive: true });
 * await writeFile('dist/index.html', '<!doctype html>');
 * const { written } = await publishRelease('dist', {
 *   store: 'store',
 *   channel: 'production',
 *   privateKey,
 *   appId: 'com.example.app',
 *   version: '1.4.2',
 * });
 * console.log(written); // upload these in this order
 * ```
 */
export async function publishRelease(
  dir: string,
  options: PublishOptions,
): Promise<PublishedRelease> {
  checkPath('dir', dir);
  checkChannelOptions('publishRelease', options, {
    ...CHANNEL_OPTIONS,
    ...ATTRIBUTE_OPTIONS,
    ...KEEP_OPTIONS,
    ...FOLDER_OPTIONS,
    version: 'any',
  });
  checkText(options.version, 'version');
  checkAttributes(options);
  checkKeep(options);
  checkFlag(options.first, 'first');
  checkFlag(options.reinstate, 'reinstate');
  const { signal, version } = options;
  await checkOutside(dir, options.store);
  const files = await releaseFiles(await readDirectory(dir, folderOptions(options)), signal);
  const id = await releaseIdOf(files, await selectBackend(), createPace(signal));
  const builtIn = await readBuiltIn(options, signal);
  const { edited, ...changed } = await changeIndex(options, async (state) => {
    const withdrawn = withoutWithdrawal(state, id, options.reinstate);
    const known = state.releases.find((one) => one.id === id);
    const made = known === undefined ? await seal(files, options) : undefined;
    const isInPlace =
      known !== undefined && !(options.first === true && state.releases[0] !== known);
    const before: ReleaseEntry = known ?? {
      ...{ id, version, createdAt: state.issuedAt, size: sizeOf(files), files: files.length },
      bundle: { sha256: made?.sha256 ?? '', size: made?.bytes.length ?? 0 },
      patches: [],
    };
    const entry = withAttributes({ ...before, version }, options);
    const bases = isInPlace ? [] : basesFor(entry, state.releases, builtIn, options, state.reading);
    const length = imageLength(files);
    const tell = (done: number) =>
      options.onProgress?.({ done, total: length * (1 + bases.length) });
    tell(length);
    const ways = await makeWays(files, entry.bundle.size, bases, {
      ...{ privateKey: options.privateKey, appId: options.appId, signal },
      onBytes: (done) => tell(length + done),
    });
    if (bases.length > 0) tell(length * (1 + bases.length));
    const release = { ...entry, patches: [...entry.patches, ...ways.patches] };
    const isHeld = (one: ReleaseEntry) =>
      one.id === id || builtIn.some((other) => other.id === one.id);
    const all = placed(state.releases, release, options.first === true);
    return {
      ...{ release, withdrawn, skipped: ways.skipped },
      ...(known !== undefined && known.version !== version && { renamedFrom: known.version }),
      releases: isInPlace ? all : dropOld(all, keepOf(options), isHeld, withdrawn),
      objects: [...(made === undefined ? [] : [made]), ...ways.objects],
    };
  });
  return publishedOf(changed, edited);
}

/** Makes the result of publishing or promoting a release. */
export function publishedOf(
  changed: ChangedIndex,
  edited: Pick<PublishedRelease, 'release' | 'skipped' | 'renamedFrom'>,
): PublishedRelease {
  const { index, ...rest } = changed;
  const { release, skipped, renamedFrom } = edited;
  const sameVersion = index.releases
    .filter(({ id, version }) => version === release.version && id !== release.id)
    .map(({ id }) => id);
  return {
    ...{ ...rest, index, release, skipped, sameVersion },
    ...(renamedFrom !== undefined && { renamedFrom }),
  };
}

/** Throws if the store lies in the build: each release would contain the releases before. */
async function checkOutside(dir: string, store: string): Promise<void> {
  const folder = await realFolder(dir);
  const place = await realpath(store).catch(() => resolve(store));
  if (!(await holds(folder, place, store))) return;
  throw fileError(store, 'lies in the build that is published: name a folder outside of it');
}

function folderOptions(options: PublishOptions): ReadDirectoryOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => Object.hasOwn(FOLDER_OPTIONS, name)),
  );
}

const sizeOf = (files: readonly ReleaseFile[]) =>
  files.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** Makes the bundle of a release: its sealed zip. */
async function seal(
  files: readonly ReleaseFile[],
  { appId, privateKey, signal, ...rest }: PublishOptions,
): Promise<NewObject> {
  const { maxEntries, maxFileSize, maxTotalSize, maxRatio } = rest;
  const limits = Object.fromEntries(
    Object.entries({ maxEntries, maxFileSize, maxTotalSize, maxRatio }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const entries = files.map(({ path, bytes }) => ({ path, data: bytes }));
  const zip = await zipBundle(entries, { ...limits, ...(signal && { signal }) });
  const sealing = { privateKey, metadata: { appId }, ...(signal && { signal }) };
  const { bytes } = await encryptObject(zip, sealing, 'bundle');
  return { sha256: toHex(await (await selectBackend()).sha256(bytes)), bytes };
}
