// A file that is being written by positions.

import { constants, write } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { onFile } from './error.ts';
import { isSameFile } from './held-folder.ts';
import { whereOffered } from './leniency.ts';

export interface OutputFile {
  /** Writes all of `bytes` at `start`. */
  write(bytes: Uint8Array, start: number): Promise<void>;
  /** Starts to flush the bytes that were written so far, while writing continues. */
  flush(): Promise<void>;
  /**
   * From now on, whole pages that begin at a page of the file and of memory are written past the page cache;
   * everything else is written the usual way. Returns whether this is possible here.
   */
  goDirect(): Promise<boolean>;
  /** Back to the usual way, when no write is under way. */
  endDirect(): Promise<void>;
}

export const UNWRITABLE = "can't be written";
export const UNFLUSHED = "can't be flushed to the disk";

/** In bytes: what direct writes consist of, on every disk that there is. */
export const PAGE = 4096;

// Only Linux has it.
const O_DIRECT: number | undefined = constants.O_DIRECT;

/**
 * The output is flushed to the disk in the end, so it need not be copied into the page cache first. That copy took as
 * long as the cryptography and evicted the files of other programs.
 *
 * @param path - As errors call it.
 */
export function outputFile(path: string, handle: FileHandle): OutputFile {
  let direct: FileHandle | undefined;
  let takesPages = false;

  /** Returns the bytes written: fewer than all whole pages if the file system refuses them. */
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
    // The usual way says what is wrong, if anything is.
  }
  await direct.close().catch(() => {});
  return undefined;
}

// The callback form, because a promise of a FileHandle costs several times as much.
function writeAt(fd: number, bytes: Uint8Array, start: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, 0, bytes.length, start, (error, written) =>
      error === null ? resolve(written) : reject(error),
    );
  });
}
