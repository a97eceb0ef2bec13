// Publishes a build: its bundle, patches to it, and the index that offers it.

import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readLimits } from '../archive/format/zip-limits.ts';
import { zipBundle } from '../archive/write/zip.ts';
import { selectBackend } from '../backend/select.ts';
import { encryptObject } from '../bundle/encrypt.ts';
import { toHex } from '../bytes.ts';
import { checkPath, fileError } from '../files/error.ts';
import { holds } from '../files/output-place.ts';
import {
  FOLDER_OPTIONS,
  type ReadDirectoryOptions,
  readDirectory,
} from '../files/read-directory.ts';
import { realFolder } from '../files/zip-directory.ts';
import type { ReleaseFile } from '../release/files.ts';
import { imageLength } from '../release/image.ts';
import type { ReleaseEntry } from '../release/index-format.ts';
import { releaseIdOf } from '../release/release-id-of-files.ts';
import { createPace } from '../turn.ts';
import { readBuiltIn } from './bases.ts';
import { changeIndex, type NewObject } from './change-index.ts';
import {
  ATTRIBUTE_OPTIONS,
  checkAttributes,
  type ReleaseAttributes,
  withAttributes,
} from './entry-attributes.ts';
import { checkKeep, KEEP_OPTIONS, type KeepOptions, withoutWithdrawal } from './index-entries.ts';
import { releaseFiles } from './objects.ts';
import { offerRelease, type PublishedRelease, publishedOf } from './offer-release.ts';
import {
  CHANNEL_OPTIONS,
  type ChannelOptions,
  checkChannelOptions,
  checkFlag,
  checkText,
} from './options.ts';

/** Options of {@link publishRelease}. */
export interface PublishOptions
  extends ChannelOptions,
    ReleaseAttributes,
    KeepOptions,
    Omit<ReadDirectoryOptions, 'signal'> {
  /** The version of the release, in any scheme. */
  readonly version: string;
  /** If the index already has the release, keep the version that it has there. Default false. */
  readonly keepVersion?: boolean;
}

/**
 * Publishes a build to a channel: seals it, makes patches to it from the releases that the channel offers, and makes the next
 * index. Writes the new files into the folder `store`: the objects first, then the index. Each file appears complete or not at
 * all.
 *
 * The publisher keeps no state of its own. It reads the present index and the bundles of the last releases from `from`, and
 * verifies them with the public half of the key. If the index has the release already, the publisher does not seal it again:
 * new attributes change the entry, and publishing the same folder twice changes nothing. Two publishers to one folder take
 * turns, and the second one starts from the index of the first. A killed publisher leaves the old index, or the new one with
 * all its objects.
 *
 * The call reads the files of the folder by the rules of `zipDirectory`, without the stamp `bundleseal-release.json` in the
 * root. It makes several patches at the same time, on up to four cores. The plain bytes of a patch do not depend on the number
 * of cores.
 *
 * Memory: the files, the bundle, and that of `createPatch`. Patches that are made at the same time take at most 1 GiB and half
 * of the free memory.
 *
 * @param dir - The folder of the build. By default, the call refuses links in it.
 * @param options.store - The folder to write. It is also the default of `from`.
 * @param options.from - The place of the present store: an `https://` address (of the origin, not of a CDN), or a folder.
 * @param options.patches - The number of releases from which patches start. Default 5. The index names a patch only if it has
 * less than 90 % of the size of the bundle.
 * @param options.keep - The number of releases of each native runtime that stay in the index. Default 10. `prune` keeps the
 * objects of the other releases until every index that named them has expired.
 * @param options.expiresIn - Milliseconds, from a minute to ten years. Default: the lifetime of the present index, or 30 days.
 * @param options.onProgress - Called with bytes. The total is the size of the release, and that size again for each patch.
 * @returns The entry of the release, the index, the files to upload, and the patches that were not made.
 * @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names. {@link BundleSealError}
 * `ERR_ARCHIVE_INVALID` for a file that must not be published, such as a link or a private key; `ERR_LIMIT_EXCEEDED` if the
 * folder exceeds a limit of zips, or the index would exceed 1 MiB; `ERR_STORE` if the content of the store does not allow the
 * change; `ERR_FILE`, `ERR_SOURCE_FAILED` if the folder or the store cannot be read or written; the errors of `openIndex` and
 * `openKeys` for an index or a list of keys of another publisher.
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
    keepVersion: 'any',
  });
  checkText(options.version, 'version');
  checkFlag(options.keepVersion, 'keepVersion');
  checkAttributes(options);
  checkKeep(options);
  const { signal, version, keepVersion = false } = options;
  await checkOutside(dir, options.store);
  const files = await releaseFiles(await readDirectory(dir, options), signal);
  const id = await releaseIdOf(files, await selectBackend(), createPace(signal));
  const builtIn = await readBuiltIn(options, signal);
  const { edited, ...changed } = await changeIndex(options, async (state) => {
    const withdrawn = withoutWithdrawal(state, id, options.reinstate);
    const known = state.releases.find((one) => one.id === id);
    const bundle = known === undefined ? await seal(files, options) : undefined;
    const before: ReleaseEntry = known ?? {
      ...{ id, version, createdAt: state.issuedAt, size: sizeOf(files), files: files.length },
      bundle: { sha256: bundle?.sha256 ?? '', size: bundle?.bytes.length ?? 0 },
      patches: [],
    };
    const content = await offerRelease(
      state,
      {
        entry: withAttributes(keepVersion ? before : { ...before, version }, options),
        ...{ withdrawn, builtIn },
        readFiles: async () => files,
        done: imageLength(files),
      },
      options,
    );
    return {
      ...content,
      objects: [...(bundle === undefined ? [] : [bundle]), ...content.objects],
      versionBefore: known?.version ?? version,
    };
  });
  const { versionBefore, release } = edited;
  return {
    ...publishedOf(changed, edited),
    ...(versionBefore !== release.version && { renamedFrom: versionBefore }),
  };
}

/** Throws if the store is inside the build. Each release would then contain the releases before it. */
async function checkOutside(dir: string, store: string): Promise<void> {
  const folder = await realFolder(dir);
  const place = await realpath(store).catch(() => resolve(store));
  if (!(await holds(folder, place, store))) return;
  throw fileError(
    store,
    'is inside the build that is published: choose a folder outside of the build',
  );
}

const sizeOf = (files: readonly ReleaseFile[]) =>
  files.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** Makes the bundle of a release: its sealed zip. */
async function seal(files: readonly ReleaseFile[], options: PublishOptions): Promise<NewObject> {
  const { appId, privateKey, signal } = options;
  const entries = files.map(({ path, bytes }) => ({ path, data: bytes }));
  const zip = await zipBundle(entries, { ...readLimits(options), signal });
  const sealing = { privateKey, metadata: { appId }, signal };
  const { bytes } = await encryptObject(zip, sealing, 'bundle');
  return { sha256: toHex(await (await selectBackend()).sha256(bytes)), bytes };
}
