// Reads small files, such as keys and seals, also from a pipe and from standard input.

import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { addAbortSignal } from 'node:stream';
import { fileError, onFile, UNREADABLE } from '../files/error.ts';
import { openInputFile } from '../files/input-file.ts';
import { interruption } from './interruption.ts';
import { openPipeNow } from './pipe.ts';
import { isStandardInput, pathKindOf, standardInput } from './standard-streams.ts';

/**
 * Reads a file of at most `maxLength` bytes. `-` is standard input.
 *
 * @param what - Name of the content for messages, e.g. "the key".
 * @throws {@link BundleSealError} `ERR_FILE` if the file cannot be read or is larger.
 */
export async function readSmallFile(
  path: string,
  what: string,
  maxLength: number,
): Promise<Uint8Array> {
  const tooLarge = (name: string) =>
    fileError(
      name,
      `is too large for ${what}: it has more than ${maxLength} bytes, so pass another file`,
    );
  if (isStandardInput(path)) {
    return collect(standardInput(what), 'standard input', maxLength, tooLarge);
  }
  const kind = pathKindOf(path, await onFile(path, UNREADABLE, stat(path)));
  if (kind === 'pipe') return collect(await openPipeNow(path), path, maxLength, tooLarge);
  if (kind === 'null') return new Uint8Array();
  const file = await openInputFile(path);
  try {
    if (file.size > maxLength) throw tooLarge(path);
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

async function collect(
  stream: Readable,
  name: string,
  maxLength: number,
  tooLarge: (name: string) => Error,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const read = async () => {
    for await (const piece of addAbortSignal(interruption(), stream) as AsyncIterable<Uint8Array>) {
      length += piece.length;
      if (length > maxLength) throw tooLarge(name);
      pieces.push(piece);
    }
  };
  try {
    await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw fileError(name, UNREADABLE, error);
  }
  return Buffer.concat(pieces);
}
