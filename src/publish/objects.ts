// Reads the sealed objects of a store and the files in them, and lists the objects that have to stay.

import type { ZipLimits } from '../archive/format/zip-limits.ts';
import { unzipBundle } from '../archive/read/unzip.ts';
import { selectBackend } from '../backend/select.ts';
import { decryptObject } from '../bundle/decrypt.ts';
import { toHex } from '../bytes.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { planRelease, type ReleaseFile, readFiles, UNLIMITED } from '../release/files.ts';
import type {
  ReleaseEntry,
  ReleaseIndex,
  ReleaseObject,
  RetiredObject,
} from '../release/index-format.ts';
import { releaseIdOf } from '../release/release-id-of-files.ts';
import { createPace } from '../turn.ts';
import { laterOf } from './options.ts';
import { objectPath } from './paths.ts';
import { storeError } from './store-error.ts';
import type { FetchedFile, StorePlace } from './store-place.ts';

/** The places to read objects from, and the keys to open them with. */
export interface ObjectReading {
  /** The places, in the order in which they are asked. */
  readonly places: readonly StorePlace[];
  readonly keys: readonly PublicKeyInput[];
  readonly appId: string;
  /** Limits for unpacking a bundle. Default: none, because a publisher opens its own bundles. */
  readonly limits?: ZipLimits;
  readonly signal?: AbortSignal | undefined;
}

/** Returns the digests of all objects that the entries of an index name. */
export function namedBy(releases: ReleaseIndex['releases']): Set<string> {
  return new Set(
    releases.flatMap(({ bundle, patches }) => [bundle, ...patches].map(({ sha256 }) => sha256)),
  );
}

/**
 * Reads an object, and compares its size and digest with the index.
 *
 * @throws {@link BundleSealError} `ERR_STORE` if the object is missing, or its bytes are other ones.
 */
export async function readObject(
  { sha256, size }: ReleaseObject,
  { places, signal }: Pick<ObjectReading, 'places' | 'signal'>,
): Promise<FetchedFile> {
  const backend = await selectBackend();
  const path = objectPath(sha256);
  let isWrong = false;
  for (const place of places) {
    const file = await place.read(path, { limit: size, hidesMissing: true, signal });
    if (file === undefined) continue;
    const isNamed =
      file.bytes.length === size && toHex(await backend.sha256(file.bytes)) === sha256;
    if (isNamed) return file;
    isWrong = true;
  }
  const where = places.map(({ name }) => name).join(' and ');
  throw storeError(
    isWrong
      ? `${path} in ${where} is not the file that the index names: put the published file back`
      : `${path} is missing in ${where}, but the index names it: put it back`,
  );
}

/**
 * Reads the files of a release from its bundle, and compares their id with the entry.
 *
 * @throws The errors of opening and unzipping, and {@link BundleSealError} `ERR_STORE` if the bundle contains another release.
 */
export async function readRelease(
  entry: Pick<ReleaseEntry, 'id' | 'bundle'>,
  reading: ObjectReading,
): Promise<ReleaseFile[]> {
  const { bytes } = await readObject(entry.bundle, reading);
  return openRelease(bytes, entry.id, reading);
}

/** Reads the files of a release from the bytes of its bundle. */
export async function openRelease(
  bundle: Uint8Array,
  id: string,
  { keys, appId, limits = UNLIMITED, signal }: ObjectReading,
): Promise<ReleaseFile[]> {
  const opening = { publicKey: keys, expect: { appId }, signal };
  const zip = await decryptObject(bundle, opening, 'bundle');
  const files = await releaseFiles(await unzipBundle(zip, { ...limits, signal }), signal);
  const found = await releaseIdOf(files, await selectBackend(), createPace(signal));
  if (found === id) return files;
  throw storeError(
    `the bundle of release ${id} contains the files of another release: withdraw release ${id}`,
  );
}

/** Reads the files in the order that a release id needs, without the stamp. */
export async function releaseFiles(
  files: Map<string, Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<ReleaseFile[]> {
  return readFiles(await planRelease(files, signal), signal);
}

/**
 * Makes the list `retired` of the next index: the objects that the store has to keep until every earlier index that named them
 * has expired.
 *
 * The publisher knows only the present index, whose own `retired` has the expiry of earlier indexes. If the next index expires
 * before the present one, the list also contains the objects that both name.
 */
export function retire(
  before: ReleaseIndex | undefined,
  next: Pick<ReleaseIndex, 'releases' | 'issuedAt' | 'expiresAt'>,
): RetiredObject[] {
  const until = new Map<string, string>();
  const keepUntil = (sha256: string, time: string) => {
    until.set(sha256, laterOf(time, until.get(sha256) ?? time));
  };
  for (const one of before?.retired ?? []) {
    if (one.until > next.issuedAt) keepUntil(one.sha256, one.until);
  }
  if (before !== undefined && before.expiresAt > next.issuedAt) {
    const named = namedBy(next.releases);
    for (const sha256 of namedBy(before.releases)) {
      if (!named.has(sha256) || before.expiresAt > next.expiresAt) {
        keepUntil(sha256, before.expiresAt);
      }
    }
  }
  return [...until]
    .map(([sha256, time]) => ({ sha256, until: time }))
    .sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
}
