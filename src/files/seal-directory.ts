// A folder as a sealed file.

import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { checkOptions } from '../options.ts';
import {
  ENCRYPT_FILE_OPTIONS,
  type EncryptedFile,
  type EncryptFileOptions,
  encryptOpenFile,
  readFileSealing,
} from './encrypt-file.ts';
import { checkPath } from './error.ts';
import { openSpooled } from './input-file.ts';
import { findPlace } from './place.ts';
import { spool } from './spool-input.ts';
import { withFolderZip, ZIP_DIRECTORY_OPTIONS, type ZipDirectoryOptions } from './zip-directory.ts';

/** Mode bits of a new file, before the process's mask. */
const NEW_FILE = 0o666;

export interface SealDirectoryOptions extends EncryptFileOptions, ZipDirectoryOptions {}

/** A folder that was sealed. */
export interface SealedDirectory extends EncryptedFile {
  /** Files in it. */
  readonly entries: number;
}

/**
 * Zips a folder and seals the zip into a file: what {@link zipDirectory} and {@link encryptFile} do one after the other.
 * Each file is read once. The zip lies in a file without a name in the system's temporary folder (`TMPDIR`) until it is
 * sealed. Constant memory: 60 MB, and about 1 KB for each file.
 *
 * The output appears under its name only when it is whole: see {@link encryptFile}.
 *
 * @param dir - A folder. If it is a link itself, the link is followed.
 * @param output - A file outside of the folder, or one in it that `ignore` leaves out. A link is followed.
 * @param options - What {@link zipDirectory} and {@link encryptFile} take. `onProgress` counts the bytes of the files.
 * @throws what {@link zipDirectory} and {@link encryptFile} throw.
 * @example
 * ```ts
 * import { mkdir, writeFile } from 'node:fs/promises';
 * import { keygen } from 'bundleseal';
 * import { sealDirectory } from 'bundleseal/node';
 *
 * const { privateKey } = await keygen();
 * await mkdir('dist', { recursive: true });
 * await writeFile('dist/index.html', '<p>Hi</p>');
 * const { checksum, entries } = await sealDirectory('dist', 'app.sealed', {
 *   privateKey,
 *   metadata: { appId: 'com.example.app', version: '1.2.3' },
 *   sourceMaps: false,
 * });
 * console.log(checksum, entries);
 * ```
 */
export async function sealDirectory(
  dir: string,
  output: string,
  options: SealDirectoryOptions,
): Promise<SealedDirectory> {
  checkPath('dir', dir);
  checkPath('output', output);
  checkOptions('sealDirectory', options, { ...ZIP_DIRECTORY_OPTIONS, ...ENCRYPT_FILE_OPTIONS });
  const sealing = await readFileSealing(options);
  const { onProgress: _, ...quiet } = options;
  return withFolderZip(dir, options, async (zip) => {
    const isLeftOut = zip.ignores(await pathIn(zip.folder, output));
    const place = isLeftOut ? { mode: NEW_FILE } : { folder: zip.folder };
    // Before the work, for an output that can't be.
    await findPlace(place, output);
    const file = await openSpooled(dir, await spool(zip.chunks(), options.signal));
    const sealed = await encryptOpenFile(file, output, quiet, sealing, place);
    return { ...sealed, entries: zip.end().entries };
  });
}

/** A path as seen from a folder, with "/" between names; links in it are followed. */
async function pathIn(folder: string, path: string): Promise<string> {
  const above = await realpath(dirname(path)).catch(() => resolve(dirname(path)));
  return relative(folder, join(above, basename(path))).replaceAll(sep, '/');
}
