// A device loses its state, or gets an old one from a backup. Which older indexes does it then accept?

import { describe, expect, it } from 'vitest';
import { openIndexWithMark, readStamp, writeStamp } from '../../src/release.ts';
import { memoryBuiltIn, memoryStore } from '../../src/update.ts';
import { AFTER, BEFORE } from '../support/release.ts';
import {
  APP,
  BUILT_IN_TIME,
  CHANNEL,
  createDevice,
  createPublisher,
  fetchFrom,
  INDEX,
  NOW,
  updatedDevice,
} from '../support/update.ts';
import { keyB } from '../support/vectors.ts';
import { utf8 } from '../support/zip.ts';

/** A built-in release whose stamp has the mark of an index. */
async function markedBy(index: Uint8Array) {
  const shipped = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
  const opening = { publicKey: keyB.spki, appId: APP, channel: CHANNEL, now: NOW };
  const { mark } = await openIndexWithMark(index, opening);
  const stamp = readStamp(await shipped.readStamp());
  const marked = writeStamp({ ...stamp, floors: [{ channel: CHANNEL, ...mark }] });
  return { ...shipped, readStamp: async () => marked };
}

describe('a device that has lost its state', () => {
  it('still refuses an index below the mark beside an installed release', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    await publisher.offer([]);
    const old = publisher.store.get(INDEX) as Uint8Array;
    await publisher.offer([one]);
    const request = fetchFrom(publisher.store);
    const { releases } = await updatedDevice(BEFORE, request);
    await releases.writeState(utf8('lost'));
    publisher.store.set(INDEX, old);
    const { updater } = await createDevice(BEFORE, request, { releases });
    await updater.start();
    expect(await updater.check()).toMatchObject({ error: { code: 'ERR_INDEX_ROLLED_BACK' } });
  });

  it('refuses only an index below the mark in the stamp if all storage is lost', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    const offered: Uint8Array[] = [];
    for (const releases of [[], [], [one]]) {
      await publisher.offer(releases);
      offered.push(publisher.store.get(INDEX) as Uint8Array);
    }
    const [oldest, older, newest] = offered as [Uint8Array, Uint8Array, Uint8Array];
    const request = fetchFrom(publisher.store);
    const builtIn = await markedBy(older);
    publisher.store.set(INDEX, newest);
    await updatedDevice(BEFORE, request, { builtIn });
    const checkWith = async (index: Uint8Array) => {
      publisher.store.set(INDEX, index);
      const { updater } = await createDevice(BEFORE, request, { builtIn });
      await updater.start();
      return updater.check();
    };
    expect(await checkWith(oldest)).toMatchObject({ error: { code: 'ERR_INDEX_ROLLED_BACK' } });
    expect(await checkWith(older)).toEqual({ status: 'current', isStale: false });
  });

  it('refuses an index below the mark in the stamp of a newer app if its state is restored from a backup', async () => {
    const publisher = createPublisher();
    const offered: Uint8Array[] = [];
    for (const _ of [1, 2]) {
      await publisher.offer([]);
      offered.push(publisher.store.get(INDEX) as Uint8Array);
    }
    const [older, newer] = offered as [Uint8Array, Uint8Array];
    const request = fetchFrom(publisher.store);
    const releases = memoryStore();
    publisher.store.set(INDEX, older);
    const { updater } = await createDevice(BEFORE, request, { releases });
    await updater.start();
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
    const builtIn = await markedBy(newer);
    const restored = await createDevice(BEFORE, request, { releases, builtIn });
    await restored.updater.start();
    expect(await restored.updater.check()).toMatchObject({
      error: { code: 'ERR_INDEX_ROLLED_BACK' },
    });
  });
});
