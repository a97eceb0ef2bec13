// A file that is being written by positions.

import { constants, write } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { onFile } from './error.ts';

export interface OutputFile {
  /** Writes all of `bytes` at `start`. */
  write(bytes: Uint8Array, start: number): Promise<void>;
  /** Has what was written so far go to the disk, while more is being written. */
  flush(): Promise<void>;
  /**
   * From now on whole pages that begin at a page of the file and at one of memory go to the disk at once, past the
   * page cache; everything else goes the usual way. Answers whether that can be had here.
   */
  goDirect(): Promise<boolean>;
  /** Back to the usual way, when no write is under way. */
  endDirect(): Promise<void>;
}

export const UNWRITABLE = "can't be written";

/** In bytes: what direct writes consist of, on every disk that there is. */
export const PAGE = 4096;

// Only Linux has it.
const O_DIRECT: number | undefined = constants.O_DIRECT;

/**
 * What is flushed to the disk in the end anyway need not be copied into the page cache first: that took as long as
 * the cryptography, and drove out what others had there.
 *
 * @param path - As errors call it. @param place - Where it lies, if it may be written directly.
 */
export function outputFile(path: string, handle: FileHandle, place?: string): OutputFile {
  let direct: FileHandle | undefined;
  let takesPages = false;

  /** Bytes written: fewer than there are whole pages where the file system turns out not to take them. */
  async function writePages(fd: number, bytes: Uint8Array, start: number): Promise<number> {
    const end = bytes.length - (bytes.length % PAGE);
    let at = 0;
    while (takesPages && at < end && at % PAGE === 0) {
      try {
        at += await writeAt(fd, bytes.subarray(at, end), start + at);
      } catch (error) {
        // It opens so and yet can't: nothing was written by this call.
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
    flush: () => onFile(path, "can't be flushed to the disk", handle.datasync()),
    async goDirect() {
      if (O_DIRECT === undefined || place === undefined) return false;
      // A file system that has no such way says so here.
      direct = await open(place, constants.O_WRONLY | O_DIRECT).catch(() => undefined);
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

// The callback form: a promise of a FileHandle's costs several times as much.
function writeAt(fd: number, bytes: Uint8Array, start: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, 0, bytes.length, start, (error, written) =>
      error === null ? resolve(written) : reject(error),
    );
  });
}
