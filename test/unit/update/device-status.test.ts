// The status of the updater, its last check, and the stamp of the build.

import { describe, expect, it } from 'vitest';
import { memoryBuiltIn, memoryStore, type ReleaseStore } from '../../../src/update.ts';
import { BEFORE } from '../../support/release.ts';
import {
  BUILT_IN_TIME,
  createDevice,
  type createPublisher,
  fetchFrom,
  NOW,
  timeOf,
} from '../../support/update.ts';
import { published } from '../../support/update-published.ts';
import { keyB } from '../../support/vectors.ts';

describe('the stamp of the build', () => {
  it('is parsed at the first start, and again when a native build brings another one', async () => {
    const { request } = await published();
    const releases = memoryStore();
    const { updater } = await createDevice(BEFORE, request, { releases });
    const { id } = await updater.start();
    await updater.update();
    const state = async () => JSON.parse(new TextDecoder().decode(await releases.readState()));
    const { stamp } = await state();
    expect(stamp).toMatch(/^[0-9a-f]{64}$/);
    const next = await createDevice({ ...BEFORE, 'native.txt': new Uint8Array(1) }, request, {
      releases,
    });
    await next.updater.start();
    const after = await state();
    expect(after.builtIn).not.toBe(id);
    expect(after.stamp).not.toBe(stamp);
  });
});

describe('the status', () => {
  it('has releases, trial, blocks with reasons, the last check, and the index', async () => {
    const { request, next, index } = await published();
    const releases = memoryStore();
    const { updater } = await createDevice(BEFORE, request, { releases });
    const { id: builtIn } = await updater.start();
    await updater.update();
    expect(await updater.status()).toMatchObject({
      channel: 'production',
      builtIn: { id: builtIn, isBuiltIn: true },
      running: { id: builtIn },
      next: { id: next.entry.id, version: next.entry.version, createdAt: next.entry.createdAt },
      installed: [{ id: next.entry.id, isBuiltIn: false }],
      blocked: [],
      isActivationWaiting: false,
      index: { epoch: 0, sequence: index.sequence, expiresAt: index.expiresAt },
      lastCheck: { at: timeOf(NOW), result: `available: ${next.entry.id}` },
    });
    const second = await createDevice(BEFORE, request, { releases });
    await second.updater.start();
    expect(await second.updater.status()).toMatchObject({
      running: { id: next.entry.id },
      trial: { starts: 1 },
      previous: { id: builtIn },
    });
    await second.updater.fail(next.entry.id, 'the first screen stayed empty');
    expect(await second.updater.status()).toMatchObject({
      running: { id: builtIn },
      blocked: [{ id: next.entry.id, reason: 'the first screen stayed empty' }],
    });
  });

  it('holds no key and not the id of the device', async () => {
    const { request } = await published();
    const releases = memoryStore();
    const { updater } = await createDevice(BEFORE, request, { releases });
    await updater.start();
    await updater.update();
    const { deviceId } = JSON.parse(new TextDecoder().decode(await releases.readState()));
    const text = JSON.stringify(await updater.status());
    expect(deviceId).toMatch(/^[0-9a-f]{32}$/);
    expect(text).not.toContain(deviceId);
    expect(text).not.toContain(keyB.spki.split('\n')[1]);
  });
});

