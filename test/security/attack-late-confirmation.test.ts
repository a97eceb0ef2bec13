// "I am ready" from a page of the release before: it must not end the trial of the release that runs now.

import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/update.ts';
import { AFTER, BEFORE } from '../support/release.ts';
import { createDevice, createPublisher, fetchFrom } from '../support/update.ts';

describe('a release on trial', () => {
  it('is not confirmed by a late call of the previous page, and is confirmed by a call of its own page', async () => {
    const publisher = createPublisher();
    await publisher.offer([await publisher.make(AFTER)]);
    const request = fetchFrom(publisher.store);
    const releases = memoryStore();
    const before = await createDevice(BEFORE, request, { releases });
    const { id } = await before.updater.start();
    await before.updater.update();
    const next = await createDevice(BEFORE, request, { releases });
    const own = await next.updater.start();
    expect(await before.updater.confirm(id)).toBe(false);
    expect((await next.updater.status()).trial).toEqual({ starts: 1 });
    expect(await before.updater.confirm(own.id)).toBe(true);
    expect((await next.updater.status()).trial).toBeUndefined();
  });
});
