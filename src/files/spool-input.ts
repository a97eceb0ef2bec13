// What can only be read forward, as a file that is read by positions: a copy that has no name, and is gone with the
// process at the latest.

import { constants, open as openNumber } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from '../backend/random.ts';
import { toHex } from '../bytes.ts';
import { onAbort } from '../signals.ts';
import { fileError, onFile } from './error.ts';
import { outputFile } from './output-file.ts';

const UNREADABLE = "can't be read";
const PIECE_LENGTH = 2 ** 18;

/** What is in a pipe, to its end. Waits for its writer. */
export async function spoolPipe(path: string, signal?: AbortSignal): Promise<FileHandle> {
  const pipe = new Socket({ fd: await openPipe(path, signal), readable: true, writable: false });
  const stop = () => pipe.destroy();
  const letGo = signal && onAbort(signal, stop);
  async function* pieces(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* pipe;
    } catch (error) {
      throw fileError(path, UNREADABLE, error);
    } finally {
      letGo?.();
    }
    signal?.throwIfAborted();
  }
  return spool(pieces(), signal);
}

/** What a file gives that has no size, as those of /proc; `undefined`: it is empty. */
export async function spoolUnsized(
  path: string,
  file: FileHandle,
  signal?: AbortSignal,
): Promise<FileHandle | undefined> {
  const read = async () => {
    const room = new Uint8Array(PIECE_LENGTH);
    // From where the last one ended: not all of these files know positions.
    const reading = file.read(room, 0, room.length, null);
    const { bytesRead } = await onFile(path, UNREADABLE, reading);
    return room.subarray(0, bytesRead);
  };
  const first = await read();
  if (first.length === 0) return undefined;
  async function* pieces(): AsyncGenerator<Uint8Array, void> {
    for (let piece = first; piece.length > 0; piece = await read()) yield piece;
  }
  return spool(pieces(), signal);
}

/** Its number, for a Socket closes what it is given. */
async function openPipe(path: string, signal?: AbortSignal): Promise<number> {
  // A writer that comes and goes ends the waiting.
  const unblock = () => {
    const flags = constants.O_WRONLY | constants.O_NONBLOCK;
    open(path, flags).then(
      (writer) => writer.close(),
      () => {},
    );
  };
  const letGo = signal && onAbort(signal, unblock);
  try {
    const opening = new Promise<number>((resolve, reject) => {
      openNumber(path, constants.O_RDONLY, (error, fd) => (error ? reject(error) : resolve(fd)));
    });
    return await onFile(path, UNREADABLE, opening);
  } finally {
    letGo?.();
  }
}

async function spool(
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<FileHandle> {
  const path = join(tmpdir(), `bundleseal-${toHex(randomBytes(12))}`);
  const handle = await onFile(path, "can't be made to hold the input", open(path, 'wx+', 0o600));
  try {
    await onFile(path, "can't be removed", unlink(path));
    const file = outputFile(path, handle);
    let at = 0;
    for await (const piece of pieces) {
      signal?.throwIfAborted();
      await file.write(piece, at);
      at += piece.length;
    }
    return handle;
  } catch (error) {
    await handle.close().catch(() => {});
    throw error;
  }
}
