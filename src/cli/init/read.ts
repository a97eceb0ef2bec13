// Reads files of the app that init sets up.

import { lstat, readFile } from 'node:fs/promises';
import { onFile, UNREADABLE } from '../../files/error.ts';
import { decodeFileText } from '../config/files.ts';

/**
 * Reads a file's text with every byte. Returns `undefined` if there is no file.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if the file cannot be read or is not UTF-8.
 */
export async function readText(path: string): Promise<string | undefined> {
  const bytes = await bytesOf(path);
  return bytes && decodeFileText(path, bytes);
}

/** Reads a file's bytes. Returns `undefined` if there is no file. */
export async function bytesOf(path: string): Promise<Buffer | undefined> {
  const there = await lstat(path).catch(() => undefined);
  return there === undefined ? undefined : onFile(path, UNREADABLE, readFile(path));
}
