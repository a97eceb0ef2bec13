// Opens a file for reading at any position.

import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, statfs } from 'node:fs/promises';
import type { Source } from '../sources/input.ts';
import {
  closeFile,
  onceClosed,
  openFile,
  PERMISSION_BITS,
  readAt,
  statFile,
  statPath,
} from './calls.ts';
import { fileError, onFile, UNREADABLE } from './error.ts';
import { describeKind } from './output-place.ts';
import { spoolPipe, spoolUnsized } from './spool-input.ts';

export interface InputFile extends Source {
  readonly path: string;
  readonly stats: BigIntStats;
  /**
   * Mode bits for the output. `undefined` for a pipe or a file of /proc, whose mode bits are meaningless.
   */
  readonly mode: number | undefined;
  /** Fills `room` with the bytes from `start` on. */
  readInto(room: Uint8Array, start: number): Promise<Uint8Array>;
  /** Throws if the file has changed since it was opened. */
  checkUnchanged(): Promise<void>;
  close(): Promise<void>;
}

// Largest synchronous read of a range, in bytes. Whoever reads a range needs it before it continues. While files are
// flushed, all threads of Node's pool may be busy, and a read through a thread would wait for them.
const RANGE = 2 ** 21;

/**
 * Opens a regular file. An input that can only be read forward (a pipe, or a file of /proc or /sys, whose size is
 * meaningless) is first copied into an unnamed file.
 *
 * @param signal - Aborts the reading of a pipe.
 */
export async function openInputFile(path: string, signal?: AbortSignal): Promise<InputFile> {
  // Calls stat before open, because opening a pipe waits for its writer.
  const found = await onFile(path, UNREADABLE, statPath(path));
  if (found.isFIFO()) return openSpooled(path, await spoolPipe(path, signal), found);
  checkRegular(path, found);
  return openRegularFile(path, path, 0, signal);
}

/**
 * Opens a regular file. Refuses everything else, by default also links.
 *
 * @param shown - The path for messages.
 */
export async function openRegularFile(
  path: string,
  shown: string,
  flags: number = constants.O_NOFOLLOW ?? 0,
  signal?: AbortSignal,
): Promise<InputFile> {
  // O_NONBLOCK, because another program may have put a pipe in the place of the file, and opening a pipe would wait.
  const careful = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | flags;
  const fd = await onFile(shown, UNREADABLE, openFile(path, careful));
  let isKept = false;
  try {
    const stats = await onFile(shown, UNREADABLE, statFile(fd));
    checkRegular(shown, stats);
    const copy =
      isMaybeUnsized(stats) && (await isUnsized(path, stats))
        ? await spoolUnsized(shown, fd, signal)
        : undefined;
    isKept = copy === undefined;
    return copy === undefined
      ? inputFile(shown, stats, { fd, close: () => closeFile(fd) })
      : await openSpooled(shown, copy, stats);
  } finally {
    if (!isKept) await closeFile(fd).catch(() => {});
  }
}

/**
 * `SYSFS_MAGIC` of linux/magic.h. Each file of sysfs claims the size of a page and contains less.
 */
const SYSFS = 0x62656572n;

/** Whether the size may be meaningless. This check saves a call for nearly all files. */
function isMaybeUnsized({ size, blocks }: BigIntStats): boolean {
  return size === 0n || blocks === 0n;
}

/** Whether the size of a file is meaningless: it is 0 in /proc, and a page in /sys. */
async function isUnsized(path: string, { size }: BigIntStats): Promise<boolean> {
  if (size === 0n) return true;
  return statfs(path, { bigint: true }).then(
    ({ type }) => type === SYSFS,
    () => false,
  );
}

/**
 * Makes an input from `copy`, the unnamed copy of the content, and closes it after an error.
 *
 * @param shown - The input's name for messages.
 * @param original - The facts about the original. Default: those about the copy.
 */
export async function openSpooled(
  shown: string,
  copy: FileHandle,
  original?: BigIntStats,
): Promise<InputFile> {
  let stats: BigIntStats;
  try {
    stats = await onFile(shown, UNREADABLE, copy.stat({ bigint: true }));
  } catch (error) {
    await copy.close().catch(() => {});
    throw error;
  }
  return {
    ...inputFile(shown, original ?? stats, { fd: copy.fd, close: () => copy.close() }),
    size: Number(stats.size),
    mode: undefined,
    checkUnchanged: async () => {},
  };
}

interface Descriptor {
  readonly fd: number;
  close(): Promise<void>;
}

function inputFile(path: string, stats: BigIntStats, { fd, close }: Descriptor): InputFile {
  async function readInto(room: Uint8Array, start: number, most?: number): Promise<Uint8Array> {
    for (let at = 0; at < room.length; ) {
      const got = await onFile(path, UNREADABLE, readAt(fd, room.subarray(at), start + at, most));
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
    isLocal: true,
    mode: Number(stats.mode) & PERMISSION_BITS,
    readInto: (room, start) => readInto(room, start),
    read: (start, end) => readInto(new Uint8Array(end - start), start, RANGE),
    async checkUnchanged() {
      const now = await onFile(path, UNREADABLE, statFile(fd));
      if (now.size === stats.size && now.mtimeNs === stats.mtimeNs) return;
      throw fileError(path, 'was changed while it was read: try again when nothing writes to it');
    },
    // Ignores an error of closing: nothing was written, and the error could hide a more important one.
    close: onceClosed(close),
  };
}

function checkRegular(path: string, stats: BigIntStats): void {
  if (stats.isFile()) return;
  throw stats.isDirectory()
    ? fileError(path, "can't be read: it is a folder, pass the path of a file")
    : fileError(path, `can't be read: it is ${describeKind(stats)}, pass the path of a file`);
}
