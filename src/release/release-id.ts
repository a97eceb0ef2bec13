// The public call that computes the id of a release. The first call loads the implementation.

import type { BackendChoice } from '../backend/backend.ts';
import { checkOptions } from '../options.ts';
import type { ReleaseFiles } from './files.ts';

/** Options of {@link releaseId}. */
export interface ReleaseIdOptions {
  /** Aborts the call: it rejects with the signal's reason, and no work continues. */
  readonly signal?: AbortSignal | undefined;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/**
 * Computes the id of a release: 64 lower-case hex characters that depend only on the paths and bytes of its files.
 *
 * The id is the SHA-256 of one line per file, in the order of the UTF-8 bytes of the paths: the SHA-256 of the file
 * in hex, two spaces, the path and a line feed. `sha256sum` prints the same lines. The call ignores the stamp
 * `bundleseal-release.json` in the root. An id is a digest of the content, so do not publish it unencrypted.
 *
 * Memory: the largest file, or twice its size if it is a stream.
 *
 * @param files - Files by path, an iterable of `{ path, data }` or of pairs, or a `Map`, as `zipBundle` takes them.
 * @param options.signal - Aborts the call.
 * @param options.backend - The backend that hashes. Default `'auto'`.
 * @returns 64 lower-case hex characters.
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
  checkOptions('releaseId', options, { signal: 'signal', backend: 'any' });
  const { releaseIdOfFiles } = await import('./release-id-of-files.ts');
  return releaseIdOfFiles(files, options);
}
