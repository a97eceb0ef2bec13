// A store that sends more than it should, or nothing, and what the device does then.

import { describe, expect, it } from 'vitest';
import { AFTER, BEFORE } from '../support/release.ts';
import { createDevice, createPublisher, fetchFrom } from '../support/update.ts';

describe('a device whose server sends without end or not at all', () => {
  it('aborts an endless index at its limit', async () => {
    const endless = async () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
        }),
      );
    const { updater } = await createDevice(BEFORE, endless as typeof fetch);
    await updater.start();
    expect(await updater.check()).toMatchObject({ status: 'offline' });
  });

  it('stops reading an object that is longer than the index says', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    await publisher.offer([one]);
    let sent = 0;
    const request = fetchFrom(publisher.store, (path, _, whole) => {
      if (!path.startsWith('objects/')) return whole();
      return new Response(
        new ReadableStream({
          pull(controller) {
            sent += 1;
            controller.enqueue(new Uint8Array(65_536));
          },
        }),
      );
    });
    const { updater } = await createDevice(BEFORE, request);
    await updater.start();
    await expect(updater.update()).rejects.toBeDefined();
    expect(sent).toBeLessThan(100);
  });

  it('aborts a request after the deadline if the server sends nothing', async () => {
    const silent = (async (_: unknown, init?: RequestInit) => {
      const { signal } = init ?? {};
      return new Response(
        new ReadableStream({
          start: (controller) =>
            signal?.addEventListener('abort', () => controller.error(signal.reason)),
        }),
      );
    }) as typeof fetch;
    const { updater } = await createDevice(BEFORE, silent, { timeout: 20 });
    await updater.start();
    expect(await updater.check()).toMatchObject({ status: 'offline' });
  });
});
