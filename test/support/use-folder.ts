// A new folder for each test.

import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect } from 'vitest';
import { BundleSealError } from '../../src/errors.ts';
import { makeFolder, openIn, snapshot, temporaries } from './files.ts';

export interface TestFolder {
  /** The folder of the running test. */
  here(): string;
  /** The path of a file in it. */
  at(name: string): string;
  /** Writes a file and returns its path. The umask does not apply to `mode`. */
  put(name: string, bytes: Uint8Array, mode?: number): string;
  get(name: string): Uint8Array<ArrayBuffer>;
  /** Expects `work` to reject and to leave the folder unchanged. Returns the error. */
  untouched(work: () => Promise<unknown>): Promise<unknown>;
  /** As `untouched`, for an error with this code. */
  refused(work: () => Promise<unknown>, code: string): Promise<BundleSealError>;
}

/**
 * Gives each test of the file an empty folder. After each test, no handle and no temporary file may be left in it.
 *
 * @param look - Describes a folder, for `untouched`.
 */
export function useFolder(look: (folder: string) => unknown = snapshot): TestFolder {
  const root = makeFolder();
  let count = 0;
  let folder = '';

  beforeEach(() => {
    folder = join(root, String(count++));
    mkdirSync(folder);
  });

  afterEach(() => {
    expect(openIn(folder)).toEqual([]);
    expect(temporaries(folder)).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
  });

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  async function untouched(work: () => Promise<unknown>): Promise<unknown> {
    const before = look(folder);
    const error = await work().then(
      () => new Error('expected an error, but nothing was thrown'),
      (thrown: unknown) => thrown,
    );
    expect(look(folder)).toEqual(before);
    expect(openIn(folder)).toEqual([]);
    return error;
  }

  return {
    here: () => folder,
    at: (name: string) => join(folder, name),
    put(name: string, bytes: Uint8Array, mode = 0o644): string {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      chmodSync(path, mode);
      return path;
    },
    get: (name: string): Uint8Array<ArrayBuffer> =>
      Uint8Array.from(readFileSync(join(folder, name))),
    untouched,
    async refused(work: () => Promise<unknown>, code: string): Promise<BundleSealError> {
      const error = (await untouched(work)) as BundleSealError;
      expect(error).toBeInstanceOf(BundleSealError);
      expect(error.code, error.message).toBe(code);
      return error;
    },
  };
}
