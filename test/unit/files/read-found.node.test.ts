// How the files of a folder are read ahead, and in which pieces.

import { constants, writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { reusedMemory } from '../../../src/archive/write/memory.ts';
import { type HeldTree, holdTree } from '../../../src/files/held-tree.ts';
import { type FoundFile, listTree } from '../../../src/files/list-folder.ts';
import { type FoundContents, readFound } from '../../../src/files/read-found.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { onFileSystem } from '../../support/files.ts';
import { type Files, writeFiles } from '../../support/folder-files.ts';
import { useFolder } from '../../support/use-folder.ts';

const PIECE = 2 ** 18;
const { at } = useFolder();

interface Reading {
  readonly files: FoundFile[];
  readonly contents: FoundContents;
  /** The lengths of memory that was lent. */
  readonly lent: number[];
  /** Reads the content of a file: the lengths of its pieces, and all its bytes. */
  read(file: FoundFile): Promise<[lengths: number[], bytes: Buffer]>;
}

/** Lists a folder with these files, and lets the test read them. */
async function reading(files: Files, work: (reading: Reading) => Promise<void>): Promise<void> {
  writeFiles(at('site'), files);
  const tree: HeldTree = await holdTree(at('site'));
  const found: FoundFile[] = [];
  const rules = { ignores: () => false, skipsLinks: false };
  for await (const file of listTree(tree, rules)) found.push(file);
  const memory = reusedMemory();
  const lend = vi.spyOn(memory, 'lend');
  const contents = readFound(tree, found, memory);
  try {
    await work({
      files: found,
      contents,
      get lent() {
        return lend.mock.calls.map(([length]) => length);
      },
      async read(file) {
        const pieces: Uint8Array[] = [];
        for await (const piece of contents.pieces(file)) pieces.push(piece.slice());
        return [pieces.map(({ length }) => length), Buffer.concat(pieces)];
      },
    });
  } finally {
    await contents.close();
    await tree.close();
  }
}

describe('the content of a file', () => {
  it.each([
    [0, [], []],
    [1, [1], [1]],
    [PIECE - 1, [PIECE - 1], [PIECE - 1]],
    [PIECE, [PIECE], [PIECE]],
    [PIECE + 1, [PIECE, 1], [PIECE, 1]],
    [3 * PIECE, [PIECE, PIECE, PIECE], [PIECE, PIECE, PIECE]],
  ])('of %i bytes arrives in pieces of 256 KiB in lent memory', async (size, lengths, lent) => {
    await reading({ file: bytesOf(size) }, async (folder) => {
      const [pieces, bytes] = await folder.read(folder.files[0] as FoundFile);
      expect(pieces).toEqual(lengths);
      expect(bytes.equals(bytesOf(size))).toBe(true);
      expect(folder.lent).toEqual(lent);
    });
  });

  it('is right for short and long files in several folders', async () => {
    const sizes = [10, PIECE + 10, 20, 0, 2 * PIECE, 30];
    const files: Files = {};
    for (const folder of ['', 'a/', 'a/b/', 'c/'])
      for (const [i, size] of sizes.entries()) files[`${folder}${i}`] = bytesOf(size + i);
    await reading(files, async (folder) => {
      for (const file of folder.files) {
        const [, bytes] = await folder.read(file);
        expect(bytes.equals(files[file.path] as Uint8Array), file.path).toBe(true);
      }
    });
  });
});

describe('short files', () => {
  const many = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`f${100 + i}`, bytesOf(i + 1)]),
  );

  /** Counts the files that are opened, and the most that are open at once. */
  async function counting(
    files: Files,
    check: (reading: Reading, opened: () => number) => Promise<void>,
  ) {
    await reading(files, async (folder) => {
      let opened = 0;
      const before = (name: string, [, flags]: unknown[]) => {
        const isFolder = ((flags as number) & constants.O_DIRECTORY) !== 0;
        if (name === 'open' && !isFolder) opened += 1;
        return undefined;
      };
      await onFileSystem({ before }, () => check(folder, () => opened));
    });
  }

  it('are opened 16 at once, and again when fewer than 8 are left', async () => {
    await counting(many, async ({ files, read }, opened) => {
      let ahead = 0;
      let rounds = 0;
      for (const [index, file] of files.entries()) {
        const before = opened();
        await read(file);
        if (opened() > before) {
          // This file is one of those that were left.
          expect(ahead).toBeLessThan(8);
          expect(opened()).toBe(Math.min(40, index + 16));
          rounds += 1;
        } else {
          expect(ahead).toBeGreaterThanOrEqual(opened() < 40 ? 8 : 1);
        }
        ahead = opened() - index - 1;
      }
      expect([rounds, opened()]).toEqual([4, 40]);
    });
  });

  it('are opened 16 at once also if the first one is as long as a short file can be', async () => {
    await counting({ a: bytesOf(PIECE), ...many }, async ({ files: [first], read }, opened) => {
      await read(first as FoundFile);
      expect(opened()).toBe(16);
    });
  });

  it('are opened ahead in their own folder only, and up to the next long file', async () => {
    const files = {
      a: bytesOf(1),
      b: bytesOf(PIECE),
      c: bytesOf(PIECE + 1),
      d: bytesOf(1),
      'e/f': bytesOf(1),
    };
    await counting(files, async ({ files: found, read }, opened) => {
      const counts: number[] = [];
      for (const file of found) {
        await read(file);
        counts.push(opened());
      }
      // b is short enough, c is read in pieces, and e is another folder, which has its turn when few are left.
      expect(counts).toEqual([2, 2, 5, 5, 5]);
    });
  });

  it('that cannot be read are errors at their turn, and not before', async () => {
    await reading({ a: bytesOf(1), b: bytesOf(2), c: bytesOf(3) }, async ({ files, read }) => {
      writeFileSync(at('site/b'), 'changed');
      const [a, b, c] = files as [FoundFile, FoundFile, FoundFile];
      expect((await read(a))[0]).toEqual([1]);
      const error = await rejection(read(b), 'ERR_FILE');
      expect(error.path).toBe(at('site/b'));
      expect(error.message).toContain('was changed while its folder was read');
      expect(c.path).toBe('c');
    });
  });

  it('are closed if nobody reads them', async () => {
    await reading(many, async ({ files, read }) => {
      await read(files[0] as FoundFile);
    });
  });
});
