// Writes the stamp of a built-in release.

import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { selectBackend } from '../backend/select.ts';
import { toHex } from '../bytes.ts';
import { checkPath, fileError, onFile, UNREADABLE } from '../files/error.ts';
import {
  FOLDER_OPTIONS,
  type ReadDirectoryOptions,
  readDirectory,
} from '../files/read-directory.ts';
import { checkOptions } from '../options.ts';
import { timeText } from '../release/members.ts';
import { releaseIdOf } from '../release/release-id-of-files.ts';
import {
  MAX_STAMP_LENGTH,
  type ReleaseStamp,
  STAMP,
  type StampFloor,
  writeStamp,
} from '../release/stamp.ts';
import { createPace } from '../turn.ts';
import { writeStoreFile } from './change-index.ts';
import { releaseFiles } from './objects.ts';
import { checkFlag, checkText, readPublishingClock } from './options.ts';

/** Options of {@link stampRelease}. */
export interface StampOptions extends ReadDirectoryOptions {
  /** The native runtime of the build. Default: none. */
  readonly runtime?: string;
  /**
   * The lowest index of each channel that devices accept: `{ channel, ...mark }` with the `mark` of `listReleases`. Default: none.
   */
  readonly floors?: readonly StampFloor[];
  /** List the files in the stamp, for devices that can't list a folder. Default true. */
  readonly files?: boolean;
  /** The clock: a `Date`, or milliseconds since 1970. Default: the time at the start of the call. */
  readonly now?: Date | number;
}

/**
 * Writes the stamp of a built-in release: `bundleseal-release.json` in the root of the build. Call it after the build and before
 * the native project copies the folder. The stamp is not part of the release and does not change its id.
 *
 * @param dir - The folder of the build.
 * @returns The content of the stamp.
 * @throws `TypeError` for a wrong or unknown option, which the message names. {@link BundleSealError} `ERR_ARCHIVE_INVALID` for
 * a path that a release must not have; `ERR_FILE` if the folder cannot be read, the stamp cannot be written, or another file has
 * its name.
 * @see docs/releases.md#the-stamp
 * @example
 * ```ts
 * import { mkdir, writeFile } from 'node:fs/promises';
 * import { stampRelease } from 'bundleseal/node';
 *
 * await mkdir('dist', { recursive: true });
 * await writeFile('dist/index.html', '<!doctype html>');
 * console.log((await stampRelease('dist', { runtime: '3' })).id);
 * ```
 */
export async function stampRelease(dir: string, options: StampOptions = {}): Promise<ReleaseStamp> {
  checkPath('dir', dir);
  checkOptions('stampRelease', options, {
    ...FOLDER_OPTIONS,
    runtime: 'any',
    floors: 'any',
    files: 'any',
    now: 'any',
  });
  const { runtime, floors, files: listsFiles = true, now, signal, ...rules } = options;
  if (runtime !== undefined) checkText(runtime, 'runtime');
  checkFlag(listsFiles, 'files');
  const clock = readPublishingClock(now);
  await checkReplaceable(join(dir, STAMP));
  const read = await readDirectory(dir, { ...rules, signal });
  const files = await releaseFiles(read, signal);
  const backend = await selectBackend();
  const listed: { path: string; size: number; sha256: string }[] = [];
  for (const { path, bytes } of listsFiles ? files : []) {
    listed.push({ path, size: bytes.length, sha256: toHex(await backend.sha256(bytes)) });
  }
  const stamp: ReleaseStamp = {
    ...{ format: 'bundleseal-stamp', version: 1 },
    id: await releaseIdOf(files, backend, createPace(signal)),
    createdAt: timeText(clock),
    ...(runtime !== undefined && { runtime }),
    ...(floors !== undefined && floors.length > 0 && { floors }),
    ...(listsFiles && { files: listed }),
  };
  await writeStoreFile(dir, STAMP, writeStamp(stamp), signal);
  return stamp;
}

/** Refuses to replace a file that is not a stamp. The stamp may have any version. */
async function checkReplaceable(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined || stats.size === 0) return;
  const isFile = stats.isFile() && stats.size <= MAX_STAMP_LENGTH;
  const text = isFile ? await onFile(path, UNREADABLE, readFile(path, 'utf8')) : '';
  if (text.includes('"bundleseal-stamp"')) return;
  throw fileError(path, 'already exists and is not a stamp: move it away');
}

/** Computes the release id of a build, as `releaseId` of `bundleseal/release` does. */
export async function directoryId(
  dir: string,
  options: ReadDirectoryOptions,
): Promise<{ readonly id: string; readonly files: number; readonly size: number }> {
  const { signal } = options;
  const files = await releaseFiles(await readDirectory(dir, options), signal);
  const id = await releaseIdOf(files, await selectBackend(), createPace(signal));
  return { id, files: files.length, size: files.reduce((sum, one) => sum + one.bytes.length, 0) };
}
