// Calls of the file system that are made for every file of a folder.
//
// What is in the page cache is there in some microseconds. To have it fetched by a thread of Node's pool takes ten to a
// hundred times as long, so these calls are synchronous as long as they are answered at once. Where answers are slow, as
// those of a network or a disk that spins up, a thread waits for them, and the program goes on.
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
  stat,
  statSync,
  write,
  writeSync,
} from 'node:fs';

type Done<T> = (error: Error | null | undefined, value?: T) => void;

/** The result of a call that takes a callback. A promise of a FileHandle would cost several times as much. */
export function called<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}

// The average of the last calls, in milliseconds, from which on a thread waits.
const SLOW = 1;
// Over how many calls it is taken, about: a single call of 16 ms is slow.
const CALLS = 16;
// Calls that threads then make before it is tried again.
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

/** The descriptor of a file or folder. Nothing closes it but {@link closeFile}. */
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

/** Closes a descriptor that nothing was written through, once, and without an error that would hide a better one. */
export function onceClosed(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  // A number that is closed again may be another file's by then.
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

/** Follows links. */
export function statPath(path: string): Promise<BigIntStats> {
  return quick(
    () => statSync(path, BIG),
    (done) => stat(path, BIG, done),
  );
}

/** Of a link itself. */
export function statLink(path: string): Promise<BigIntStats> {
  return quick(
    () => lstatSync(path, BIG),
    (done) => lstat(path, BIG, done),
  );
}

/** The names in a folder, which need not be UTF-8. */
export function namesIn(path: string): Promise<Buffer[]> {
  return quick(
    () => readdirSync(path, NAMES),
    (done) => readdir(path, NAMES, done),
  );
}

/** Makes a folder, and those above. */
export function makeFolders(path: string): Promise<unknown> {
  const options = { recursive: true };
  return quick(
    () => mkdirSync(path, options),
    (done) => mkdir(path, options, done),
  );
}

// Bytes that are read or written at once. More takes as long as a thread, which works while the program goes on.
const SHORT = 2 ** 18;

/** Reads into `room`, and returns how many bytes there were. Without a `start` it goes on where the last one ended. */
export function readAt(fd: number, room: Uint8Array, start: number | null): Promise<number> {
  const { length } = room;
  const later = (done: Done<number>) => read(fd, room, 0, length, start, done);
  return length > SHORT || start === null
    ? called(later)
    : quick(() => readSync(fd, room, 0, length, start), later);
}

/** Writes behind what was written, and returns how many bytes it took. */
export function writeNext(fd: number, bytes: Uint8Array): Promise<number> {
  const { length } = bytes;
  const later = (done: Done<number>) => write(fd, bytes, 0, length, null, done);
  return length > SHORT ? called(later) : quick(() => writeSync(fd, bytes, 0, length, null), later);
}
