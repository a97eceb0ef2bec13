// A regular file, opened for reading by positions.

import { type BigIntStats, constants, read } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Source } from '../sources/input.ts';
import { fileError, onFile } from './error.ts';

export interface InputFile extends Source {
  readonly path: string;
  readonly stats: BigIntStats;
  /** Fills `room` with what is there from `start` on. */
  readInto(room: Uint8Array, start: number): Promise<Uint8Array>;
  /** Refuses a file that is not what it was when it was opened. */
  checkUnchanged(): Promise<void>;
  close(): Promise<void>;
}

const UNREADABLE = "can't be read";

export async function openInputFile(path: string): Promise<InputFile> {
  // Before it is opened: a pipe would wait for its writer.
  checkRegular(path, await onFile(path, UNREADABLE, stat(path, { bigint: true })));
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
  const handle = await onFile(path, UNREADABLE, open(path, flags));
  let stats: BigIntStats;
  try {
    stats = await onFile(path, UNREADABLE, handle.stat({ bigint: true }));
    checkRegular(path, stats);
  } catch (error) {
    await handle.close().catch(() => {});
    throw error;
  }

  async function readInto(room: Uint8Array, start: number): Promise<Uint8Array> {
    for (let at = 0; at < room.length; ) {
      const got = await onFile(path, UNREADABLE, readAt(handle, room.subarray(at), start + at));
      if (got === 0) {
        throw fileError(
          path,
          'became shorter while it was read: try again when nothing writes to it',
        );
      }
      at += got;
    }
    return room;
  }

  return {
    path,
    stats,
    size: Number(stats.size),
    readInto,
    read: (start, end) => readInto(new Uint8Array(end - start), start),
    async checkUnchanged() {
      const now = await onFile(path, UNREADABLE, handle.stat({ bigint: true }));
      if (now.size === stats.size && now.mtimeNs === stats.mtimeNs) return;
      throw fileError(path, 'was changed while it was read: try again when nothing writes to it');
    },
    // Nothing was written: an error of closing would only hide a better one.
    close: () => handle.close().catch(() => {}),
  };
}

function checkRegular(path: string, stats: BigIntStats): void {
  if (stats.isFile()) return;
  throw stats.isDirectory()
    ? fileError(path, "can't be read: it is a folder, pass the path of a file")
    : fileError(path, "can't be read by positions: it is no regular file, use the streams for it");
}

// The callback form: a promise of a FileHandle's costs several times as much.
function readAt(handle: FileHandle, room: Uint8Array, start: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(handle.fd, room, 0, room.length, start, (error, got) =>
      error === null ? resolve(got) : reject(error),
    );
  });
}
