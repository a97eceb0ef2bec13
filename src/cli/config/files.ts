// Finds, reads and writes config files.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPath, fileError, onFile, UNREADABLE } from '../../files/error.ts';
import { openInputFile } from '../../files/input-file.ts';
import type { OutputFile } from '../../files/output-file.ts';
import { replaceFile } from '../../files/replace.ts';
import { MAX_TEXT_LENGTH } from './budget.ts';

export interface ConfigFile {
  readonly path: string;
  /** The last part of the path. */
  readonly fileName: string;
  /** Further configs in the folder, which are not used because this one takes precedence. */
  readonly others: readonly string[];
}

// Capacitor's CLI uses the first of .ts, .js and .json. Only other tools know the last two, so these must not take
// precedence over a file that Capacitor uses.
const FILE_NAMES = ['ts', 'js', 'json', 'mjs', 'cjs'].map((end) => `capacitor.config.${end}`);

/**
 * Finds the config that Capacitor uses in this folder.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if the folder cannot be read.
 */
export async function findConfig(folder: string): Promise<ConfigFile | undefined> {
  checkPath('folder', folder);
  if (!(await onFile(folder, UNREADABLE, stat(folder))).isDirectory()) {
    throw fileError(
      folder,
      "can't be searched for a config: it is no folder, pass a path in the app's folder",
    );
  }
  const found: string[] = [];
  for (const name of FILE_NAMES) if (await isPresent(join(folder, name))) found.push(name);
  const [fileName, ...others] = found;
  return fileName === undefined ? undefined : { path: join(folder, fileName), fileName, others };
}

/** Returns whether the path exists. Unlike `exists`, it throws if a folder above it cannot be searched. */
async function isPresent(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw fileError(path, UNREADABLE, error);
  }
}

/**
 * Reads the file's text, including its byte order mark.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if the file cannot be read or is not UTF-8.
 */
export async function readConfigText({ path }: Pick<ConfigFile, 'path'>): Promise<string> {
  const file = await openInputFile(path);
  try {
    if (file.size > MAX_TEXT_LENGTH) {
      throw fileError(path, 'is too large for a config of Capacitor');
    }
    return decodeFileText(path, await file.read(0, file.size));
  } finally {
    await file.close();
  }
}

/**
 * Replaces the file's text atomically, if it has not changed since it was read.
 *
 * @param before - The result of {@link readConfigText}.
 * @throws {@link BundleSealError} `ERR_FILE` if the file cannot be written or was changed meanwhile.
 */
export async function writeConfigText(
  { path }: Pick<ConfigFile, 'path'>,
  before: string,
  after: string,
): Promise<void> {
  const { mode } = await onFile(path, UNREADABLE, stat(path));
  const write = async (output: OutputFile) => {
    await output.write(new TextEncoder().encode(after), 0);
    // Compares as late as possible, because the user may have the file open in an editor.
    if ((await readConfigText({ path })) !== before) {
      throw fileError(path, 'was changed meanwhile: try again when nothing writes to it');
    }
  };
  // Allows writing in place, because the file may be a mount point of a container, and the text is still in memory.
  await replaceFile({ mode }, path, undefined, write, { inPlace: true });
}

/**
 * Decodes the bytes of a file with its byte order mark, so that the encoded text equals the file.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if the bytes are not UTF-8.
 */
export function decodeFileText(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw fileError(path, "can't be read as text: save it as UTF-8");
  }
}
