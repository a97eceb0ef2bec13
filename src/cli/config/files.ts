// A config's file: which one it is, reading it and putting another text in its place.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPath, fileError, onFile } from '../../files/error.ts';
import { type InputFile, openInputFile } from '../../files/input-file.ts';
import type { OutputFile } from '../../files/output-file.ts';
import { replaceFile } from '../../files/replace.ts';
import { MAX_TEXT_LENGTH } from './work.ts';

export interface ConfigFile {
  readonly path: string;
  /** The path's last part. */
  readonly fileName: string;
  /** Further configs in the folder, which are not looked at because this one comes first. */
  readonly others: readonly string[];
}

// Capacitor's CLI takes the first of .ts, .js and .json. It does not know the other two; tools around it do,
// and they must not hide a file that it does take.
const FILE_NAMES = ['ts', 'js', 'json', 'mjs', 'cjs'].map((end) => `capacitor.config.${end}`);

const UNREADABLE = "can't be read";

/** Far more than any config has; a file of this name that is larger is something else. */
const MAX_LENGTH = MAX_TEXT_LENGTH;

/**
 * The config that Capacitor would take in this folder.
 *
 * @throws {@link BundleSealError} `ERR_FILE`: the folder can't be read.
 */
export async function findConfig(folder: string): Promise<ConfigFile | undefined> {
  checkPath('folder', folder);
  if (!(await onFile(folder, UNREADABLE, stat(folder))).isDirectory()) {
    throw fileError(folder, "can't be searched for a config: it is no folder");
  }
  const found: string[] = [];
  for (const name of FILE_NAMES) if (await isThere(join(folder, name))) found.push(name);
  const [fileName, ...others] = found;
  return fileName === undefined ? undefined : { path: join(folder, fileName), fileName, others };
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw fileError(path, UNREADABLE, error);
  }
}

/**
 * The file's text, its byte order mark included.
 *
 * @throws {@link BundleSealError} `ERR_FILE`: it can't be read, or is not text in UTF-8.
 */
export async function readConfigText({ path }: Pick<ConfigFile, 'path'>): Promise<string> {
  const file = await openInputFile(path);
  try {
    return await textOf(file);
  } finally {
    await file.close();
  }
}

/**
 * Replaces the file's text whole or not at all, if it is still what it was when it was read.
 *
 * @param before - What {@link readConfigText} gave.
 * @throws {@link BundleSealError} `ERR_FILE`: it can't be written, or was changed meanwhile.
 */
export async function writeConfigText(
  { path }: Pick<ConfigFile, 'path'>,
  before: string,
  after: string,
): Promise<void> {
  const { mode } = await onFile(path, UNREADABLE, stat(path));
  const write = async (output: OutputFile) => {
    await output.write(new TextEncoder().encode(after), 0);
    // At the last moment, for a person may have the file open in an editor.
    if ((await readConfigText({ path })) !== before) {
      throw fileError(path, 'was changed meanwhile: try again when nothing writes to it');
    }
  };
  // A container may have this file alone mounted into it, and the text is still in memory.
  await replaceFile({ mode }, path, undefined, write, { inPlace: true });
}

async function textOf(file: InputFile): Promise<string> {
  if (file.size > MAX_LENGTH) throw fileError(file.path, 'is too large for a config of Capacitor');
  const bytes = await file.read(0, file.size);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw fileError(file.path, "can't be read as text: save it as UTF-8");
  }
}