describe('the last check in the status', () => {
  const checked = async (change: (publisher: ReturnType<typeof createPublisher>) => unknown) => {
    const { publisher } = await published();
    await change(publisher);
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), { retryDelay: 1 });
    await updater.start();
    await updater.check();
    return (await updater.status()).lastCheck?.result;
  };
  const index = 'channels/production.sealed';

  it('says that there is nothing new', async () => {
    expect(await checked((publisher) => publisher.offer([]))).toBe('current');
  });

  it('says why the index could not be used', async () => {
    const isOld = { expiresAt: timeOf(NOW - 1000), issuedAt: timeOf(NOW - 2000) };
    expect(await checked((publisher) => publisher.offer([], isOld))).toBe(
      'current, stale: ERR_INDEX_EXPIRED',
    );
    const spoil = (publisher: ReturnType<typeof createPublisher>) => {
      const bytes = publisher.store.get(index) as Uint8Array;
      bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    };
    expect(await checked(spoil)).toBe('current, stale: ERR_CHUNK_INVALID');
  });

  it('says that no mirror was reached', async () => {
    const unreachable = async () => {
      throw new TypeError('fetch failed');
    };
    const { updater } = await createDevice(BEFORE, unreachable, { retryDelay: 1 });
    await updater.start();
    await updater.check();
    expect((await updater.status()).lastCheck).toEqual({
      at: timeOf(NOW),
      result: 'offline',
    });
  });
});

describe('the stamp of the built-in release', () => {
  /** A store that says whether the lock of the state is held. */
  const watched = () => {
    const releases = memoryStore();
    let holders = 0;
    const store: ReleaseStore = {
      ...releases,
      lock: (name, task) =>
        releases.lock(name, async () => {
          holders += name === 'state' ? 1 : 0;
          try {
            return await task();
          } finally {
            holders -= name === 'state' ? 1 : 0;
          }
        }),
    };
    return { store, isHeld: () => holders > 0 };
  };

  it.each([
    ['a website', true],
    ['an installed app', false],
  ])(
    'of %s is never requested while the state is locked, because a new service worker may hold the request back until it has had the lock',
    async (_, isRemote) => {
      const { request } = await published();
      const shipped = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
      const calls: ((device: Awaited<ReturnType<typeof createDevice>>) => Promise<unknown>)[] = [
        ({ updater }) => updater.start(),
        ({ updater }) => updater.start({ client: 'page' }),
        ({ updater }) => updater.releaseOf('page'),
        ({ updater }) => updater.confirm('a'.repeat(64)),
        ({ updater }) => updater.keepClients([]),
        ({ updater }) => updater.check(),
        ({ updater }) => updater.update(),
      ];
      for (const call of calls) {
        const { store, isHeld } = watched();
        const requests: boolean[] = [];
        const builtIn = {
          ...shipped,
          isRemote,
          readStamp: () => {
            requests.push(isHeld());
            return shipped.readStamp();
          },
        };
        await call(await createDevice(BEFORE, request, { releases: store, builtIn }));
        expect(requests.length, String(call)).toBeGreaterThan(0);
        expect(requests, String(call)).not.toContain(true);
      }
    },
  );

  it.each([
    ['its copy of the built-in release', 'builtIn'],
    ['the release that runs', 'running'],
    ['both', 'all'],
  ])('is not requested while the state is locked if the store has lost %s', async (_, lost) => {
    const { request } = await published();
    const shipped = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    const { store, isHeld } = watched();
    const requests: boolean[] = [];
    const builtIn = {
      ...shipped,
      isRemote: true,
      readStamp: () => {
        requests.push(isHeld());
        return shipped.readStamp();
      },
    };
    const first = await createDevice(BEFORE, request, { releases: store, builtIn });
    await first.updater.installBuiltIn();
    const { id: builtInId } = await first.updater.start();
    const { id: next = '' } = await first.updater.update({ when: 'now' });
    await first.updater.confirm((await first.updater.start()).id);
    if (lost !== 'builtIn') await store.remove(next);
    if (lost === 'builtIn') await first.updater.useBuiltIn();
    if (lost !== 'running') await store.remove(builtInId);
    requests.length = 0;
    const { updater } = await createDevice(BEFORE, request, { releases: store, builtIn });
    const { id, files } = await updater.start();
    expect(id).toBe(builtInId);
    expect(await files.read('index.html')).toEqual(BEFORE['index.html']);
    expect(requests).not.toContain(true);
    await updater.idle();
    expect(await store.list()).toContain(builtInId);
  });
});
