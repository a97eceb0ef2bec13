// Installs a release from a patch or a bundle. The release counts only if the written files give its id.

import { comparePaths } from '../archive/format/paths.ts';
import { unzipStream } from '../archive/read/unzip-stream.ts';
import { generatorStream } from '../archive/streams.ts';
import { decryptStream } from '../bundle/decrypt-stream.ts';
import { toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { applyPatch } from '../release/apply-patch.ts';
import type { ReleaseFiles } from '../release/files.ts';
import type { ReleaseEntry, ReleaseObject } from '../release/index-format.ts';
import { releasePathFault } from '../release/paths.ts';
import { releaseId } from '../release/release-id.ts';
import { isStamp, type ReleaseStamp, type StampFile } from '../release/stamp.ts';
import { collector } from '../sources/stream.ts';
import { unawaited } from '../turn.ts';
import type { UpdateContext } from './context.ts';
import type { Route } from './download-ways.ts';
import { describeInstalled, idOfList } from './installed.ts';
import type { StoredFile } from './release-store.ts';
import type { DeviceState, InstalledRelease } from './state.ts';
import { toStoreError } from './store-error.ts';
import * as transitions from './transitions.ts';

/** The context of an installation. */
export interface Installing {
  readonly context: UpdateContext;
  /** Called with the number of bytes that came from the network since the last call. */
  readonly moved: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Installs a release in one way. The release becomes ready if its index is still the latest one.
 *
 * @returns The state afterwards.
 */
export async function installBy(
  { context, moved, signal }: Installing,
  { entry, origin }: { readonly entry: ReleaseEntry; readonly origin: transitions.Origin },
  route: Route,
): Promise<DeviceState> {
  const { device, settings, transport, emit } = context;
  if (route.object === undefined) {
    return device.change((state) => transitions.makeReady(state, entry.id, origin));
  }
  checkLimits(entry, settings);
  const { object, way } = route;
  const state = await device.change((now) => transitions.beginFetching(now, entry.id));
  let last = 0;
  const download = () =>
    transport.fetchObject(object, signal, (done) => {
      moved(done - last);
      last = done;
      emit({ type: 'progress', id: entry.id, done, total: object.size });
    });
  const opening = {
    publicKey: objectKeys(state, settings.publicKey),
    signal,
    backend: settings.backend,
  };
  const files =
    way.kind === 'patch'
      ? patched(context, way.from, object, download, opening)
      : unpacked(context, entry, download, opening);
  await write(context, entry, files, state);
  return device.change((now) => transitions.install(now, installedOf(entry), origin));
}

function checkLimits(entry: ReleaseEntry, settings: UpdateContext['settings']): void {
  for (const [limit, has, most] of [
    ['releaseSize', entry.size, settings.releaseSize],
    ['files', entry.files, settings.files],
  ] as const) {
    if (has <= most) continue;
    throw new BundleSealError(
      'ERR_LIMIT_EXCEEDED',
      `release ${entry.version} has ${has} ${limit === 'files' ? 'files' : 'bytes'}, but the app accepts at most ${most}: publish a smaller one, or raise limits.${limit} in the app`,
      { limit },
    );
  }
}

interface Opening {
  readonly publicKey: UpdateContext['settings']['publicKey'];
  readonly signal: AbortSignal;
  readonly backend: UpdateContext['settings']['backend'];
}

/** Returns the keys for bundles and patches. A retired key may have sealed an object that an accepted index names. */
function objectKeys({ keys }: DeviceState, builtIn: Opening['publicKey']): Opening['publicKey'] {
  return keys === undefined ? builtIn : [...keys.publicKeys, ...keys.retiredKeys];
}

async function* patched(
  { device, settings }: UpdateContext,
  from: string,
  object: ReleaseObject,
  download: () => AsyncGenerator<Uint8Array, void>,
  opening: Opening,
): AsyncGenerator<StoredFile, void> {
  const { appId, imageSize, files } = settings;
  const base = await device.open(from);
  const list = base.digests.length > 0 ? base.digests : await base.reader.list();
  const contents = list
    .filter(({ path }) => !isStamp(path))
    .map(({ path }) => ({ path, data: () => base.reader.read(path) }));
  const patch = await collected(object.size, download());
  const limits = { imageSize, files };
  let made: Map<string, Uint8Array>;
  try {
    // `applyPatch` compares the base with its id, because hosts such as CDNs may alter the files of a build.
    made = await applyPatch(patch, contents, { ...opening, appId, limits });
  } catch (error) {
    opening.signal.throwIfAborted();
    if (error instanceof BundleSealError && error.code === 'ERR_PATCH_INVALID') {
      await checkBase(device, from, contents, opening);
    }
    throw error;
  }
  for (const [path, bytes] of made) yield { path, bytes };
}

/** Returns the bytes in one piece. When it returns, nothing refers to the pieces any more. */
async function collected(size: number, pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const whole = collector(size);
  for await (const piece of pieces) whole.add(piece);
  return whole.after(new Uint8Array(0));
}

/** Checks the base after a patch has failed. If its files do not give its id, the updater uses the base for no other patch. */
async function checkBase(
  device: UpdateContext['device'],
  from: string,
  contents: ReleaseFiles,
  { signal, backend }: Opening,
): Promise<void> {
  if ((await releaseId(contents, { signal, backend })) === from) return;
  await device.change((state) => transitions.damaged(state, from, device.facts()));
  throw new BundleSealError(
    'ERR_PATCH_INVALID',
    'the files of the release that the patch starts from do not give its id: the updater installs the release in another way',
  );
}

async function* unpacked(
  { settings }: UpdateContext,
  entry: ReleaseEntry,
  download: () => AsyncGenerator<Uint8Array, void>,
  opening: Opening,
): AsyncGenerator<StoredFile, void> {
  const { signal } = opening;
  const sealed = generatorStream(download, signal);
  const zip = decryptStream(sealed, { ...opening, expect: { appId: settings.appId } });
  const entries = unzipStream(zip, {
    maxEntries: entry.files,
    maxFileSize: Math.max(entry.size, 1),
    maxTotalSize: Math.max(entry.size, 1),
    maxRatio: Number.MAX_SAFE_INTEGER,
    signal,
  });
  try {
    for await (const file of entries) yield { path: file.path, bytes: await file.bytes() };
  } catch (error) {
    // The limits are those of the index, which the app cannot raise.
    if (error instanceof BundleSealError && error.code === 'ERR_LIMIT_EXCEEDED') {
      throw otherRelease('it has more files or bytes', error);
    }
    throw isOtherFile(error) ? otherObject(entry, error) : error;
  }
}

/**
 * Whether the downloaded file is not the bundle. The updater opens the bundle while it arrives, so it notices a wrong header or
 * chunk before it can compare the digest.
 */
function isOtherFile(error: unknown): error is BundleSealError {
  return error instanceof BundleSealError && OTHER_FILE.has(error.code);
}

const OTHER_FILE: ReadonlySet<string> = new Set([
  'ERR_HEADER_INVALID',
  'ERR_LENGTH_INVALID',
  'ERR_SEAL_INVALID',
  'ERR_CHUNK_INVALID',
]);

function otherObject({ bundle }: ReleaseEntry, cause: BundleSealError): BundleSealError {
  return new BundleSealError(
    'ERR_SOURCE_FAILED',
    `objects/${bundle.sha256}.sealed is not the bundle that the index names (${cause.message}): upload the published file again, or purge the cache in front of the store`,
    { cause },
  );
}

/** Verifies the files while the store writes them. If the verification fails, the store drops the release. */
async function write(
  { device, settings }: UpdateContext,
  entry: ReleaseEntry,
  files: AsyncGenerator<StoredFile, void>,
  state: DeviceState,
): Promise<void> {
  const { backend } = device;
  let failure: { readonly error: unknown } | undefined;
  async function* proven(): AsyncGenerator<StoredFile, void> {
    try {
      const list: StampFile[] = [];
      let size = 0;
      for await (const { path, bytes } of files) {
        const fault = isStamp(path) ? 'is the stamp' : releasePathFault(path);
        if (fault !== undefined) throw otherRelease(`"${path}" ${fault}`);
        size += bytes.length;
        if (size > entry.size || list.length === entry.files)
          throw otherRelease('it has more files or bytes');
        const sha256 = toHex(await backend.sha256(bytes));
        list.push({ path, size: bytes.length, sha256 });
        yield { path, bytes };
      }
      list.sort((a, b) => comparePaths(a.path, b.path));
      if (size !== entry.size || list.length !== entry.files)
        throw otherRelease('it has fewer files or bytes');
      if ((await idOfList(list, backend)) !== entry.id) throw otherRelease('it has another id');
      yield describeInstalled(stampOf(entry, state, settings.runtime, list));
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  try {
    await settings.releases.write(entry.id, proven());
  } catch (cause) {
    if (failure !== undefined) throw failure.error;
    throw toStoreError(`release ${entry.id} could not be written`, cause);
  } finally {
    // A store that failed may not have ended the iteration, which would keep the connection open.
    unawaited(() => files.return());
  }
}

function stampOf(
  entry: ReleaseEntry,
  state: DeviceState,
  runtime: string | undefined,
  files: readonly StampFile[],
): ReleaseStamp {
  return {
    format: 'bundleseal-stamp',
    version: 1,
    id: entry.id,
    createdAt: entry.createdAt,
    ...(entry.runtime !== undefined && runtime !== undefined && { runtime }),
    builtIn: state.builtIn,
    floors: state.floors,
    files,
  };
}

function installedOf({ id, version, createdAt, runtime }: ReleaseEntry): InstalledRelease {
  return { id, version, createdAt, ...(runtime !== undefined && { runtime }) };
}

function otherRelease(how: string, cause?: unknown): BundleSealError {
  return new BundleSealError(
    'ERR_SOURCE_FAILED',
    `the download is not the release that the index names (${how}): publish the release again`,
    { cause },
  );
}
