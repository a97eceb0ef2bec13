// A lock of the state that another page or process holds and does not give back.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryStore, type ReleaseStore, type Updater } from '../../../src/update.ts';
import { AFTER, BEFORE } from '../../support/release.ts';
import { createDevice, createPublisher, type Device, fetchFrom } from '../../support/update.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** A store whose lock of the state can be held. `asked` resolves when a caller waits for it. */
function holdableStore() {
  const inner = memoryStore();
  let held: Promise<void> | undefined;
  let free = () => {};
  let tell = () => {};
  const releases: ReleaseStore = {
    ...inner,
    async lock(name, task) {
      if (name === 'state' && held !== undefined) {
        tell();
        await held;
      }
      return inner.lock(name, task);
    },
  };
  return {
    releases,
    hold() {
      held = new Promise((resolve) => {
        free = () => {
          held = undefined;
          resolve();
        };
      });
      return new Promise<void>((resolve) => {
        tell = resolve;
      });
    },
    free: () => free(),
    /** Resolves when every task that waits for the lock has run. */
    settled: () => inner.lock('state', async () => {}),
  };
}

/** A device whose second process would run a release on trial for the second time. */
async function onTrial() {
  const publisher = createPublisher();
  await publisher.offer([await publisher.make(AFTER, [BEFORE])]);
  const request = fetchFrom(publisher.store);
  const { releases, hold, free, settled } = holdableStore();
  const launch = (): Promise<Device> => createDevice(BEFORE, request, { releases });
  const { updater } = await launch();
  const shipped = await updater.start();
  await updater.update({ when: 'now' });
  const { id } = await updater.start();
  expect((await updater.status()).trial).toEqual({ starts: 1 });
  return { launch, hold, free, settled, shipped: shipped.id, id };
}

const heldFor = (seconds: number) =>
  `another page or process has held the lock of the state for ${seconds} seconds: close the other windows of the app, and try again. The installed release keeps running`;

describe('a start while the lock of the state is held', () => {
  it('runs the confirmed release after five seconds, and says why', async () => {
    const { launch, hold, shipped } = await onTrial();
    const asked = hold();
    const { updater, events } = await launch();
    const started = updater.start();
    await asked;
    await vi.advanceTimersByTimeAsync(4999);
    expect(vi.getTimerCount(), 'it still waits').toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect((await started).id).toBe(shipped);
    expect(await (await started).files.read('index.html')).toEqual(BEFORE['index.html']);
    expect(events).toMatchObject([
      {
        type: 'error',
        error: { code: 'ERR_STORE', message: heldFor(5) },
      },
      { type: 'started', id: shipped, isTrial: false },
    ]);
  });

  it('is not counted when the lock is free at last, and the next start counts', async () => {
    const { launch, hold, free, id } = await onTrial();
    const asked = hold();
    const { updater } = await launch();
    const started = updater.start();
    await asked;
    await vi.advanceTimersByTimeAsync(5000);
    await started;
    free();
    await updater.idle();
    expect((await updater.status()).trial).toEqual({ starts: 1 });
    const next = await launch();
    expect((await next.updater.start()).id).toBe(id);
    expect((await next.updater.status()).trial).toEqual({ starts: 2 });
  });

  it('waits for a lock that is held for a shorter time, and counts', async () => {
    const { launch, hold, free, id } = await onTrial();
    const asked = hold();
    const { updater } = await launch();
    const started = updater.start();
    await asked;
    await vi.advanceTimersByTimeAsync(4999);
    free();
    expect((await started).id).toBe(id);
    await vi.advanceTimersByTimeAsync(60_000);
    expect((await updater.status()).trial).toEqual({ starts: 2 });
  });

  it('binds the page to its release as soon as the lock is free', async () => {
    const { launch, hold, free, shipped } = await onTrial();
    const asked = hold();
    const { updater } = await launch();
    const started = updater.start({ client: 'page' });
    await asked;
    await vi.advanceTimersByTimeAsync(5000);
    await started;
    free();
    await updater.idle();
    const restarted = await launch();
    expect((await restarted.updater.releaseOf('page'))?.id).toBe(shipped);
  });
});

describe('a page while the lock of the state is held', () => {
  it('gets its release at once if the state names the page', async () => {
    const { launch, hold, id } = await onTrial();
    const { updater: first } = await launch();
    await first.start({ client: 'page' });
    await first.idle();
    hold();
    const { updater } = await launch();
    expect((await updater.releaseOf('page'))?.id).toBe(id);
  });
});

describe('every other call while the lock of the state is held', () => {
  it.each<[string, (updater: Updater, id: string) => Promise<unknown>]>([
    ['confirm', (updater, id) => updater.confirm(id)],
    ['fail', (updater, id) => updater.fail(id)],
    ['activate', (updater) => updater.activate()],
    ['useBuiltIn', (updater) => updater.useBuiltIn()],
    ['setChannel', (updater) => updater.setChannel('beta')],
    ['check', (updater) => updater.check()],
    ['keepClients', (updater) => updater.keepClients([])],
  ])('rejects with ERR_STORE after 30 seconds, and changes nothing later: %s', async (_, call) => {
    const { launch, hold, free, settled, id } = await onTrial();
    const { updater } = await launch();
    const before = await updater.status();
    const asked = hold();
    const called = call(updater, id);
    called.catch(() => {});
    await asked;
    await vi.advanceTimersByTimeAsync(29_999);
    expect(vi.getTimerCount(), 'it still waits').toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    await expect(called).rejects.toMatchObject({ code: 'ERR_STORE', message: heldFor(30) });
    free();
    // The waiting task gets the lock in a later turn than this one.
    for (let turn = 0; turn < 5; turn++) await settled();
    expect(await updater.status()).toEqual(before);
  });
});
