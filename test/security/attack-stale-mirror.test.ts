// What a device does if some of its mirrors are old or do not answer.

import { describe, expect, it } from 'vitest';
import { AFTER, BEFORE } from '../support/release.ts';
import { createDevice, createPublisher, fetchFrom, INDEX, STORE } from '../support/update.ts';

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
