// Copies an input that can only be read forward into an unnamed file, which can be read at any position. The system
// removes the file when the process ends, at the latest.

import { closeSync, constants, openSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes } from '../backend/random.ts';
import { toHex } from '../bytes.ts';
import { onAbort } from '../signals.ts';
import { PIECE_LENGTH, PRIVATE_FILE, readAt } from './calls.ts';
import { onFile, UNREADABLE } from './error.ts';
import { hasCode } from './leniency.ts';
import { type OutputFile, outputFile } from './output-file.ts';

/** The beginning of the name that such a file has for a moment. */
const UNNAMED = 'bundleseal-';
const UNMADE = "can't hold a temporary file (TMPDIR names the folder for temporary files)";

// Milliseconds between two reads of an empty pipe: the first pause, and the longest one.
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 16;

/** Copies a pipe to its end. Waits for its writer. */
export async function spoolPipe(path: string, signal?: AbortSignal): Promise<FileHandle> {
  const pipe = await openPipe(path, signal);
  try {
    return await spool(piecesOf(pipe, path, signal), signal);
  } finally {
    // Closes the pipe also if it was not read. Otherwise its writer would wait for a reader.
    await pipe.close().catch(() => {});
  }
}

/**
 * Reads a pipe that was opened with O_NONBLOCK to its end. While the pipe is empty, it waits with a timer, because a
 * read that blocks occupies a thread of Node's pool and cannot be aborted.
 *
 * A Socket would wait without a timer. But it closes the descriptor by itself, and in a worker thread Node closes the
 * number a second time when the thread ends, which may by then be a file of another thread.
 */
async function* piecesOf(
  pipe: FileHandle,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  const room = new Uint8Array(PIECE_LENGTH);
  let pause = FIRST_PAUSE;
  for (;;) {
    signal?.throwIfAborted();
    const length = await onFile(path, UNREADABLE, readNow(pipe, room));
    if (length === 0) return;
    if (length === undefined) {
      await sleep(pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    } else {
      pause = FIRST_PAUSE;
      yield room.subarray(0, length);
    }
  }
}

/** Returns the number of bytes that were read: 0 at the end, and `undefined` if there are none yet. */
async function readNow(pipe: FileHandle, room: Uint8Array): Promise<number | undefined> {
  try {
    return (await pipe.read(room, 0, room.length, null)).bytesRead;
  } catch (error) {
    if (hasCode(error, 'EAGAIN')) return undefined;
    throw error;
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

/** Opens a pipe for reads that do not block, after it has a writer. */
async function openPipe(path: string, signal?: AbortSignal): Promise<FileHandle> {
  const blocking = await openWithWriter(path, signal);
  try {
    signal?.throwIfAborted();
    // Reading through this handle alone would not wait for a writer. The other handle keeps the bytes that a writer
    // left behind.
    const flags = constants.O_RDONLY | constants.O_NONBLOCK;
    return await onFile(path, UNREADABLE, open(path, flags));
  } finally {
    await blocking.close().catch(() => {});
  }
}

/** Opens a pipe as soon as it has a writer. Resolves on an abort, too. */
async function openWithWriter(path: string, signal?: AbortSignal): Promise<FileHandle> {
  let timer: NodeJS.Timeout | undefined;
  let fail = (_reason: unknown) => {};
  const opening = open(path, constants.O_RDONLY);
  const failing = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Opening the pipe for writing unblocks the pending open call. This happens synchronously, because pending calls
  // may occupy all threads of the file system. It repeats, because the open call may not have begun.
  const unblock = () => {
    try {
      closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    } catch (error) {
      // ENXIO: the open call has not begun. Any other error would occur again.
      if (!hasCode(error, 'ENXIO')) {
        // The open call stays blocked until the pipe has a writer.
        opening.then((pipe) => pipe.close()).catch(() => {});
        fail(error);
      }
    }
    timer = setTimeout(unblock, UNBLOCK_AGAIN);
  };
  const letGo = signal && onAbort(signal, unblock);
  try {
    return await onFile(path, UNREADABLE, Promise.race([opening, failing]));
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
