// Writes the files of an archive into a new folder.
//
// All files are on the disk before the folder gets its name. docs/decisions/durable-folders.md compares the ways to
// achieve this.

import { fdatasync } from 'node:fs';
import { join } from 'node:path';
import { handledElsewhere } from '../turn.ts';
import { called, closeFile, makeFolder, openFile, writeNext } from './calls.ts';
import { onFile, UNWRITABLE } from './error.ts';
import { flushFolder, whereOffered } from './leniency.ts';
import { UNFLUSHED } from './output-file.ts';

/** A file or folder of an archive. Its path is safe. */
export interface Unpacked {
  readonly path: string;
  readonly isFolder: boolean;
  readonly content: AsyncIterable<Uint8Array>;
}

// The most bytes of files that wait or are written, in memory.
const MAX_HELD = 2 ** 24;
// Number of files to write at once, and to flush together afterwards. A file system that flushes makes the creation of
// files wait, so the next file is created only when all of them are flushed. The contents of the next files are read
// meanwhile. macOS allows 256 open files.
const GROUP = 64;
// Size of the largest file, in bytes, that is read to its end before its output is opened. A larger file is written
// while it is read.
const WHOLE = 2 ** 21;

/**
 * Writes files in parallel, and flushes them and their folders. Reads the content of other entries to its end but
 * writes nothing for them.
 *
 * @param shown - The folder's path for messages.
 * @param count - Called with the total number of bytes written.
 * @returns The number of files.
 */
export async function writeFiles(
  entries: AsyncIterable<Unpacked>,
  folder: string,
  shown: string,
  count: (length: number) => void,
): Promise<number> {
  const writing = createWriting();
  const folders = createFolders(folder);
  const written: NewFile[] = [];
  /** Settles when no file is being flushed. */
  let flushed = Promise.resolve();
  const flush = async () => {
    await writing.end();
    flushed = handledElsewhere(endAll(written.splice(0)));
  };
  let files = 0;
  try {
    for await (const { path, isFolder, content } of entries) {
      if (isFolder) {
        for await (const _ of content);
        continue;
      }
      const place = join(shown, path);
      const start = async () => {
        await flushed;
        await onFile(place, UNWRITABLE, folders.makeAbove(path));
        return createFile(join(folder, path), place, (length) => {
          writing.check();
          count(length);
        });
      };
      await writeFile(content, start, writing, (file) => written.push(file));
      files += 1;
      if (files % GROUP === 0) await flush();
    }
    await flush();
    await flushed;
    for (const made of folders.all()) {
      await writing.add(0, () => flushFolder(made).catch(() => {}));
    }
    await writing.end();
    return files;
  } finally {
    // No file may be open when the folder is removed.
    await writing.end().catch(() => {});
    await flushed.catch(() => {});
    for (const file of written) await file.giveUp();
  }
}

/** Flushes and closes the files. Throws the first error when all have ended. */
async function endAll(files: readonly NewFile[]): Promise<void> {
  const ended = await Promise.allSettled(files.map((file) => file.end()));
  for (const result of ended) if (result.status === 'rejected') throw result.reason;
}

/**
 * Reads a content to its end and starts to write it.
 *
 * @param done - Called with the file when all its bytes are written. The caller then flushes and closes it.
 */
async function writeFile(
  content: AsyncIterable<Uint8Array>,
  start: () => Promise<NewFile>,
  writing: Writing,
  done: (file: NewFile) => void,
): Promise<void> {
  const held: Uint8Array[] = [];
  let length = 0;
  let large: NewFile | undefined;
  try {
    for await (const piece of content) {
      length += piece.length;
      if (large === undefined && (held.length === 0 || length <= WHOLE)) {
        held.push(piece);
        continue;
      }
      if (large === undefined) {
        large = await start();
        for (const before of held.splice(0)) await large.write(before);
      }
      await large.write(piece);
    }
  } catch (error) {
    await large?.giveUp();
    throw error;
  }
  if (large !== undefined) return done(large);
  return writing.add(length, async () => {
    const small = await start();
    try {
      for (const piece of held) await small.write(piece);
    } catch (error) {
      await small.giveUp();
      throw error;
    }
    done(small);
  });
}

interface NewFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes and closes the file. */
  end(): Promise<void>;
  giveUp(): Promise<void>;
}

/** Creates a file. Throws if it exists. */
async function createFile(
  path: string,
  shown: string,
  count: (length: number) => void,
): Promise<NewFile> {
  const file = await onFile(shown, UNWRITABLE, openFile(path, 'wx'));
  const giveUp = () => closeFile(file).catch(() => {});
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length; ) {
        at += await onFile(shown, UNWRITABLE, writeNext(file, bytes.subarray(at)));
      }
      count(bytes.length);
    },
    async end() {
      try {
        // fdatasync is enough: it flushes the size with the data, and dates and modes need not survive.
        const flushed = called<void>((done) => fdatasync(file, done));
        await onFile(shown, UNFLUSHED, whereOffered(flushed));
      } catch (error) {
        await giveUp();
        throw error;
      }
      // A network file system may report a failed write only when the file is closed.
      await onFile(shown, UNWRITABLE, closeFile(file));
    },
    giveUp,
  };
}

interface Folders {
  /** Creates the folders above a file, from the top. */
  makeAbove(path: string): Promise<void>;
  /** Returns the created folders and the top folder. */
  all(): Iterable<string>;
}

function createFolders(folder: string): Folders {
  const made = new Map([[folder, Promise.resolve()]]);
  return {
    async makeAbove(path) {
      for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
        const place = join(folder, path.slice(0, end));
        // A folder that differs only in case may exist.
        const making = made.get(place) ?? makeFolder(place);
        made.set(place, making);
        await making;
      }
    },
    all: () => made.keys(),
  };
}

/** A limited number of operations in parallel. */
interface Writing {
  /** Starts an operation as soon as the limits allow. Throws the error of an earlier operation. */
  add(length: number, work: () => Promise<void>): Promise<void>;
  /** Waits for all operations. Throws the first error. */
  end(): Promise<void>;
  check(): void;
}

function createWriting(): Writing {
  const running = new Set<Promise<void>>();
  let held = 0;
  let failure: { readonly error: unknown } | undefined;
  const check = () => {
    if (failure !== undefined) throw failure.error;
  };
  return {
    check,
    async add(length, work) {
      while (running.size >= GROUP || (running.size > 0 && held + length > MAX_HELD)) {
        await Promise.race(running);
      }
      check();
      held += length;
      const done = work()
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => {
          held -= length;
          running.delete(done);
        });
      running.add(done);
    },
    async end() {
      await Promise.all(running);
      check();
    },
  };
}
