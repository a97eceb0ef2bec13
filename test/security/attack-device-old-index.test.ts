// What an attacker does with older indexes of a store, and what the device does then.

import { describe, expect, it } from 'vitest';
import { openIndexWithMark, readStamp, writeStamp } from '../../src/release.ts';
import { memoryBuiltIn } from '../../src/update.ts';
import { AFTER, BEFORE, type Files } from '../support/release.ts';
import {
  APP,
  BUILT_IN_TIME,
  CHANNEL,
  createDevice,
  createPublisher,
  fetchFrom,
  NOW,
  STORE,
  timeOf,
  updatedDevice,
} from '../support/update.ts';
import { keyB } from '../support/vectors.ts';
import { utf8 } from '../support/zip.ts';

const DAY = 86_400_000;
const THIRD: Files = { ...AFTER, 'new.txt': utf8('third') };
const INDEX = `channels/${CHANNEL}.sealed`;

describe('rollback', () => {
  it('of the index: an older genuine index is refused, and the device says that the store is stale', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    const two = await publisher.make(THIRD);
    await publisher.offer([one]);
    const old = publisher.store.get(INDEX) as Uint8Array;
    await publisher.offer([two, one]);
    const { updater, id } = await updatedDevice(BEFORE, fetchFrom(publisher.store));
    expect(id).toBe(two.entry.id);
    publisher.store.set(INDEX, old);
    expect(await updater.check()).toMatchObject({
      status: 'current',
      isStale: true,
      error: { code: 'ERR_INDEX_ROLLED_BACK' },
    });
  });

  it('by another index of the same number: it is refused', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    await publisher.offer([one]);
    const { updater } = await updatedDevice(BEFORE, fetchFrom(publisher.store));
    await publisher.offer([], { sequence: 1 });
    expect(await updater.check()).toMatchObject({ error: { code: 'ERR_INDEX_ROLLED_BACK' } });
  });

  it('by the loss of the state: the mark beside an installed release still counts', async () => {
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

  it('by the loss of all storage: only the mark in the stamp still counts', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    const offered: Uint8Array[] = [];
    for (const releases of [[], [], [one]]) {
      await publisher.offer(releases);
      offered.push(publisher.store.get(INDEX) as Uint8Array);
    }
    const [oldest, older, newest] = offered as [Uint8Array, Uint8Array, Uint8Array];
    const request = fetchFrom(publisher.store);
    const shipped = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    const opening = { publicKey: keyB.spki, appId: APP, channel: CHANNEL, now: NOW };
    const { mark } = await openIndexWithMark(older, opening);
    const stamp = readStamp(await shipped.readStamp());
    const marked = writeStamp({ ...stamp, floors: [{ channel: CHANNEL, ...mark }] });
    const builtIn = { ...shipped, readStamp: async () => marked };
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

  it('by a lowered rollout: no device moves back', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    await publisher.offer([one]);
    const { updater } = await updatedDevice(BEFORE, fetchFrom(publisher.store));
    await publisher.offer([{ ...one, entry: { ...one.entry, rollout: 0 } }]);
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
  });
});

describe('freeze', () => {
  it('with an expired index: it is refused, and the device keeps its release', async () => {
    const publisher = createPublisher();
    await publisher.offer([await publisher.make(AFTER)]);
    let now = NOW;
    const { updater, id } = await updatedDevice(BEFORE, fetchFrom(publisher.store), {
      now: () => now,
    });
    now += 31 * DAY;
    expect(await updater.check()).toMatchObject({
      status: 'current',
      isStale: true,
      error: { code: 'ERR_INDEX_EXPIRED' },
    });
    expect((await updater.start()).id).toBe(id);
  });

  it('with a clock that was set back: the time of the last accepted index counts', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    await publisher.offer([one], { expiresAt: timeOf(NOW + DAY) });
    await publisher.offer([one], {
      issuedAt: timeOf(NOW + 2 * DAY),
      expiresAt: timeOf(NOW + 9 * DAY),
    });
    let now = NOW + 3 * DAY;
    const { updater } = await updatedDevice(BEFORE, fetchFrom(publisher.store), { now: () => now });
    now = NOW;
    await publisher.offer([], {
      issuedAt: timeOf(NOW + DAY - 1000),
      expiresAt: timeOf(NOW + 2 * DAY),
    });
    expect(await updater.check()).toMatchObject({ isStale: true });
  });
});

describe('a broken or stale mirror', () => {
  it('does not hold a device back: the highest valid index of all mirrors counts', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    await publisher.offer([]);
    const old = publisher.store.get(INDEX) as Uint8Array;
    await publisher.offer([one]);
    const good = fetchFrom(publisher.store);
    const mirrored = (async (input: RequestInfo | URL, init?: RequestInit) => {
      const url = String(input);
      if (url.startsWith('https://stale.example.com/')) {
        return url.endsWith(INDEX)
          ? new Response(old as BodyInit)
          : new Response('', { status: 404 });
      }
      if (url.startsWith('https://dead.example.com/')) throw new TypeError('fetch failed');
      return good(input, init);
    }) as typeof fetch;
    const { updater } = await createDevice(BEFORE, mirrored, {
      store: ['https://stale.example.com/', 'https://dead.example.com/', STORE],
    });
    await updater.start();
    const { check, id } = await updater.update();
    expect(check).toMatchObject({ status: 'available' });
    expect(id).toBe(one.entry.id);
  });
});
