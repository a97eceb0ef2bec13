// Copies an input that can only be read forward into an unnamed file, which can be read at any position. The system
// removes the file when the process ends, at the latest.

import { closeSync, constants, open as openNumber, openSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from '../backend/random.ts';
import { toHex } from '../bytes.ts';
import { onAbort } from '../signals.ts';
import { readAt } from './calls.ts';
import { fileError, onFile, UNREADABLE } from './error.ts';
import { hasCode } from './leniency.ts';
import { PRIVATE_FILE } from './modes.ts';
import { type OutputFile, outputFile } from './output-file.ts';

const PIECE_LENGTH = 2 ** 18;

/** The beginning of the name that such a file has for a moment. */
const UNNAMED = 'bundleseal-';
const UNMADE = "can't hold a temporary file (TMPDIR names the folder for temporary files)";

/** Copies a pipe to its end. Waits for its writer. */
export async function spoolPipe(path: string, signal?: AbortSignal): Promise<FileHandle> {
  const pipe = new Socket({ fd: await openPipe(path, signal), readable: true, writable: false });
  // The read reports the error, so this handler only prevents an unhandled error event.
  pipe.on('error', () => {});
  const letGo = signal && onAbort(signal, () => pipe.destroy());
  async function* pieces(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* pipe;
    } catch (error) {
      signal?.throwIfAborted();
      throw fileError(path, UNREADABLE, error);
    }
    signal?.throwIfAborted();
  }
  try {
    signal?.throwIfAborted();
    return await spool(pieces(), signal);
  } finally {
    letGo?.();
    // Closes the pipe also if it was not read. Otherwise its writer would wait for a reader.
    pipe.destroy();
  }
}

/** Copies a file without a size, as in /proc. Returns `undefined` if it is empty. */
export async function spoolUnsized(
  path: string,
  fd: number,
  signal?: AbortSignal,
): Promise<FileHandle | undefined> {
  const read = async () => {
    const room = new Uint8Array(PIECE_LENGTH);
    // Reads from the current position, because not all of these files support positions.
    const reading = readAt(fd, room, null);
    return room.subarray(0, await onFile(path, UNREADABLE, reading));
  };
  const first = await read();
  if (first.length === 0) return undefined;
  async function* pieces(): AsyncGenerator<Uint8Array, void> {
    for (let piece = first; piece.length > 0; piece = await read()) yield piece;
  }
  return spool(pieces(), signal);
}

// Milliseconds between two attempts to unblock the open call.
const UNBLOCK_AGAIN = 10;

/**
 * Opens a pipe. Returns a descriptor and not a FileHandle, because the Socket that gets it closes it.
 */
async function openPipe(path: string, signal?: AbortSignal): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  let fail = (_reason: unknown) => {};
  const opening = new Promise<number>((resolve, reject) => {
    fail = reject;
    openNumber(path, constants.O_RDONLY, (error, fd) => (error ? reject(error) : resolve(fd)));
  });
  // Opening the pipe for writing unblocks the pending open call. This happens synchronously, because pending calls
  // may occupy all threads of the file system. It repeats, because the open call may not have begun.
  const unblock = () => {
    try {
      closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    } catch (error) {
      // ENXIO: the open call has not begun. Any other error would occur again.
      if (!hasCode(error, 'ENXIO')) fail(error);
    }
    timer = setTimeout(unblock, UNBLOCK_AGAIN);
  };
  const letGo = signal && onAbort(signal, unblock);
  try {
    return await onFile(path, UNREADABLE, opening);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    letGo?.();
    clearTimeout(timer);
  }
}

/** Writes bytes into an unnamed file while they arrive. */
export async function spool(
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<FileHandle> {
  const { handle } = await fillUnnamed(async (file) => {
    let at = 0;
    for await (const piece of pieces) {
      signal?.throwIfAborted();
      await file.write(piece, at);
      at += piece.length;
    }
  });
  return handle;
}

/** Creates a file without a name in the system's folder for temporary files, and writes it. */
export async function fillUnnamed<T>(
  fill: (file: OutputFile) => Promise<T>,
): Promise<{ readonly result: T; readonly handle: FileHandle }> {
  const path = join(tmpdir(), `${UNNAMED}${toHex(randomBytes(12))}`);
  const handle = await onFile(tmpdir(), UNMADE, open(path, 'wx+', PRIVATE_FILE));
  const file = outputFile(path, handle);
  try {
    await onFile(path, "can't be removed", unlink(path));
    const result = await fill(file);
    await file.endDirect();
    return { result, handle };
  } catch (error) {
    await Promise.allSettled([file.endDirect(), handle.close()]);
    throw error;
  }
}
