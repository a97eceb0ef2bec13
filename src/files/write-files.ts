// The files of an archive, written into a folder that nobody else knows.

import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { onFile } from './error.ts';
import { flushFolder, whereOffered } from './leniency.ts';
import { outputFile, UNFLUSHED, UNWRITABLE } from './output-file.ts';

/** A file or folder of an archive, whose path is safe. */
export interface Unpacked {
  readonly path: string;
  readonly isFolder: boolean;
  readonly content: AsyncIterable<Uint8Array>;
}

// Files that are flushed at once, so the disk need not be awaited for each one.
const MAX_FLUSHING = 16;

/**
 * Writes files one after another and flushes them and their folders. Entries that are not files are read to their end
 * and discarded.
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
  const flushes = createFlushes();
  const folders = new Set([folder]);
  let files = 0;
  try {
    for await (const { path, isFolder, content } of entries) {
      if (isFolder) {
        for await (const _ of content);
        continue;
      }
      const place = join(shown, path);
      await makeFolders(folder, path, folders, place);
      const handle = await onFile(place, UNWRITABLE, open(join(folder, path), 'wx'));
      try {
        const file = outputFile(place, handle);
        let at = 0;
        for await (const piece of content) {
          await file.write(piece, at);
          at += piece.length;
          count(piece.length);
        }
      } catch (error) {
        await handle.close().catch(() => {});
        throw error;
      }
      files += 1;
      await flushes.add(flushAndClose(handle, place));
    }
    await flushes.end();
    for (const made of folders) await flushes.add(flushFolder(made).catch(() => {}));
    await flushes.end();
    return files;
  } finally {
    // Nothing may still be open when the folder is given up.
    await flushes.end().catch(() => {});
  }
}

/** The folders above a file, from the top. */
async function makeFolders(
  folder: string,
  path: string,
  made: Set<string>,
  shown: string,
): Promise<void> {
  for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
    const place = join(folder, path.slice(0, end));
    if (made.has(place)) continue;
    // There may be one that differs in case alone.
    await onFile(shown, UNWRITABLE, mkdir(place, { recursive: true }));
    made.add(place);
  }
}

async function flushAndClose(handle: FileHandle, shown: string): Promise<void> {
  try {
    await onFile(shown, UNFLUSHED, whereOffered(handle.sync()));
  } catch (error) {
    await handle.close().catch(() => {});
    throw error;
  }
  // On a network the last of it may be refused only here.
  await onFile(shown, UNWRITABLE, handle.close());
}

/** Work that goes on beside: what fails is told by the calls that follow. */
function createFlushes() {
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const check = () => {
    if (failure !== undefined) throw failure.error;
  };
  return {
    async add(work: Promise<void>): Promise<void> {
      const done = work
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => running.delete(done));
      running.add(done);
      if (running.size >= MAX_FLUSHING) await Promise.race(running);
      check();
    },
    async end(): Promise<void> {
      await Promise.all(running);
      check();
    },
  };
}
