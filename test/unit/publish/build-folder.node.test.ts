// The folder of a build: which of its files a release has, and how large it may be.

import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PublishOptions, publishRelease } from '../../../src/node.ts';
import { rejection } from '../../support/errors.ts';
import {
  buildOf,
  channelOf,
  newFolder,
  objectsOf,
  privateKey,
  writeBuild,
} from '../../support/publish.ts';
import { utf8 } from '../../support/zip.ts';

const publish = (dir: string, store: string, options: Partial<PublishOptions>) =>
  publishRelease(dir, { ...channelOf(store), version: '1', ...options });

describe('the files of a release', () => {
  it('are those of the folder, by the same options as in a zip', async () => {
    const more = { 'app.js.map': utf8('{}'), 'notes.txt': utf8(''), 'x.pem': utf8(privateKey) };
    const dir = await writeBuild({ ...buildOf(1), ...more });
    symlinkSync('index.html', join(dir, 'link.html'));
    const filesWith = async (options: Partial<PublishOptions>) =>
      (await publish(dir, newFolder(), { links: 'skip', ...options })).release.files;
    expect(await filesWith({ privateKeys: 'allow' })).toBe(6);
    expect(await filesWith({ ignore: ['x.pem'] })).toBe(5);
    expect(await filesWith({ ignore: ['x.pem', 'notes.txt'], sourceMaps: false })).toBe(3);
  });

  it('are refused beyond a limit of the caller, and nothing is written', async () => {
    const dir = await writeBuild(buildOf(1));
    for (const [limit, value] of [
      ['maxEntries', 2],
      ['maxFileSize', 19_999],
      ['maxTotalSize', 20_000],
    ] as const) {
      const store = newFolder();
      const error = await rejection(publish(dir, store, { [limit]: value }), 'ERR_LIMIT_EXCEEDED');
      expect(error).toMatchObject({ limit });
      expect(objectsOf(store)).toEqual([]);
    }
    expect((await publish(dir, newFolder(), { maxEntries: 3 })).release.files).toBe(3);
  });

  it('may inflate to more than the default limit of a zip if the caller raises it', async () => {
    const dir = await writeBuild(buildOf(1));
    writeFileSync(join(dir, 'blank.bin'), '');
    truncateSync(join(dir, 'blank.bin'), 2 ** 26 + 1);
    const error = await rejection(publish(dir, newFolder(), {}), 'ERR_LIMIT_EXCEEDED');
    expect(error).toMatchObject({ limit: 'maxRatio' });
    const { release } = await publish(dir, newFolder(), { maxRatio: 5000 });
    expect(release.files).toBe(4);
  });
});
