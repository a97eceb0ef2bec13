// The files of an archive, written into a folder that nobody else knows.
//
// The promise is that all of them are on the disk before the folder gets its name: docs/decisions/durable-folders.md says
// what each way to keep it costs.

import { close, fdatasync, open, write } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onFile } from './error.ts';
import { flushFolder, whereOffered } from './leniency.ts';
import { UNFLUSHED, UNWRITABLE } from './output-file.ts';

/** A file or folder of an archive, whose path is safe. */
export interface Unpacked {
  readonly path: string;
  readonly isFolder: boolean;
  readonly content: AsyncIterable<Uint8Array>;
}

// Files that are on their way to the disk at once: the file system flushes those that wait for it together.
const MAX_WRITING = 16;
// Bytes of them that are held.
const MAX_HELD = 2 ** 24;
// Bytes of a file that is read to its end before it is opened. A larger one is written as it comes.
const WHOLE = 2 ** 21;

/**
 * Writes files side by side and flushes them, and the folders that they lie in. What is not a file is read to its end
 * and leaves nothing.
 *
 * @param shown - The folder, as errors call it.
 * @param count - Is told of all bytes that were written.
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
  let files = 0;
  try {
    for await (const { path, isFolder, content } of entries) {
      if (isFolder) {
        for await (const _ of content);
        continue;
      }
      const place = join(shown, path);
      const start = async () => {
        await onFile(place, UNWRITABLE, folders.makeAbove(path));
        return createFile(join(folder, path), place, (length) => {
          writing.check();
          count(length);
        });
      };
      await writeFile(content, start, writing);
      files += 1;
    }
    await writing.end();
    for (const made of folders.all()) {
      await writing.add(0, () => flushFolder(made).catch(() => {}));
    }
    await writing.end();
    return files;
  } finally {
    // Nothing may still be open when the folder is given up.
    await writing.end().catch(() => {});
  }
}

/** Reads a content to its end. The file that it goes to is complete when the writing has ended. */
async function writeFile(
  content: AsyncIterable<Uint8Array>,
  start: () => Promise<NewFile>,
  writing: Writing,
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
  const file = large;
  if (file !== undefined) return writing.add(0, () => file.end());
  return writing.add(length, async () => {
    const small = await start();
    try {
      for (const piece of held) await small.write(piece);
    } catch (error) {
      await small.giveUp();
      throw error;
    }
    await small.end();
  });
}

interface NewFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes and closes it. */
  end(): Promise<void>;
  giveUp(): Promise<void>;
}

/** A file that was not there. */
async function createFile(
  path: string,
  shown: string,
  count: (length: number) => void,
): Promise<NewFile> {
  const opened = called<number>((done) => open(path, 'wx', done));
  const file = await onFile(shown, UNWRITABLE, opened);
  const giveUp = () => called<void>((done) => close(file, done)).catch(() => {});
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const left = bytes.length - at;
        const written = called<number>((done) => write(file, bytes, at, left, null, done));
        at += await onFile(shown, UNWRITABLE, written);
      }
      count(bytes.length);
    },
    async end() {
      try {
        // The size is flushed with the data, and there are no dates or modes of its own to keep.
        const flushed = called<void>((done) => fdatasync(file, done));
        await onFile(shown, UNFLUSHED, whereOffered(flushed));
      } catch (error) {
        await giveUp();
        throw error;
      }
      // On a network the last of it may be refused only here.
      await onFile(
        shown,
        UNWRITABLE,
        called<void>((done) => close(file, done)),
      );
    },
    giveUp,
  };
}

type Done<T> = (error: Error | null | undefined, value?: T) => void;

// A FileHandle costs twice the processor's time of the callback forms.
function called<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}

interface Folders {
  /** Makes the folders above a file, from the top. */
  makeAbove(path: string): Promise<void>;
  /** Those that were made, and the one that they lie in. */
  all(): Iterable<string>;
}

function createFolders(folder: string): Folders {
  const made = new Map([[folder, Promise.resolve()]]);
  return {
    async makeAbove(path) {
      for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
        const place = join(folder, path.slice(0, end));
        // There may be one that differs in case alone.
        const making = made.get(place) ?? mkdir(place, { recursive: true }).then(() => {});
        made.set(place, making);
        await making;
      }
    },
    all: () => made.keys(),
  };
}

/** Work that goes on beside. */
interface Writing {
  /** Begins it when there is room for it. Throws what failed before. */
  add(length: number, work: () => Promise<void>): Promise<void>;
  /** Waits for all of it. Throws what failed. */
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
      while (running.size >= MAX_WRITING || (running.size > 0 && held + length > MAX_HELD)) {
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
