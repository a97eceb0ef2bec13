// What an attacker does with older indexes of a store, and what the device does then.

import { describe, expect, it } from 'vitest';
import { AFTER, BEFORE, type Files } from '../support/release.ts';
import {
  createPublisher,
  fetchFrom,
  INDEX,
  NOW,
  timeOf,
  updatedDevice,
} from '../support/update.ts';
import { utf8 } from '../support/zip.ts';

const DAY = 86_400_000;
const THIRD: Files = { ...AFTER, 'new.txt': utf8('third') };
describe('a device whose store serves an old index', () => {
  it('refuses an older genuine index, and reports that the store is stale', async () => {
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

  it('refuses another index with the sequence that it has accepted', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    await publisher.offer([one]);
    const { updater } = await updatedDevice(BEFORE, fetchFrom(publisher.store));
    await publisher.offer([], { sequence: 1 });
    expect(await updater.check()).toMatchObject({ error: { code: 'ERR_INDEX_ROLLED_BACK' } });
  });

  it('keeps its release when the rollout of the release is lowered to 0', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    await publisher.offer([one]);
    const { updater } = await updatedDevice(BEFORE, fetchFrom(publisher.store));
    await publisher.offer([{ ...one, entry: { ...one.entry, rollout: 0 } }]);
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
  });
});

describe('a device whose store stops publishing', () => {
  it('refuses an expired index, and keeps its release', async () => {
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

  it('counts the time of the last accepted index if its clock was set back', async () => {
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
