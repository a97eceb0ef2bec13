// Archives as the tools that people build with write them: every reader gives one verdict, and the same files.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkArchive } from '../../src/archive/check.ts';
import { unzipFile } from '../../src/node.ts';
import { READERS, viaBundle } from '../support/zip.ts';

const ZIPS = join(import.meta.dirname, 'zips');
const NAMES = [
  'assets/app.js',
  'assets/empty.css',
  'assets/größe.txt',
  'assets/img/logo.png',
  'index.html',
];
/** Stored, with sizes behind the data: a stream can't tell them from it. */
const NOT_FORWARD = new Set(['archiver-store-stream.zip']);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-tools-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(readdirSync(ZIPS))('%s', (name) => {
  const zip = new Uint8Array(readFileSync(join(ZIPS, name)));

  it.each(READERS)('is read by %s', async (reader, read) => {
    if (reader === 'unzipStream' && NOT_FORWARD.has(name)) {
      await expect(read(zip)).rejects.toThrow(
        /^"index.html" is stored with its size after its data/,
      );
      return;
    }
    const files = await read(zip);
    expect([...files.keys()].sort()).toEqual(NAMES);
    expect(files).toEqual(await viaBundle(zip));
  });

  it('is unpacked from a file by unzipFile, and accepted by checkArchive', async () => {
    const files = await viaBundle(zip);
    const dir = join(folder, name);
    expect(await unzipFile(join(ZIPS, name), dir)).toMatchObject({ entries: files.size });
    for (const [path, bytes] of files) {
      expect(new Uint8Array(readFileSync(join(dir, path)))).toEqual(new Uint8Array(bytes));
    }
    const { notForward } = await checkArchive(zip);
    expect(notForward).toBe(NOT_FORWARD.has(name) ? 'index.html' : undefined);
  });
});
