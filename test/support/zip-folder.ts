// A folder for tests of zipDirectory and unzipFile: a website, its archive, and what stands where an output goes.

import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach } from 'vitest';
import { zipBundle } from '../../src/zip.ts';
import { bytesOf } from './bytes.ts';
import { type TestFolder, useFolder } from './use-folder.ts';
import { utf8 } from './zip.ts';

/** The website. Its first two files are larger than a piece that a call reads, and inflate to several of them. */
export const FILES: Readonly<
  Record<'index.html' | 'assets/a.bin' | 'assets/b.bin' | 'deep/er/c.txt', Uint8Array>
> = {
  'index.html': utf8('<h1>new</h1>'),
  'assets/a.bin': bytesOf(150_000),
  'assets/b.bin': bytesOf(80_000),
  'deep/er/c.txt': utf8('c'),
};

export interface ZipFolder extends TestFolder {
  /** The archive of the website. */
  zip(): Uint8Array<ArrayBuffer>;
}

/**
 * Gives each test of the file a folder with the website `site`, its archive `new.zip`, another folder `app` and another file
 * `old.zip`.
 */
export function useZipFolder(): ZipFolder {
  const folder = useFolder(treeOf);
  const { at } = folder;
  let zip: Uint8Array<ArrayBuffer>;

  beforeAll(async () => {
    zip = Uint8Array.from(await zipBundle(FILES));
  });

  beforeEach(() => {
    for (const [path, bytes] of Object.entries(FILES)) {
      mkdirSync(join(at('site'), path, '..'), { recursive: true });
      writeFileSync(join(at('site'), path), bytes);
    }
    mkdirSync(at('app/old'), { recursive: true });
    writeFileSync(at('app/old/file'), 'old');
    symlinkSync('../site', at('app/link'));
    writeFileSync(at('old.zip'), 'old');
    writeFileSync(at('new.zip'), zip);
  });

  return { ...folder, zip: () => zip };
}

/** Everything below a folder, with inodes and content. */
export function treeOf(place: string): string[] {
  return readdirSync(place)
    .sort()
    .flatMap((name) => {
      const path = join(place, name);
      const stats = lstatSync(path);
      const about = `${path} ${stats.ino} ${stats.mode}`;
      if (stats.isDirectory()) return [about, ...treeOf(path)];
      if (stats.isSymbolicLink()) return [`${about} ${readlinkSync(path)}`];
      return [`${about} ${readFileSync(path, 'latin1')}`];
    });
}
