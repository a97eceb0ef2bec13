// Reads the contents of listed files in the order of an archive. Reads several short files ahead in parallel, because
// each file needs five calls of the file system.

import { comparePaths } from '../archive/format/paths.ts';
import type { Memory } from '../archive/write/memory.ts';
import { PIECE_LENGTH } from './calls.ts';
import type { HeldTree } from './held-tree.ts';
import type { InputFile } from './input-file.ts';
import { type FoundFile, folderOf, openFound, openInFolder } from './list-folder.ts';
import { createCollector } from './old-garbage.ts';

// The most files that are open, or read but not yet taken.
const MOST_AHEAD = 16;

interface Ahead {
  readonly file: FoundFile;
  readonly reading: Promise<Uint8Array>;
}

export interface FoundContents {
  /**
   * Yields the content in pieces of 256 KiB, as loans that the caller gives back. The last piece may be shorter.
   * Call it for one file after the other, in the order of the archive.
   */
  pieces(file: FoundFile): AsyncGenerator<Uint8Array, void>;
  /** Forgets all files, after the last one was read. */
  forget(): void;
  /** Waits until all files are closed. */
  close(): Promise<void>;
}

/** @param files - Must contain all files when the first content is requested. */
export function readFound(
  tree: HeldTree,
  files: readonly FoundFile[],
  memory: Memory,
): FoundContents {
  let order: FoundFile[] | undefined;
  const collect = createCollector();
  /** Index of the first file that is not being read. */
  let next = 0;
  /** In the order of the archive. An array, because dead entries of a `Map` stay in V8's old generation. */
  const ahead: Ahead[] = [];

  /** Starts to read the next files of the folder that are short, within the limit. */
  function begin(): void {
    if (order === undefined) return;
    const from = next;
    const folder = folderOf((order[from] as FoundFile).path);
    const isShort = ({ path, size }: FoundFile) =>
      folderOf(path) === folder && size <= PIECE_LENGTH;
    while (next < order.length && ahead.length + next - from < MOST_AHEAD) {
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
        return readWhole(each.value, memory);
      });
      // The error is thrown when the file's turn comes.
      reading.catch(() => {});
      ahead.push({ file, reading });
    }
  }

  async function* pieces(file: FoundFile): AsyncGenerator<Uint8Array, void> {
    order ??= [...files].sort((a, b) => comparePaths(a.path, b.path));
    collect();
    if (file === order[next] && file.size > PIECE_LENGTH) next += 1;
    while (next < order.length && ahead.length < MOST_AHEAD / 2) {
      const before = next;
      begin();
      if (next === before) break;
    }
    if (ahead[0]?.file === file) {
      const bytes = await ahead[0].reading;
      ahead.shift();
      // A file without a size is read to its end first, and may be long.
      if (bytes.length > 0 && bytes.length <= PIECE_LENGTH) yield bytes;
      else yield* inPieces(bytes);
      return;
    }
    const opened = await openFound(tree, file);
    try {
      for (let at = 0; at < opened.size; at += PIECE_LENGTH) {
        const length = Math.min(opened.size - at, PIECE_LENGTH);
        yield await opened.readInto(memory.lend(length), at);
      }
      await opened.checkUnchanged();
    } finally {
      await opened.close();
    }
  }

  return {
    pieces,
    forget() {
      order = [];
    },
    async close() {
      await Promise.allSettled(ahead.map(({ reading }) => reading));
    },
  };
}

function* inPieces(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += PIECE_LENGTH) {
    yield bytes.subarray(at, at + PIECE_LENGTH);
  }
}

async function readWhole(file: InputFile, memory: Memory): Promise<Uint8Array> {
  try {
    const { size } = file;
    const isPiece = size > 0 && size <= PIECE_LENGTH;
    const bytes = isPiece ? memory.lend(size) : new Uint8Array(size);
    if (size > 0) await file.readInto(bytes, 0);
    await file.checkUnchanged();
    return bytes;
  } finally {
    await file.close();
  }
}
