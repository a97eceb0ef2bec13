// The objects that prune deletes: their age, their names, and the moment at which a retired object ends.

import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prune, refresh } from '../../../src/node.ts';
import { rejection } from '../../support/errors.ts';
import {
  APP,
  channelOf,
  NOW,
  newFolder,
  objectsOf,
  publicKey,
  publishBuild,
} from '../../support/publish.ts';

const DAY = 24 * 3_600_000;
const STRAY = `${'a'.repeat(64)}.sealed`;

/** A store with one release, and a function that adds an object that no index names. */
async function storeWithRelease() {
  const store = newFolder();
  const { release } = await publishBuild(store, 1);
  const object = `${release.bundle.sha256}.sealed`;
  const add = (name: string, at: number, text = 'abc') => {
    const path = join(store, 'objects', name);
    writeFileSync(path, text);
    utimesSync(path, new Date(at), new Date(at));
  };
  return { store, object, add, options: { store, appId: APP, publicKey, now: NOW } };
}

describe('prune', () => {
  it('keeps an object that no index names for seven days, and deletes it then', async () => {
    const { add, options } = await storeWithRelease();
    add(STRAY, NOW.getTime() - 7 * DAY + 1000);
    expect(await prune(options)).toEqual({ deleted: [], size: 0, kept: 2 });
    add(STRAY, NOW.getTime() - 7 * DAY);
    expect(await prune(options)).toEqual({ deleted: [`objects/${STRAY}`], size: 3, kept: 1 });
  });

  it('reports in a dry run what it would delete, and takes no lock', async () => {
    const { store, add, options } = await storeWithRelease();
    add(STRAY, 0);
    writeFileSync(join(store, '.publish.lock'), 'of a publisher that runs');
    const report = { deleted: [`objects/${STRAY}`], size: 3, kept: 1 };
    expect(await prune({ ...options, dryRun: true })).toEqual(report);
    expect(objectsOf(store)).toContain(STRAY);
    expect(readFileSync(join(store, '.publish.lock'), 'utf8')).toBe('of a publisher that runs');
  });

  it('leaves files of other programs and folders', async () => {
    const { store, object, add, options } = await storeWithRelease();
    const others = ['notes.txt', 'b.sealed', `${'A'.repeat(64)}.sealed`, `.${STRAY}`];
    for (const name of others) add(name, 0);
    mkdirSync(join(store, 'objects', STRAY));
    utimesSync(join(store, 'objects', STRAY), 0, 0);
    expect(await prune(options)).toEqual({ deleted: [], size: 0, kept: 2 });
    expect(objectsOf(store)).toEqual([...others, STRAY, object].sort());
  });

  it('deletes a retired object at the moment at which its time is over', async () => {
    const { store, object, options } = await storeWithRelease();
    await publishBuild(store, 2, { keep: 1, patches: 0, expiresIn: 2 * DAY });
    utimesSync(join(store, 'objects', object), 0, 0);
    // The index that named the object expires after 30 days.
    const end = NOW.getTime() + 30 * DAY;
    expect((await prune({ ...options, now: end - 1 })).deleted).toEqual([]);
    expect((await prune({ ...options, now: end })).deleted).toEqual([`objects/${object}`]);
  });

  it('deletes nothing after an abort', async () => {
    const { store, add, options } = await storeWithRelease();
    add(STRAY, 0);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(prune({ ...options, signal })).rejects.toThrow('enough');
    expect(objectsOf(store)).toContain(STRAY);
    expect(existsSync(join(store, '.publish.lock'))).toBe(false);
  });

  it('refuses an address, because a web server cannot be listed', async () => {
    const options = { store: 'https://example.com/', appId: APP, publicKey };
    await expect(prune(options)).rejects.toThrow(
      new TypeError(
        'options.store expected a folder with a copy of the store, because a web server cannot be listed',
      ),
    );
  });
});

describe('an index that is made again', () => {
  it('is refused where the channel has none, with the name of the folder', async () => {
    const store = newFolder();
    const error = await rejection(refresh(channelOf(store)), 'ERR_STORE');
    expect(error.message).toBe(
      `${JSON.stringify(store)} has no index of the channel production: publish a release first`,
    );
  });
});
