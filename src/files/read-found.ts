// Reads the contents of listed files in the order of an archive. Reads several short files ahead in parallel, because
// each file needs five calls of the file system.

import { comparePaths } from '../archive/write/content.ts';
import type { HeldTree } from './held-tree.ts';
import type { InputFile } from './input-file.ts';
import { type FoundFile, folderOf, openFound, openInFolder } from './list-folder.ts';

// Size of the largest file, in bytes, that is read at once, and of the pieces of a larger one.
const PIECE_LENGTH = 2 ** 18;
// The most files that are open, or read but not yet taken.
const MOST_AHEAD = 16;

export interface FoundContents {
  /** Yields the content in pieces of 256 KiB in new memory. The last piece may be shorter. */
  pieces(file: FoundFile): AsyncGenerator<Uint8Array, void>;
  /** Waits until all files are closed. */
  close(): Promise<void>;
}

/** @param files - Must contain all files when the first content is requested. */
export function readFound(tree: HeldTree, files: readonly FoundFile[]): FoundContents {
  let order: FoundFile[] | undefined;
  /** Index of the first file that is not being read. */
  let next = 0;
  const ahead = new Map<FoundFile, Promise<Uint8Array>>();

  /** Starts to read the next files of the folder that are short, within the limit. */
  function begin(): void {
    if (order === undefined) return;
    const from = next;
    const folder = folderOf((order[from] as FoundFile).path);
    const isShort = ({ path, size }: FoundFile) =>
      folderOf(path) === folder && size <= PIECE_LENGTH;
    while (next < order.length && ahead.size + next - from < MOST_AHEAD) {
      if (!isShort(order[next] as FoundFile)) break;
      next += 1;
    }
    const batch = order.slice(from, next);
    const opening = tree.within(
      folder,
      (held) => Promise.allSettled(batch.map((file) => openInFolder(held, file))),
      async (opened) => {
        for (const each of opened) if (each.status === 'fulfilled') await each.value.close();
      },
    );
    for (const [index, file] of batch.entries()) {
      const reading = opening.then((opened) => {
        const each = opened[index] as PromiseSettledResult<InputFile>;
        if (each.status === 'rejected') throw each.reason;
        return readWhole(each.value);
      });
      // The error is thrown when the file's turn comes.
      reading.catch(() => {});
      ahead.set(file, reading);
    }
  }

  async function* pieces(file: FoundFile): AsyncGenerator<Uint8Array, void> {
    order ??= [...files].sort((a, b) => comparePaths(a.path, b.path));
    if (file === order[next] && file.size > PIECE_LENGTH) next += 1;
    while (next < order.length && ahead.size < MOST_AHEAD / 2) {
      const before = next;
      begin();
      if (next === before) break;
    }
    const reading = ahead.get(file);
    if (reading !== undefined) {
      const bytes = await reading;
      ahead.delete(file);
      // A file without a size is read to its end first, and may be long.
      for (let at = 0; at < bytes.length; at += PIECE_LENGTH) {
        yield bytes.subarray(at, at + PIECE_LENGTH);
      }
      return;
    }
    const opened = await openFound(tree, file);
    try {
      for (let at = 0; at < opened.size; at += PIECE_LENGTH) {
        yield await opened.read(at, Math.min(opened.size, at + PIECE_LENGTH));
      }
      await opened.checkUnchanged();
    } finally {
      await opened.close();
    }
  }

  return {
    pieces,
    async close() {
      await Promise.allSettled(ahead.values());
    },
  };
}

async function readWhole(file: InputFile): Promise<Uint8Array> {
  try {
    const bytes = file.size === 0 ? new Uint8Array(0) : await file.read(0, file.size);
    await file.checkUnchanged();
    return bytes;
  } finally {
    await file.close();
  }
}
