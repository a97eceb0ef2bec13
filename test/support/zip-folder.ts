// A folder for tests of zipDirectory and unzipFile: a website, its archive, and what stands where an output goes.

import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { BundleSealError } from '../../src/errors.ts';
import { zipBundle } from '../../src/zip.ts';
import { bytesOf } from './bytes.ts';
import { makeFolder, openIn } from './files.ts';
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

export interface ZipFolder {
  /** The folder of the running test. */
  here(): string;
  /** The path of a file in it. */
  at(name: string): string;
  /** The archive of the website. */
  zip(): Uint8Array<ArrayBuffer>;
  /** Expects `work` to reject and to leave everything unchanged. Returns the error. */
  untouched(work: () => Promise<unknown>): Promise<unknown>;
  /** As `untouched`, for an error with this code. */
  refused(work: () => Promise<unknown>, code: string): Promise<BundleSealError>;
}

/**
 * Gives each test of the file a folder with the website `site`, its archive `new.zip`, another folder `app` and another file
 * `old.zip`. After each test, no handle may be left in it.
 */
export function useZipFolder(): ZipFolder {
  const root = makeFolder();
  let zip: Uint8Array<ArrayBuffer>;
  let count = 0;
  let folder: string;
  const at = (name: string) => join(folder, name);

  beforeAll(async () => {
    zip = Uint8Array.from(await zipBundle(FILES));
  });

  beforeEach(() => {
    folder = join(root, String(count++));
    mkdirSync(folder);
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

  afterEach(() => {
    expect(openIn(folder)).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
  });

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  async function untouched(work: () => Promise<unknown>): Promise<unknown> {
    const before = treeOf(folder);
    const error = await work().then(
      () => new Error('expected an error, but nothing was thrown'),
      (thrown: unknown) => thrown,
    );
    expect(openIn(folder)).toEqual([]);
    expect(treeOf(folder)).toEqual(before);
    return error;
  }

  return {
    here: () => folder,
    at,
    zip: () => zip,
    untouched,
    async refused(work: () => Promise<unknown>, code: string): Promise<BundleSealError> {
      const error = (await untouched(work)) as BundleSealError;
      expect(error).toBeInstanceOf(BundleSealError);
      expect(error.code, error.message).toBe(code);
      return error;
    },
  };
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
