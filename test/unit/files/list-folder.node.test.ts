// How the files of a folder are listed: in parts, so that a large folder takes little memory.

import { mkdirSync, renameSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type HeldTree, holdTree } from '../../../src/files/held-tree.ts';
import { type FoundFile, listTree } from '../../../src/files/list-folder.ts';
import { rejection } from '../../support/errors.ts';
import { onFileSystem } from '../../support/files.ts';
import { type Files, writeFiles } from '../../support/folder-files.ts';
import { useFolder } from '../../support/use-folder.ts';
import { utf8 } from '../../support/zip.ts';

const { at } = useFolder();
const COUNT = 70;

function filesIn(folder: string): Files {
  const numbers = Array.from({ length: COUNT }, (_, i) => 100 + i);
  return Object.fromEntries(numbers.map((number) => [`${folder}f${number}`, utf8(`${number}`)]));
}

async function listing(
  files: Files,
  work: (list: AsyncGenerator<FoundFile, void>, tree: HeldTree) => Promise<void>,
): Promise<void> {
  writeFiles(at('site'), files);
  const tree = await holdTree(at('site'));
  try {
    await work(listTree(tree, { ignores: () => false, skipsLinks: false }), tree);
  } finally {
    await tree.close();
  }
}

describe('the files of a large folder', () => {
  it('are listed in order, and the system is asked about at most 32 files ahead', async () => {
    await listing(filesIn(''), async (list) => {
      let asked = 0;
      const before = (name: string) => {
        if (name === 'lstat') asked += 1;
        return undefined;
      };
      await onFileSystem({ before }, async () => {
        const paths: string[] = [];
        for await (const { path } of list) {
          paths.push(path);
          expect(asked).toBeGreaterThanOrEqual(paths.length);
          expect(asked).toBeLessThan(paths.length + 32);
        }
        expect(paths).toEqual(Object.keys(filesIn('')));
      });
      expect(asked).toBe(COUNT);
    });
  });

  it('are listed completely if the caller visits other folders meanwhile', async () => {
    await listing({ ...filesIn('a/'), 'b/c': utf8('c') }, async (list, tree) => {
      const paths: string[] = [];
      for await (const { path } of list) {
        paths.push(path);
        await tree.within('b/', async () => {});
      }
      expect(paths).toEqual([...Object.keys(filesIn('a/')), 'b/c']);
    });
  });

  it('are refused with the path of the folder that cannot be read', async () => {
    await listing({ 'a/b/c': utf8('c') }, async (list) => {
      const { dev, ino } = statSync(at('site/a/b'));
      const before = (name: string, [path]: unknown[]) => {
        if (name !== 'readdir') return undefined;
        const there = statSync(path as string);
        const isMeant = there.dev === dev && there.ino === ino;
        return isMeant ? Object.assign(new Error('EIO'), { code: 'EIO' }) : undefined;
      };
      const all = async () => {
        for await (const _ of list);
      };
      const error = await onFileSystem({ before }, () => rejection(all(), 'ERR_FILE'));
      expect(error.path).toBe(at('site/a/b'));
    });
  });

  it('are refused if another folder takes its place meanwhile', async () => {
    await listing(filesIn('a/'), async (list, tree) => {
      await list.next();
      await tree.within('', async () => {});
      renameSync(at('site/a'), at('site/b'));
      mkdirSync(at('site/a'));
      const rest = async () => {
        for await (const _ of list);
      };
      const error = await rejection(rest(), 'ERR_FILE');
      expect(error.path).toBe(at('site/a'));
    });
  });
});
