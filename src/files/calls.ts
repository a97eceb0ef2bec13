// File system calls for every file of a folder, and the mode bits that calls take.
//
// The page cache answers a call in some microseconds. Through a thread of Node's pool, the same call takes ten to a
// hundred times as long. Therefore these calls are synchronous while they are fast. If they become slow, as on a
// network or on a disk that spins up, a thread of the pool waits for them, and the program continues.
// docs/decisions/quick-calls.md has the figures.

import {
  type BigIntStats,
  close,
  closeSync,
  fstat,
  fstatSync,
  lstat,
  lstatSync,
  mkdir,
  mkdirSync,
  open,
  openSync,
  read,
  readdir,
  readdirSync,
  readSync,
  realpath,
  realpathSync,
  stat,
  statSync,
  unlink,
  unlinkSync,
  write,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { hasCode } from './leniency.ts';

/** Mode bits of a file that only its owner can read and write. */
export const PRIVATE_FILE = 0o600;

/** Mode bits of a folder that only its owner can list, enter and change. */
export const PRIVATE_FOLDER = 0o700;

/** The rights of owner, group and others, without set-user-ID, set-group-ID and the sticky bit. */
export const PERMISSION_BITS = 0o777;

type Done<T> = (error: Error | null | undefined, value?: T) => void;

/**
 * Turns a call with a callback into a promise. Promises of a FileHandle would take several times as long.
 */
export function called<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}

// If the average of the last calls takes this many milliseconds, calls go through a thread.
const SLOW = 1;
// Approximate number of calls in the average. A single call of 16 ms counts as slow.
const CALLS = 16;
// Number of calls through threads before a synchronous call is tried again.
const PATIENCE = 256;

let average = 0;
let patience = 0;

async function quick<T>(now: () => T, start: (done: Done<T>) => void): Promise<T> {
  if (patience > 0) {
    patience -= 1;
    return called(start);
  }
  const began = performance.now();
  try {
    return now();
  } finally {
    average += (performance.now() - began - average) / CALLS;
    if (average > SLOW) {
      average = 0;
      patience = PATIENCE;
    }
  }
}

const BIG = { bigint: true } as const;
const NAMES = { encoding: 'buffer' } as const;

/** Opens a file or folder and returns its descriptor. Only {@link closeFile} closes it. */
export function openFile(path: string, flags: string | number): Promise<number> {
  return quick(
    () => openSync(path, flags),
    (done) => open(path, flags, done),
  );
}

export function closeFile(fd: number): Promise<void> {
  return quick(
    () => closeSync(fd),
    (done) => close(fd, done),
  );
}

/**
 * Makes a function that closes a descriptor once. It ignores errors, because nothing was written through the
 * descriptor, and the error could hide a more important one.
 */
export function onceClosed(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  // A second close could close another file, which got the same descriptor meanwhile.
  return () => {
    closing ??= close().catch(() => {});
    return closing;
  };
}

export function statFile(fd: number): Promise<BigIntStats> {
  return quick(
    () => fstatSync(fd, BIG),
    (done) => fstat(fd, BIG, done),
  );
}

/** Calls `stat`, which follows links. */
export function statPath(path: string): Promise<BigIntStats> {
  return quick(
    () => statSync(path, BIG),
    (done) => stat(path, BIG, done),
  );
}

/** Calls `lstat`, which does not follow links. */
export function statLink(path: string): Promise<BigIntStats> {
  return quick(
    () => lstatSync(path, BIG),
    (done) => lstat(path, BIG, done),
  );
}

/** Lists the names in a folder as bytes, because they need not be UTF-8. */
export function namesIn(path: string): Promise<Buffer[]> {
  return quick(
    () => readdirSync(path, NAMES),
    (done) => readdir(path, NAMES, done),
  );
}

/** Resolves the links of a path. */
export function realPath(path: string): Promise<string> {
  return quick(
    () => realpathSync.native(path),
    (done) => realpath.native(path, done),
  );
}

export function removeFile(path: string): Promise<void> {
  return quick(
    () => unlinkSync(path),
    (done) => unlink(path, done),
  );
}

/** Creates a folder, if there is none yet. The folder above it must exist. */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  try {
    await quick<unknown>(
      () => mkdirSync(path, mode),
      (done) => mkdir(path, mode, done),
    );
  } catch (error) {
    // What the system says of a folder that exists differs: EEXIST, EISDIR, EROFS.
    const stats = await statPath(path).catch(() => undefined);
    if (stats?.isDirectory() !== true) throw error;
  }
}

/**
 * Creates a folder and the folders above it. Node's `mkdir` with `recursive` does the same, but never ends where the
 * system answers ENOENT although the folder above exists, as in /proc and in an open folder that was removed.
 */
export async function makeFolders(path: string, mode?: number): Promise<void> {
  try {
    await makeFolder(path, mode);
  } catch (error) {
    const above = dirname(path);
    if (!hasCode(error, 'ENOENT') || above === path) throw error;
    await makeFolders(above, mode);
    await makeFolder(path, mode);
  }
}

/**
 * Number of bytes of a file to read or write at once. A longer call is not synchronous, because it takes longer than
 * handing it to a thread, which works while the program continues. Reads for which the program waits may be longer.
 */
export const PIECE_LENGTH: number = 2 ** 18;

/**
 * Reads into `room` and returns the number of bytes. Without `start`, reads from the current position.
 *
 * @param most - Largest synchronous read in bytes.
 */
export function readAt(
  fd: number,
  room: Uint8Array,
  start: number | null,
  most: number = PIECE_LENGTH,
): Promise<number> {
  const { length } = room;
  const later = (done: Done<number>) => read(fd, room, 0, length, start, done);
  return length > most || start === null
    ? called(later)
    : quick(() => readSync(fd, room, 0, length, start), later);
}

/** Writes at the current position and returns the number of bytes written. */
export function writeNext(fd: number, bytes: Uint8Array): Promise<number> {
  const { length } = bytes;
  const later = (done: Done<number>) => write(fd, bytes, 0, length, null, done);
  return length > PIECE_LENGTH
    ? called(later)
    : quick(() => writeSync(fd, bytes, 0, length, null), later);
}
