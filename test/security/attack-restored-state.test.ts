// A device gets an old state from a backup, while its releases stay. Which older indexes does it then accept?

import { describe, expect, it } from 'vitest';
import { STAMP } from '../../src/release/stamp.ts';
import { readStamp, sealKeys, writeStamp } from '../../src/release.ts';
import { memoryBuiltIn, memoryStore, type UpdaterOptions } from '../../src/update.ts';
import { AFTER, BEFORE } from '../support/release.ts';
import {
  APP,
  BUILT_IN_TIME,
  createDevice,
  createPublisher,
  fetchFrom,
  INDEX,
} from '../support/update.ts';
import { keyA, keyB } from '../support/vectors.ts';
import { utf8 } from '../support/zip.ts';

const ACCEPTED = { status: 'current', isStale: false };
const ROLLED_BACK = { isStale: true, error: { code: 'ERR_INDEX_ROLLED_BACK' } };

/** A device whose states and indexes are kept, to restore and to replay them. */
function createLife() {
  const publisher = createPublisher();
  const releases = memoryStore();
  const app: { -readonly [Name in keyof UpdaterOptions]?: UpdaterOptions[Name] } = { releases };
  const saved: { readonly index: Uint8Array; readonly state: Uint8Array }[] = [];
  const run = async () => {
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), app);
    await updater.confirm((await updater.start()).id);
    await updater.idle();
    return updater;
  };
  return {
    publisher,
    releases,
    app,
    run,
    /** Publishes an index with a new release or without one, updates the device, and saves its state. */
    async next(text?: string, epoch = 0) {
      const files = { ...AFTER, 'n.txt': utf8(text ?? '') };
      await publisher.offer(text === undefined ? [] : [await publisher.make(files)], { epoch });
      await (await run()).update();
      await run();
      const index = publisher.store.get(INDEX) as Uint8Array;
      saved.push({ index, state: (await releases.readState()) as Uint8Array });
    },
    restore: (n: number) => releases.writeState(saved[n]?.state as Uint8Array),
    /** Serves an old index to the next process. */
    async replay(n: number) {
      publisher.store.set(INDEX, saved[n]?.index as Uint8Array);
      return (await run()).check();
    },
  };
}

describe('a device whose state was restored from a backup', () => {
  it('still counts the marks beside the installed releases', async () => {
    const { next, restore, replay, releases } = createLife();
    await next();
    await next('1');
    await restore(0);
    expect(await replay(0)).toMatchObject(ROLLED_BACK);
    // The restored state names no release, so the start has removed the release with its marks.
    expect(await releases.list()).toEqual([]);
    expect(await replay(0)).toMatchObject(ROLLED_BACK);
    expect(await replay(1)).toMatchObject({ status: 'available' });
  });

  it('counts the marks also in a check before its first start', async () => {
    const { next, restore, publisher, app } = createLife();
    await next();
    const older = publisher.store.get(INDEX) as Uint8Array;
    await next('1');
    await restore(0);
    publisher.store.set(INDEX, older);
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), app);
    expect(await updater.check()).toMatchObject(ROLLED_BACK);
  });

  it('stores the marks in its state before it removes the releases beside them', async () => {
    const { next, restore, replay, releases, app, run } = createLife();
    await next();
    await next('1');
    await restore(0);
    app.releases = { ...releases, remove: () => Promise.reject(new Error('killed')) };
    await run();
    for (const id of await releases.list()) await releases.remove(id);
    app.releases = releases;
    expect(await replay(0)).toMatchObject(ROLLED_BACK);
  });

  it('ignores the marks beside a damaged release, and counts the others', async () => {
    const { next, restore, replay, releases } = createLife();
    await next();
    await next('1');
    const [id] = (await releases.list()) as [string];
    const stamp = readStamp(await (await releases.open(id)).read(STAMP));
    const floors = (stamp.floors ?? []).map((floor) => ({ ...floor, sequence: 1_000_000 }));
    for (const bytes of [utf8('{'), writeStamp({ ...stamp, floors, files: [] })]) {
      await releases.write(
        id,
        (async function* () {
          yield { path: STAMP, bytes };
        })(),
      );
      await restore(0);
      expect(await replay(0)).toEqual(ACCEPTED);
    }
  });

  it('counts only the marks since the native update if the state is of an older app', async () => {
    const { next, restore, replay, releases, app, publisher } = createLife();
    await next();
    await next('1');
    // The release stays, because it was made later than the new app. The native update has cleared its marks.
    const files = { ...BEFORE, 'app.txt': utf8('2') };
    app.builtIn = await memoryBuiltIn(files, { createdAt: BUILT_IN_TIME });
    expect(await replay(0)).toEqual(ACCEPTED);
    expect(await releases.list()).toHaveLength(1);
    await restore(1);
    expect(await replay(0)).toEqual(ACCEPTED);
    await releases.writeState(utf8('lost'));
    expect(await replay(0)).toEqual(ACCEPTED);
    publisher.store.delete(INDEX);
    await next('2');
    await restore(1);
    expect(await replay(1)).toMatchObject(ROLLED_BACK);
  });

  it('counts the marks of a later epoch, and none of an earlier one', async () => {
    const { next, restore, replay, app, publisher } = createLife();
    app.recoveryPublicKey = keyA.spki;
    const trust = async (epoch: number) => {
      const list = {
        ...({ format: 'bundleseal-keys', version: 1, appId: APP, epoch } as const),
        ...{ publicKeys: [keyB.spki], retiredKeys: [] },
      };
      publisher.store.set('keys.sealed', await sealKeys(list, { recoveryKey: keyA.pkcs8 }));
    };
    await next('0');
    await trust(1);
    await next('1', 1);
    await trust(2);
    await next('2', 2);
    await restore(0);
    // No mark allows the list of the first epoch, which the device has seen replaced.
    await trust(1);
    expect(await replay(1)).toMatchObject({ isStale: true });
    await trust(2);
    expect(await replay(1)).toMatchObject({ isStale: true });
    expect(await replay(2)).toMatchObject({ status: expect.stringMatching('current|available') });
  });
});
