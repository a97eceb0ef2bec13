// Opens named pipes, and pipes that a shell passes as files: `<(command)`, `>(command)`.
//
// A normal open() of a pipe blocks a thread until the other end is opened. Neither Ctrl-C nor a normal exit can then
// end the process. Therefore this module opens both ends without blocking.

import { constants, open, readSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { fileError, onFile, UNREADABLE, UNWRITABLE } from '../files/error.ts';
import { interruption } from './interruption.ts';

// How long the other end may take to appear, in milliseconds.
const PATIENCE = 2000;
const PAUSE = 50;

// Number of bytes to read from a pipe at once: what a pipe of Linux holds.
const READ_LENGTH = 65_536;

/**
 * Opens a pipe for reading.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if no process writes to it within two seconds.
 */
export async function openPipeNow(path: string): Promise<Readable> {
  const fd = await openNow(path, UNREADABLE, constants.O_RDONLY);
  const stream = new Socket({ fd, readable: true, writable: false });
  try {
    const first = await retry(() => readNow(fd));
    if (first === undefined) {
      throw fileError(
        path,
        'is a pipe that no program wrote to: start the writing program first, and check that it did not fail',
      );
    }
    if (first.length > 0) stream.unshift(first);
    return stream;
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

/**
 * Opens a pipe for writing.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if no process reads from it within two seconds.
 */
export async function openPipeForWriting(path: string): Promise<Writable> {
  const fd = await retry(async () => {
    try {
      return await promisify(open)(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENXIO') return undefined;
      throw fileError(path, UNWRITABLE, error);
    }
  });
  if (fd !== undefined) return new Socket({ fd, readable: false, writable: true });
  throw fileError(path, 'is a pipe that no program reads from: start the reading program first');
}

function openNow(path: string, what: string, flags: number): Promise<number> {
  return onFile(path, what, promisify(open)(path, flags | constants.O_NONBLOCK));
}

/**
 * Reads the available bytes. Returns an empty buffer if there are none yet, and `undefined` if there is no writer.
 */
function readNow(fd: number): Buffer | undefined {
  const room = Buffer.alloc(READ_LENGTH);
  try {
    const length = readSync(fd, room, 0, room.length, null);
    return length === 0 ? undefined : room.subarray(0, length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return Buffer.alloc(0);
    throw error;
  }
}

async function retry<T>(attempt: () => T | Promise<T>): Promise<T | undefined> {
  for (let waited = 0; ; waited += PAUSE) {
    const result = await attempt();
    if (result !== undefined || waited >= PATIENCE) return result;
    await sleep(PAUSE, undefined, { signal: interruption() });
  }
}
