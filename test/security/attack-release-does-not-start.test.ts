// A release that never confirms itself: the device counts its starts, blocks it and goes back.

import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/update.ts';
import { AFTER, BEFORE } from '../support/release.ts';
import { createDevice, createPublisher, fetchFrom, NOW } from '../support/update.ts';

const DAY = 86_400_000;

describe('a release that does not start', () => {
  it('is counted before it starts, blocked after three starts, and tried once more a day later', async () => {
    const publisher = createPublisher();
    await publisher.offer([await publisher.make(AFTER)]);
    const request = fetchFrom(publisher.store);
    const releases = memoryStore();
    let now = NOW;
    const launch = () => createDevice(BEFORE, request, { releases, now: () => now });
    const shipped = await launch();
    const { id } = await shipped.updater.start();
    await shipped.updater.update();
    const starts = async (count: number) => {
      const ids: boolean[] = [];
      for (let i = 0; i < count; i++) ids.push((await (await launch()).updater.start()).id === id);
      return ids;
    };
    expect(await starts(4)).toEqual([false, false, false, true]);
    expect(await (await launch()).updater.check()).toMatchObject({ status: 'current' });
    now += DAY;
    await (await launch()).updater.update();
    expect(await starts(4)).toEqual([false, false, false, true]);
    now += DAY;
    expect(await (await launch()).updater.check()).toMatchObject({ status: 'current' });
  });
});
