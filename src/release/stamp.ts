// Reads and writes the stamp, which describes the built-in release of an app: `bundleseal-release.json` in its root.

import { decodeText, encodeUtf8 } from '../utf8.ts';
import { encodeJson, malformedDocument, misused } from './document.ts';
import type { IndexMark } from './index-order.ts';
import type { Refuse } from './json.ts';
import {
  digest,
  distinct,
  exactly,
  integerFrom,
  isDigest,
  listOf,
  objectOf,
  optional,
  type Reader,
  readDocument,
  text,
  time,
} from './members.ts';

/** The file in the root of a build that describes the build. It does not belong to the release. */
export const STAMP = 'bundleseal-release.json';

export function isStamp(path: string): boolean {
  return path === STAMP;
}

/** The most bytes of a stamp: enough for 65,536 files with paths of a hundred bytes. */
export const MAX_STAMP_LENGTH = 16_777_216;

/** The mark of a channel's highest index at the time when the app was built. */
export interface StampFloor extends IndexMark {
  /** The channel, e.g. `production`. */
  readonly channel: string;
}

/** A file of the built-in release. */
export interface StampFile {
  /** The path, relative to the folder of the build, with "/" between folders. */
  readonly path: string;
  /** Size in bytes. */
  readonly size: number;
  /** SHA-256 of the file: 64 lower-case hex characters. */
  readonly sha256: string;
}

/** The description of a built-in release. It is not signed, because it is part of the app. */
export interface ReleaseStamp {
  /** The type of the object. */
  readonly format: 'bundleseal-stamp';
  /** The version of the format. */
  readonly version: 1;
  /** The release id of the build without its stamp: 64 lower-case hex characters. */
  readonly id: string;
  /**
   * Creation time of the build: `YYYY-MM-DDTHH:MM:SSZ`. Only a later release replaces the build.
   */
  readonly createdAt: string;
  /** The native runtime of the build. Absent: the app has none. */
  readonly runtime?: string;
  /**
   * The id of the app's built-in release when a device installed this release. Only the updater writes it, beside the releases
   * that it installs. Absent: the stamp of a build.
   */
  readonly builtIn?: string;
  /**
   * The lowest index of each channel that a device accepts, even if it has lost its storage. Absent: none.
   */
  readonly floors?: readonly StampFloor[];
  /**
   * Every file of the build except the stamp, for devices that cannot list a folder. Absent: devices list the folder.
   */
  readonly files?: readonly StampFile[];
}

const floor: Reader<StampFloor> = /* @__PURE__ */ objectOf<StampFloor>(() => ({
  channel: text,
  epoch: integerFrom(0),
  sequence: integerFrom(0),
  issuedAt: time,
  sha256: digest,
}));

const file: Reader<StampFile> = /* @__PURE__ */ objectOf<StampFile>(() => ({
  path: text,
  size: integerFrom(0),
  sha256: digest,
}));

const members: Reader<ReleaseStamp> = /* @__PURE__ */ objectOf<ReleaseStamp>(() => ({
  format: exactly('bundleseal-stamp'),
  version: exactly(1),
  id: digest,
  createdAt: time,
  runtime: optional(text),
  builtIn: optional(digest),
  floors: optional(distinct(listOf(floor), ({ channel }) => channel)),
  files: optional(distinct(listOf(file), ({ path }) => path)),
}));

/**
 * Writes a stamp: the bytes of `bundleseal-release.json`.
 *
 * @param stamp - The content. The id is that of the files without the stamp: see `releaseId`.
 * @returns The bytes of the file: JSON in UTF-8.
 * @throws `TypeError` if a member is missing, unknown or breaks its rule. The message has its path.
 * @see docs/releases.md#the-stamp
 * @example
 * ```ts
 * import { readStamp, writeStamp } from 'bundleseal/release';
 *
 * const bytes = writeStamp({
 *   format: 'bundleseal-stamp',
 *   version: 1,
 *   id: 'a'.repeat(64),
 *   createdAt: '2026-11-26T08:55:00Z',
 *   runtime: '3',
 * });
 * console.log(readStamp(bytes).createdAt);
 * ```
 */
export function writeStamp(stamp: ReleaseStamp): Uint8Array {
  const written = read(encodeJson(stamp, 'stamp'), misused, true);
  return encodeUtf8(stampText(written));
}

/**
 * Reads a stamp. Ignores unknown members.
 *
 * @param bytes - The content of `bundleseal-release.json`: JSON in UTF-8, at most 16 MiB.
 * @returns The content of the stamp.
 * @throws {@link BundleSealError} `ERR_INDEX_INVALID` if it is malformed. Write it again.
 * @see docs/releases.md#the-stamp
 * @example
 * ```ts
 * import { readStamp } from 'bundleseal/release';
 *
 * const json = `{
 *   "format": "bundleseal-stamp",
 *   "version": 1,
 *   "id": "${'a'.repeat(64)}",
 *   "createdAt": "2026-11-26T08:55:00Z"
 * }`;
 * console.log(readStamp(new TextEncoder().encode(json)).id);
 * ```
 */
export function readStamp(bytes: Uint8Array): ReleaseStamp {
  return readWritten(bytes) ?? read(bytes, malformedDocument('stamp'), false);
}

/**
 * Reads a stamp that {@link writeStamp} wrote. Returns `undefined` for any other text. It takes a fraction of the time of the
 * strict reader, and every start of an app waits for it.
 *
 * JSON.parse is safe here: a text that JSON.stringify repeats exactly has no member twice and no number that parsers read
 * differently.
 */
function readWritten(bytes: Uint8Array): ReleaseStamp | undefined {
  if (bytes.length > MAX_STAMP_LENGTH) return undefined;
  try {
    const text = decodeText(bytes);
    const { files, ...rest } = JSON.parse(text);
    if (!Array.isArray(files)) return undefined;
    // An escape may be half of a surrogate pair.
    if (text.includes('\\u') || stampText({ ...rest, files }) !== text) return undefined;
    const paths = new Set<string>();
    for (const { path, size, sha256, ...unknown } of files) {
      const isFile = typeof path === 'string' && Number.isSafeInteger(size) && isDigest(sha256);
      if (!isFile || size < 0 || Object.keys(unknown).length > 0) return undefined;
      paths.add(path);
    }
    if (paths.size !== files.length) return undefined;
    return { ...read(encodeUtf8(JSON.stringify(rest)), malformedDocument('stamp'), false), files };
  } catch {
    return undefined;
  }
}

/** Returns the text that {@link writeStamp} writes. */
function stampText(stamp: object): string {
  return `${JSON.stringify(stamp, undefined, 2)}\n`;
}

function read(bytes: Uint8Array, refuse: Refuse, isOwn: boolean): ReleaseStamp {
  return readDocument(bytes, MAX_STAMP_LENGTH, 'stamp', members, refuse, isOwn);
}
