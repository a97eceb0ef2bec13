// A file that is written at any position.

import { constants, write } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { PAGE } from '../backend/node-memory.ts';
import { onFile, UNWRITABLE } from './error.ts';
import { isSameFile } from './held-folder.ts';
import { whereOffered } from './leniency.ts';

export interface OutputFile {
  /** Writes all of `bytes` at `start`. */
  write(bytes: Uint8Array, start: number): Promise<void>;
  /** Starts to flush the bytes that were written so far, while writing continues. */
  flush(): Promise<void>;
  /**
   * Switches to direct I/O: from now on, whole pages that begin at a page of the file and of memory bypass the page
   * cache. All other bytes are written normally. Returns whether the system supports this.
   */
  goDirect(): Promise<boolean>;
  /** Ends direct I/O. Call it when no write is in progress. */
  endDirect(): Promise<void>;
}

export const UNFLUSHED = "can't be flushed to the disk";

// Only Linux has this flag.
const O_DIRECT: number | undefined = constants.O_DIRECT;

/**
 * Makes an output. The caller flushes it to the disk in the end, so it needs no copy in the page cache. To copy it takes
 * as long as the cryptography, and evicts the files of other programs.
 *
 * @param path - The path for messages.
 */
export function outputFile(path: string, handle: FileHandle): OutputFile {
  let direct: FileHandle | undefined;
  let takesPages = false;

  /**
   * Writes whole pages. Returns the number of bytes written, which is smaller if the file system refuses direct
   * writes.
   */
  async function writePages(fd: number, bytes: Uint8Array, start: number): Promise<number> {
    const end = bytes.length - (bytes.length % PAGE);
    let at = 0;
    while (takesPages && at < end && at % PAGE === 0) {
      try {
        at += await writeAt(fd, bytes.subarray(at, end), start + at);
      } catch (error) {
        // EINVAL: the file system accepts O_DIRECT when it opens a file but refuses direct writes. This call wrote
        // nothing.
        if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
        takesPages = false;
      }
    }
    return at;
  }

  return {
    async write(bytes, start) {
      let at = 0;
      if (direct !== undefined && start % PAGE === 0) {
        at = await onFile(path, UNWRITABLE, writePages(direct.fd, bytes, start));
      }
      while (at < bytes.length) {
        at += await onFile(path, UNWRITABLE, writeAt(handle.fd, bytes.subarray(at), start + at));
      }
    },
    flush: () => onFile(path, UNFLUSHED, whereOffered(handle.datasync())),
    async goDirect() {
      direct = await openDirectly(handle);
      takesPages = direct !== undefined;
      return takesPages;
    },
    async endDirect() {
      const ended = direct;
      direct = undefined;
      if (ended !== undefined) await onFile(path, UNWRITABLE, ended.close());
    },
  };
}

/**
 * Opens the file a second time for direct writes. It is opened by its descriptor, because another user may have put a
 * link under the name. `undefined` if the system or the file system does not support it.
 */
async function openDirectly(handle: FileHandle): Promise<FileHandle | undefined> {
  if (O_DIRECT === undefined) return undefined;
  const flags = constants.O_WRONLY | O_DIRECT;
  const direct = await open(`/proc/self/fd/${handle.fd}`, flags).catch(() => undefined);
  if (direct === undefined) return undefined;
  try {
    const [one, other] = await Promise.all([
      handle.stat({ bigint: true }),
      direct.stat({ bigint: true }),
    ]);
    if (isSameFile(one, other)) return direct;
  } catch {
    // If the fault concerns the file, the normal write reports it.
  }
  await direct.close().catch(() => {});
  return undefined;
}

// Uses the callback form of `write`, because promises of a FileHandle take several times as long.
function writeAt(fd: number, bytes: Uint8Array, start: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, 0, bytes.length, start, (error, written) =>
      error === null ? resolve(written) : reject(error),
    );
  });
}
