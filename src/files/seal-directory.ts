// Seals a folder.

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
import { findPlace } from './output-place.ts';
import { spool } from './spool-input.ts';
import {
  type FolderWatch,
  type FolderZip,
  withFolderZip,
  ZIP_DIRECTORY_OPTIONS,
  type ZipDirectoryOptions,
} from './zip-directory.ts';

/** Mode bits of a new file, before the umask of the process applies. */
const NEW_FILE = 0o666;

/** Options of {@link sealDirectory}. */
export interface SealDirectoryOptions extends EncryptFileOptions, ZipDirectoryOptions {}

/** A sealed folder. */
export interface SealedDirectory extends EncryptedFile {
  /** Number of files. */
  readonly entries: number;
}

/**
 * Zips a folder and seals the zip into a file, like {@link zipDirectory} and then {@link encryptFile}. It reads each
 * file once. Until the zip is sealed, it is in an unnamed file in the system's temporary folder (`TMPDIR`). Constant
 * memory: 80 MB, and about 1 KB for each file.
 *
 * The output gets its name only when it is complete: see {@link encryptFile}.
 *
 * @param dir - A folder. The call follows a link to a folder.
 * @param output - A file outside of the folder, or a file in it that `ignore` leaves out. The call follows a link to
 * a file.
 * @param options - The options of {@link zipDirectory} and {@link encryptFile}. `onProgress` counts the bytes of the
 * files.
 * @returns The result of {@link encryptFile}, and the number of files.
 * @throws the errors of {@link zipDirectory} and {@link encryptFile}.
 * @see docs/guides/zips.md#write
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
  return sealFolder(dir, output, options);
}

/** Does the work of {@link sealDirectory}. `watch` sees the files meanwhile, and may leave some out. */
export async function sealFolder(
  dir: string,
  output: string,
  options: SealDirectoryOptions,
  watch?: FolderWatch,
): Promise<SealedDirectory> {
  const sealing = await readFileSealing(options);
  const { onProgress: _, ...quiet } = options;
  const seal = async (zip: FolderZip) => {
    const isLeftOut = zip.ignores(await pathIn(zip.folder, output));
    const place = isLeftOut ? { mode: NEW_FILE } : { folder: zip.folder };
    // Checks the output first, so that a wrong path fails before the work.
    await findPlace(place, output);
    const file = await openSpooled(dir, await spool(zip.chunks(), options.signal));
    const sealed = await encryptOpenFile(file, output, quiet, sealing, place);
    return { ...sealed, entries: zip.end().entries };
  };
  return withFolderZip(dir, options, seal, watch);
}

/** Returns a path relative to a folder, with "/" between names. Follows links. */
async function pathIn(folder: string, path: string): Promise<string> {
  const above = await realpath(dirname(path)).catch(() => resolve(dirname(path)));
  return relative(folder, join(above, basename(path))).replaceAll(sep, '/');
}
