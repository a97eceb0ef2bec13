// The stamp of a build: its members, and the file that it replaces.

import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stampRelease } from '../../../src/node.ts';
import { directoryId } from '../../../src/publish/stamp.ts';
import { releaseId } from '../../../src/release.ts';
import { rejection } from '../../support/errors.ts';
import { buildOf, NOW, writeBuild } from '../../support/publish.ts';

const STAMP = 'bundleseal-release.json';

describe('a stamp', () => {
  it('has no member for an option that is left out', async () => {
    const dir = await writeBuild(buildOf(1));
    const stamp = await stampRelease(dir, { now: NOW, floors: [] });
    expect(Object.keys(stamp)).toEqual(['format', 'version', 'id', 'createdAt', 'files']);
    expect(stamp).toMatchObject({
      ...{ format: 'bundleseal-stamp', version: 1, createdAt: '2026-11-26T09:00:00Z' },
    });
    const [index] = stamp.files ?? [];
    expect(stamp.files).toHaveLength(3);
    expect(index).toEqual({
      ...{ path: 'assets/index-1.js', size: 20_000 },
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const short = await stampRelease(dir, { now: NOW, files: false });
    expect(Object.keys(short)).toEqual(['format', 'version', 'id', 'createdAt']);
  });

  it('replaces a stamp of any version and an empty file', async () => {
    const dir = await writeBuild(buildOf(1));
    for (const text of ['', '{"format":"bundleseal-stamp","version":99}']) {
      writeFileSync(join(dir, STAMP), text);
      const { id } = await stampRelease(dir, { now: NOW });
      expect(JSON.parse(readFileSync(join(dir, STAMP), 'utf8'))).toMatchObject({ version: 1, id });
    }
  });

  it.each<[string, (path: string) => void]>([
    ['another file', (path) => writeFileSync(path, '{"format":"other"}')],
    ['a folder', (path) => mkdirSync(path)],
    ['a link', (path) => symlinkSync('index.html', path)],
    [
      'a file that is larger than the largest stamp',
      (path) => {
        writeFileSync(path, '"bundleseal-stamp"');
        truncateSync(path, 16_777_217);
      },
    ],
  ])('does not replace %s', async (_, put) => {
    const dir = await writeBuild(buildOf(1));
    put(join(dir, STAMP));
    const error = await rejection(stampRelease(dir, { now: NOW }), 'ERR_FILE');
    expect(error.message).toBe(
      `${JSON.stringify(join(dir, STAMP))} already exists and is not a stamp: move it away`,
    );
    rmSync(join(dir, STAMP), { recursive: true });
    expect((await stampRelease(dir, { now: NOW })).files).toHaveLength(3);
  });
});

describe('the id of a folder', () => {
  it('comes with the number of its files and their bytes', async () => {
    const dir = await writeBuild(buildOf(1));
    const sizes = Object.values(buildOf(1)).map(({ length }) => length);
    expect(await directoryId(dir, {})).toEqual({
      id: await releaseId(buildOf(1)),
      files: 3,
      size: sizes.reduce((sum, size) => sum + size, 0),
    });
  });
});
