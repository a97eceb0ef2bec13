// Reads the files of a release in every form that callers may pass.

import { invalid } from '../archive/format/refuse.ts';
import type { ZipLimits } from '../archive/format/zip-limits.ts';
import {
  checkEntries,
  dropContents,
  givenIn,
  openContent,
  type Planned,
  planEntries,
  type ZipEntries,
} from '../archive/write/content.ts';
import { BundleSealError } from '../errors.ts';
import { untilAborted } from '../turn.ts';
import { encodeText } from '../utf8.ts';
import { releasePathFault } from './paths.ts';
import { isStamp } from './stamp.ts';

/**
 * The files of a release, in every form that `zipBundle` takes. Calls ignore a stamp among them.
 */
export type ReleaseFiles = ZipEntries;

/** A file of a release in memory. */
export interface ReleaseFile {
  readonly path: string;
  /** The path in UTF-8. */
  readonly name: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Number of bytes of a content to read or hash at once. Between two pieces, timers and aborts can run. */
export const CONTENT_PIECE: number = 2 ** 20;

/** Limits for the publisher's own files, and for callers that apply limits with messages of their own. */
export const UNLIMITED: Required<ZipLimits> = {
  maxEntries: Number.POSITIVE_INFINITY,
  maxFileSize: Number.POSITIVE_INFINITY,
  maxTotalSize: Number.POSITIVE_INFINITY,
  maxRatio: Number.POSITIVE_INFINITY,
};

/** @throws `TypeError` if the value cannot be a collection of files. */
export const checkFiles: (files: ReleaseFiles) => void = checkEntries;

/**
 * Lists the files of a release in the order of the bytes of their paths. Reads no content, and cancels all streams if
 * it fails.
 *
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID` for a path that a release must not have, and if there is no
 * file.
 */
export async function planRelease(
  files: ReleaseFiles,
  signal: AbortSignal | undefined,
): Promise<Planned[]> {
  const taken: Planned[] = [];
  try {
    signal?.throwIfAborted();
    await untilAborted(planEntries(files, taken, UNLIMITED, signal), signal);
    const planned = taken.filter(({ path }) => !isStamp(path));
    for (const { path } of planned) {
      const fault = releasePathFault(path);
      if (fault !== undefined) throw invalid(fault, path);
    }
    if (planned.length === 0) throw noFiles();
    // No caller reads the stamp, so this cancels its stream.
    dropContents(
      taken.filter(({ path }) => isStamp(path)),
      undefined,
    );
    return planned;
  } catch (error) {
    letGo(files, taken, error);
    throw error;
  }
}

/** Returns the next bytes of a content, and no bytes at its end. */
export type Take = (length: number) => Promise<Uint8Array>;

/** Opens the contents one after the other, and closes each of them, also after an error. */
export async function readContents(
  files: readonly Planned[],
  signal: AbortSignal | undefined,
  read: (file: Planned, take: Take) => Promise<void>,
): Promise<void> {
  for (const file of files) {
    const reader = await openContent(file, signal);
    let failure: unknown;
    try {
      await read(file, (length) => reader.take(length, signal));
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      await reader.close(failure);
    }
  }
}

/** Reads all contents into memory that no other code can access. */
export async function readFiles(
  files: readonly Planned[],
  signal: AbortSignal | undefined,
): Promise<ReleaseFile[]> {
  const read: ReleaseFile[] = [];
  await readContents(files, signal, async ({ path }, take) => {
    read.push({ path, name: encodeText(path), bytes: await take(Number.POSITIVE_INFINITY) });
  });
  return read;
}

/** Cancels the streams among the files. */
export function letGo(files: ReleaseFiles, planned: readonly Planned[], reason: unknown): void {
  dropContents([...planned, ...givenIn(files)], reason);
}

function noFiles(): BundleSealError {
  return new BundleSealError(
    'ERR_ARCHIVE_INVALID',
    'the release has no files: pass the files of the build',
  );
}
