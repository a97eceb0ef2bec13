// A lock of downloads that another page or process holds.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryStore } from '../../../src/update.ts';
import { AFTER, BEFORE } from '../../support/release.ts';
import { createDevice, createPublisher, fetchFrom } from '../../support/update.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** A device that waits for the download of another process. */
async function waiting(options: { readonly signal?: AbortSignal } = {}) {
  const publisher = createPublisher();
  const release = await publisher.make(AFTER, [BEFORE]);
  await publisher.offer([release]);
  const inner = memoryStore();
  let free = () => {};
  const held = inner.lock('update', () => new Promise<void>((resolve) => (free = resolve)));
  let tell = () => {};
  const asked = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const releases: typeof inner = {
    ...inner,
    lock(name, task) {
      if (name === 'update') tell();
      return inner.lock(name, task);
    },
  };
  const { updater, events } = await createDevice(BEFORE, fetchFrom(publisher.store), { releases });
  await updater.start();
  const downloaded = updater.download(options);
  downloaded.catch(() => {});
  await asked;
  const waits = () => events.filter(({ type }) => type === 'waiting').length;
  const end = async () => {
    free();
    await held;
  };
  return { updater, downloaded, waits, end, release, inner };
}

describe('a download while another page or process downloads', () => {
  it('tells after a second that it waits, and goes on when the other one has ended', async () => {
    const { downloaded, waits, end, release } = await waiting();
    await vi.advanceTimersByTimeAsync(999);
    expect(waits()).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(waits()).toBe(1);
    await vi.advanceTimersByTimeAsync(598_000);
    expect(waits()).toBe(1);
    await end();
    expect((await downloaded).id).toBe(release.entry.id);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(waits()).toBe(1);
  });

  it('rejects after ten minutes, and does not begin later', async () => {
    const { updater, downloaded, end, release, inner } = await waiting();
    await vi.advanceTimersByTimeAsync(600_000);
    await expect(downloaded).rejects.toMatchObject({
      code: 'ERR_STORE',
      message:
        'another page or process has been downloading for 10 minutes: try again later, or close the other windows of the app. The installed release keeps running',
    });
    await end();
    // A task that began now would hold the lock until it ends.
    await inner.lock('update', async () => {});
    expect((await updater.status()).ready).toBeUndefined();
    expect((await updater.download()).id).toBe(release.entry.id);
  });

  it('ends with its signal, and tells nothing then', async () => {
    const controller = new AbortController();
    const { downloaded, waits, end, updater, inner } = await waiting({
      signal: controller.signal,
    });
    controller.abort(new Error('the user left'));
    await expect(downloaded).rejects.toThrow('the user left');
    await vi.advanceTimersByTimeAsync(600_000);
    expect([waits(), vi.getTimerCount()]).toEqual([0, 0]);
    await end();
    await inner.lock('update', async () => {});
    expect((await updater.status()).ready).toBeUndefined();
  });

  it('tells nothing when the lock is free', async () => {
    const publisher = createPublisher();
    await publisher.offer([await publisher.make(AFTER, [BEFORE])]);
    const { updater, events } = await createDevice(BEFORE, fetchFrom(publisher.store));
    await updater.start();
    await updater.update();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(events.map(({ type }) => type)).not.toContain('waiting');
  });
});
