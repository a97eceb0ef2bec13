// The id of a release: what its files are, whoever has them.

import { createPace, type Pace } from '../archive/pace.ts';
import type { Backend, BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { toHex } from '../bytes.ts';
import { checkOptions } from '../options.ts';
import { encodeText } from '../utf8.ts';
import {
  checkFiles,
  letGo,
  planRelease,
  type ReleaseFile,
  type ReleaseFiles,
  readContents,
} from './files.ts';

export interface ReleaseIdOptions {
  /** Aborts: the call rejects with the signal's reason and leaves nothing running. */
  readonly signal?: AbortSignal;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

// Bytes that are hashed in one go, where a backend hashes piece by piece.
const PIECE = 2 ** 20;

/**
 * Computes the id of a release: 64 lower-case hex characters that depend only on the paths and bytes of its files.
 *
 * The id is the SHA-256 of one line per file, in the order of the UTF-8 bytes of the paths: the SHA-256 of the file
 * in hex, two spaces, the path and a line feed. `sha256sum` prints the same lines. The stamp
 * `bundleseal-release.json` in the root is left out. An id is a digest of the content, so do not publish it
 * unencrypted.
 *
 * Memory: the largest file, twice where it is a stream.
 *
 * @param files - Files by path, an iterable of `{ path, data }` or of pairs, or a `Map`, as `zipBundle` takes them.
 * @param options.signal - Aborts the call.
 * @param options.backend - What hashes. Default `'auto'`.
 * @throws `TypeError` for a wrong or unknown option, which the message names, and for a content of another kind.
 * {@link BundleSealError} `ERR_ARCHIVE_INVALID` if there is no file, a path is not safe on every platform or not NFC,
 * or two paths mean one file (`path`); `ERR_SOURCE_FAILED` if a content cannot be read; `ERR_BACKEND_UNAVAILABLE`.
 * @see docs/releases.md#ids; FIPS 180-4
 * @example
 * ```ts
 * import { releaseId } from 'bundleseal/release';
 *
 * const id = await releaseId({ 'index.html': new TextEncoder().encode('<!doctype html>') });
 * console.log(id.length); // 64
 * ```
 */
export async function releaseId(
  files: ReleaseFiles,
  options: ReleaseIdOptions = {},
): Promise<string> {
  checkOptions('releaseId', options, ['signal', 'backend']);
  checkFiles(files);
  const { signal } = options;
  const planned = await planRelease(files, signal);
  try {
    const backend = await selectBackend(options.backend);
    const pace = createPace(signal);
    const lines: string[] = [];
    await readContents(planned, signal, async ({ path }, take) => {
      const bytes = await take(Number.POSITIVE_INFINITY);
      lines.push(lineOf(path, await hash(backend, bytes, pace)));
    });
    return await idOfLines(backend, lines);
  } catch (error) {
    letGo(files, planned, error);
    throw error;
  }
}

/** The id of files in memory, in the order of the bytes of their paths. */
export async function idOf(
  files: readonly Pick<ReleaseFile, 'path' | 'bytes'>[],
  backend: Backend,
  pace: Pace,
): Promise<string> {
  const lines: string[] = [];
  for (const { path, bytes } of files) lines.push(lineOf(path, await hash(backend, bytes, pace)));
  return idOfLines(backend, lines);
}

function lineOf(path: string, digest: Uint8Array): string {
  return `${toHex(digest)}  ${path}\n`;
}

async function idOfLines(backend: Backend, lines: readonly string[]): Promise<string> {
  return toHex(await backend.sha256(encodeText(lines.join(''))));
}

async function hash(backend: Backend, bytes: Uint8Array, pace: Pace): Promise<Uint8Array> {
  await pace();
  if (backend.hashesWhole || bytes.length <= PIECE) return backend.sha256(bytes);
  const digest = await backend.createHash();
  for (let at = 0; at < bytes.length; at += PIECE) {
    digest.update(bytes.subarray(at, at + PIECE));
    await pace();
  }
  return digest.digest();
}
