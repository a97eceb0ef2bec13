// The places of a store, the channels in them, and the releases that patches start from.

import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { basesFor, readBuiltIn } from '../../../src/publish/bases.ts';
import type { ObjectReading } from '../../../src/publish/objects.ts';
import {
  checkFrom,
  listChannels,
  listFiles,
  noChannel,
  openPlace,
  openWritable,
} from '../../../src/publish/store-place.ts';
import { releaseId } from '../../../src/release.ts';
import { rejection } from '../../support/errors.ts';
import { buildOf, newFolder, writeBuild } from '../../support/publish.ts';
import { digestOf, entryOf } from '../../support/release-index.ts';
import { utf8 } from '../../support/zip.ts';

const shown = (folder: string) => JSON.stringify(folder);

describe('the place of a store', () => {
  it('is a folder, or a server with http or https', () => {
    expect(openPlace('store', 'options.from', undefined)).toMatchObject({
      ...{ name: '"store"', folder: 'store' },
    });
    // A Windows path has one letter before its colon.
    for (const folder of ['c://store', './https://x', 'a/b://c', '1a://x']) {
      expect(openPlace(folder, 'options.from', undefined).folder, folder).toBe(folder);
    }
    for (const address of ['https://a.example/app', 'HTTP://a.example/app?token=1']) {
      const place = openPlace(address, 'options.from', undefined);
      expect(place.folder).toBeUndefined();
      expect(place.name).toMatch(/^https?:\/\/a\.example\/app\/$/);
    }
  });

  it.each([
    ['s3://bucket', 's3'],
    ['FTP://a.example', 'FTP'],
    ['git+ssh://a.example', 'git+ssh'],
  ])('is not %s', (address, scheme) => {
    expect(() => openPlace(address, 'options.from', undefined)).toThrow(
      new TypeError(
        `options.from expected a folder or an address with https://, got one with ${scheme}://: pass the address that devices read, or a folder that has a copy of the store`,
      ),
    );
  });

  it('must be an address that can be parsed', () => {
    expect(() => openPlace('https://', 'options.from', undefined)).toThrow(
      new TypeError("options.from expected the address of a store, got one that can't be parsed"),
    );
  });

  it('must be a folder to write to, which may be missing', async () => {
    const missing = join(newFolder(), 'missing');
    expect(openWritable(missing).folder).toBe(missing);
    expect(() => openWritable('https://a.example')).toThrow(
      new TypeError(
        'options.store expected a folder to write to, got an address: pass the address as options.from',
      ),
    );
    await rejection(checkFrom(openWritable(missing)), 'ERR_FILE');
    await checkFrom(openPlace('https://a.example', 'options.from', undefined));
  });

  it('asks the fetch of the caller', async () => {
    const get = (async (url: URL) => new Response(`answer to ${url}`)) as typeof fetch;
    const place = openPlace('https://a.example/app', 'options.from', get);
    const file = await place.read('keys.sealed', { limit: 100 });
    expect(new TextDecoder().decode(file?.bytes)).toBe(
      'answer to https://a.example/app/keys.sealed',
    );
  });
});

describe('a file in a folder', () => {
  it('has at most the bytes of its limit', async () => {
    const folder = newFolder();
    const place = openPlace(folder, 'options.from', undefined);
    writeFileSync(join(folder, 'keys.sealed'), 'abc');
    expect(await place.read('keys.sealed', { limit: 3 })).toEqual({ bytes: utf8('abc') });
    const error = await rejection(place.read('keys.sealed', { limit: 2 }), 'ERR_STORE');
    expect(error.message).toBe(
      `${join(folder, 'keys.sealed')} has more than 2 bytes, which is the limit: somebody has altered or replaced it, put the published file back`,
    );
  });

  it('may be missing with its folder, or because a file has the name of the folder', async () => {
    const folder = newFolder();
    const place = openPlace(folder, 'options.from', undefined);
    expect(await place.read('channels/beta.sealed', { limit: 3 })).toBeUndefined();
    writeFileSync(join(folder, 'channels'), '');
    expect(await place.read('channels/beta.sealed', { limit: 3 })).toBeUndefined();
  });
});

describe('the channels of a folder', () => {
  it('are the names of its sealed files, in alphabetical order', async () => {
    const folder = newFolder();
    expect(await listChannels(folder)).toEqual([]);
    expect((await noChannel(openWritable(folder), 'beta')).message).toBe(
      `${shown(folder)} has no index of the channel beta: check the name of the channel and the folder`,
    );
    mkdirSync(join(folder, 'channels'));
    for (const name of ['b.sealed', 'a.sealed', '.c.sealed', 'notes.txt']) {
      writeFileSync(join(folder, 'channels', name), '');
    }
    expect(await listChannels(folder)).toEqual(['a', 'b']);
    expect((await listFiles(folder, 'channels')).sort()).toEqual([
      '.c.sealed',
      'a.sealed',
      'b.sealed',
      'notes.txt',
    ]);
    expect((await noChannel(openWritable(folder), 'beta')).message).toBe(
      `${shown(folder)} has no index of the channel beta: it has a, b`,
    );
  });

  it('are not known of a server', async () => {
    const place = openPlace('https://a.example', 'options.from', undefined);
    expect((await noChannel(place, 'beta')).message).toBe(
      'https://a.example/ has no index of the channel beta: check the name of the channel and the address, which includes the path of the website: an app with the base /my-app/ has its store below /my-app/',
    );
  });
});

