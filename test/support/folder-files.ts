// Writes and reads the files of a folder.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';

/** Contents by their paths. */
export type Files = Record<string, Uint8Array>;

/** Writes files into a folder, which is made if it is not there. Returns the folder. */
export function writeFiles(folder: string, files: Files): string {
  mkdirSync(folder, { recursive: true });
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return folder;
}

/** Every file in a folder, by its path. Links are not followed. */
export function filesIn(place: string, above = ''): Files {
  const found = readdirSync(join(place, above), { withFileTypes: true }).map((entry): Files => {
    const path = above + entry.name;
    if (entry.isDirectory()) return filesIn(place, `${path}/`);
    return entry.isFile() ? { [path]: Uint8Array.from(readFileSync(join(place, path))) } : {};
  });
  return Object.assign({}, ...found);
}

export function expectSame(actual: Files, expected: Files): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [path, bytes] of Object.entries(expected)) {
    expect(Buffer.compare(actual[path] as Uint8Array, bytes), path).toBe(0);
  }
}