describe('the bases of patches', () => {
  const reading = {} as ObjectReading;
  const entries = [1, 2, 3, 4].map((n) => entryOf(n));
  const patched = (...from: number[]) =>
    from.map((n) => ({ from: digestOf(n), sha256: digestOf(100 + n), size: 1 }));
  const basesOf = (
    target: number,
    options: { patches?: number } = {},
    builtIn: Parameters<typeof basesFor>[2] = [],
    patches = patched(),
  ) =>
    basesFor({ id: digestOf(target), patches }, entries, builtIn, options, reading).map(({ id }) =>
      Number(id),
    );

  it('are the first releases, without the target and those that have a patch', () => {
    expect(basesOf(9)).toEqual([1, 2, 3, 4]);
    expect(basesOf(9, { patches: 2 })).toEqual([1, 2]);
    expect(basesOf(9, { patches: 0 })).toEqual([]);
    expect(basesOf(2, { patches: 2 })).toEqual([1, 3]);
    expect(basesOf(9, { patches: 3 }, [], patched(1, 3))).toEqual([2]);
  });

  it('are five releases by default', () => {
    const many = Array.from({ length: 7 }, (_, n) => entryOf(n + 1));
    const target = { id: digestOf(9), patches: [] };
    expect(basesFor(target, many, [], {}, reading)).toHaveLength(5);
  });

  it('are built-in releases too, if their files or their entries are known', async () => {
    const builtIn = [{ id: digestOf(4) }, { id: digestOf(7) }, { id: digestOf(8), files: [] }];
    expect(basesOf(9, { patches: 1 }, builtIn)).toEqual([1, 4, 8]);
    expect(basesOf(8, { patches: 0 }, builtIn)).toEqual([4]);
    const target = { id: digestOf(9), patches: [] };
    const bases = basesFor(target, entries, builtIn, { patches: 0 }, reading);
    expect(await bases.at(-1)?.load()).toEqual([]);
  });
});

describe('a built-in release', () => {
  it('is read from its folder, or from its stamp of up to 16 MiB', async () => {
    const folder = await writeBuild(buildOf(1));
    const stamp = join(newFolder(), 'bundleseal-release.json');
    const text = JSON.stringify({
      ...{ format: 'bundleseal-stamp', version: 1, id: digestOf(5) },
      createdAt: '2026-11-26T09:00:00Z',
    });
    writeFileSync(stamp, text.padEnd(16_777_216));
    const [first, second] = await readBuiltIn({ builtIn: [folder, stamp] }, undefined);
    expect(first?.id).toBe(await releaseId(buildOf(1)));
    expect(first?.files?.map(({ path }) => path)).toEqual(Object.keys(buildOf(1)).sort());
    expect(second).toEqual({ id: digestOf(5) });
    truncateSync(stamp, 16_777_217);
    const error = await rejection(readBuiltIn({ builtIn: [stamp] }, undefined), 'ERR_FILE');
    expect(error.message).toBe(
      `${shown(stamp)} is too large for a stamp: pass the folder of a build, or its bundleseal-release.json`,
    );
    expect(await readBuiltIn({}, undefined)).toEqual([]);
  });

  it('is named by the error if its file is no stamp', async () => {
    const page = join(newFolder(), 'index.html');
    writeFileSync(page, '<!doctype html>');
    const error = await rejection(readBuiltIn({ builtIn: [page] }, undefined), 'ERR_INDEX_INVALID');
    expect(error.path).toBe(page);
    expect(error.message).toMatch(
      /^".*index\.html" is no stamp of this version \(stamp is not JSON/,
    );
    expect(error.message).toMatch(/pass the folder of the build, or its bundleseal-release\.json$/);
  });

  it('may be larger than the default limits of a zip', async () => {
    const folder = await writeBuild(buildOf(1));
    const size = 2 ** 28 + 1;
    writeFileSync(join(folder, 'video.mp4'), '');
    truncateSync(join(folder, 'video.mp4'), size);
    const [base] = await readBuiltIn({ builtIn: [folder] }, undefined);
    const video = base?.files?.find(({ path }) => path === 'video.mp4');
    expect(video?.bytes.length).toBe(size);
  });
});
