// The updater besides releases: a full storage, the end of its work, and yielding.

import { describe, expect, it, vi } from 'vitest';
import {
  memoryBuiltIn,
  memoryStore,
  type ReleaseStore,
  type UpdateEvent,
} from '../../../src/update.ts';
import { rejection } from '../../support/errors.ts';
import { AFTER, BEFORE } from '../../support/release.ts';
import { BUILT_IN_TIME, createDevice, fetchFrom, NOW, timeOf } from '../../support/update.ts';
import { published } from '../../support/update-published.ts';

const DAY = 86_400_000;

/** A store whose methods of these names fail as a full one does. */
const full = (releases: ReleaseStore, ...methods: (keyof ReleaseStore)[]): ReleaseStore => ({
  ...releases,
  ...Object.fromEntries(
    methods.map((method) => [
      method,
      () => Promise.reject(new DOMException('no room', 'QuotaExceededError')),
    ]),
  ),
});

describe('a full storage', () => {
  it('rejects a download with ERR_STORE and a remedy, and the running release keeps running', async () => {
    const { request } = await published();
    const releases = full(memoryStore(), 'write');
    const { updater } = await createDevice(BEFORE, request, { releases });
    const { id, files } = await updater.start();
    const error = await rejection(updater.update(), 'ERR_STORE');
    expect(error.message).toMatch(/storage is full. Free some space/);
    expect(await files.read('index.html')).toEqual(BEFORE['index.html']);
    expect((await updater.status()).running.id).toBe(id);
  });

  it('does not keep an app from starting the release that was confirmed', async () => {
    const { request, next } = await published();
    const releases = memoryStore();
    const first = await createDevice(BEFORE, request, { releases });
    await first.updater.start();
    await first.updater.update({ when: 'now' });
    const { id } = await first.updater.start();
    await first.updater.confirm(id);
    const second = await createDevice(BEFORE, request, { releases: full(releases, 'writeState') });
    expect((await second.updater.start()).id).toBe(next.entry.id);
  });

  it('has the built-in release run instead of one on trial, whose starts it can not count', async () => {
    const { request } = await published();
    const releases = memoryStore();
    const first = await createDevice(BEFORE, request, { releases });
    const shipped = await first.updater.start();
    await first.updater.update({ when: 'now' });
    await first.updater.start();
    const second = await createDevice(BEFORE, request, { releases: full(releases, 'writeState') });
    expect((await second.updater.start()).id).toBe(shipped.id);
  });
});

describe('a storage that fails', () => {
  it.each<[keyof ReleaseStore, string]>([
    ['readState', 'the state could not be read'],
    ['writeState', 'the state could not be written'],
  ])(
    'rejects a change of the state with ERR_STORE, and says what failed in %s',
    async (method, what) => {
      const { request } = await published();
      const releases = full(memoryStore(), method);
      const { updater } = await createDevice(BEFORE, request, { releases });
      const error = await rejection(updater.setChannel('beta'), 'ERR_STORE');
      expect(error.message).toBe(
        `${what}: the storage is full. Free some space, then check for updates again. The installed release keeps running`,
      );
    },
  );
});

describe('a build whose host altered a file', () => {
  it('is the base of one patch only: the device takes the bundle, and no further patch from it', async () => {
    const { publisher, next } = await published();
    const sound = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    const files = {
      ...sound.files,
      read: async (path: string) => {
        const bytes = await sound.files.read(path);
        return path === 'index.html' ? new Uint8Array([...bytes, 0x20]) : bytes;
      },
    };
    const releases = memoryStore();
    const launch = () =>
      createDevice(BEFORE, fetchFrom(publisher.store), { releases, builtIn: { ...sound, files } });
    const { updater, events } = await launch();
    await updater.start();
    expect(await updater.update()).toMatchObject({ id: next.entry.id });
    const failed = events.filter(({ type }) => type === 'way-failed');
    expect(failed).toMatchObject([
      { way: { kind: 'patch' }, error: { code: 'ERR_PATCH_INVALID' } },
    ]);
    await updater.fail(next.entry.id);
    const other = await publisher.make({ ...AFTER, 'c.txt': new Uint8Array(9) }, [BEFORE]);
    await publisher.offer([other]);
    const again = await launch();
    await again.updater.start();
    expect(await again.updater.check()).toMatchObject({ way: { kind: 'bundle' } });
  });

  it('is read once for a patch that does apply', async () => {
    const { publisher } = await published();
    const sound = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    const read: string[] = [];
    const files = {
      ...sound.files,
      read: (path: string) => {
        read.push(path);
        return sound.files.read(path);
      },
    };
    const builtIn = { ...sound, files };
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), { builtIn });
    await updater.start();
    await updater.update();
    expect(read.sort()).toEqual(Object.keys(BEFORE).sort());
  });
});

describe('an updater', () => {
  it('passes the signed members for the app on', async () => {
    const entry = { mandatory: true, note: 'Faster maps', meta: { ticket: 7 } };
    const { request } = await published(entry);
    const { updater } = await createDevice(BEFORE, request);
    await updater.start();
    expect(await updater.check()).toMatchObject({ status: 'available', entry });
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('the app');
      },
    ],
    [
      'gives a promise that rejects',
      async () => {
        throw new Error('the app');
      },
    ],
  ])('goes on when a function of the app %s', async (_name, fail) => {
    const { request, next } = await published();
    const onEvent = fail as () => void;
    const { updater } = await createDevice(BEFORE, request, { onEvent });
    await updater.start();
    // Node ends a process, and Vitest a run, in which a rejection is not handled.
    expect(await updater.update({ onProgress: onEvent })).toMatchObject({ id: next.entry.id });
  });

  it('activates the same release twice as it does once', async () => {
    const { request, next } = await published();
    const releases = memoryStore();
    const { updater } = await createDevice(BEFORE, request, { releases });
    const shipped = await updater.start();
    await updater.update();
    await updater.activate();
    await updater.activate({ when: 'now' });
    const { id } = await updater.start();
    expect(id).toBe(next.entry.id);
    await updater.activate();
    expect(await updater.status()).toMatchObject({
      running: { id },
      trial: { starts: 1 },
      previous: { id: shipped.id },
    });
    expect(await updater.status()).not.toHaveProperty('next');
    await updater.confirm(id);
    const again = await createDevice(BEFORE, request, { releases });
    expect((await again.updater.start()).id).toBe(id);
  });

  it('asks a mirror again a day after it asked for a longer pause, and when the clock was set back', async () => {
    const { publisher } = await published();
    let now = NOW;
    let isBusy = true;
    const request = fetchFrom(publisher.store, (_path, _request, whole) =>
      isBusy
        ? new Response('', { status: 503, headers: { 'retry-after': '9'.repeat(20) } })
        : whole(),
    );
    const { updater } = await createDevice(BEFORE, request, { now: () => now });
    await updater.start();
    expect((await updater.check()).status).toBe('offline');
    isBusy = false;
    const asked = request.paths.length;
    now = NOW + DAY - 61_000; // It waits for the last minute of a pause.

    expect((await updater.check()).status).toBe('offline');
    expect(request.paths).toHaveLength(asked);
    now = NOW - DAY;
    expect((await updater.check()).status).toBe('available');
    now = NOW + DAY;
    expect((await updater.check()).status).toBe('available');
  });

  it('runs the built-in release over a storage that holds the data of another program', async () => {
    const { request, next } = await published();
    const garbage = new Uint8Array([0x7b, 0, 255]);
    const sound = memoryStore();
    const releases: ReleaseStore = {
      ...sound,
      readState: async () => garbage,
      list: async () => ['..', 'state.json', 'f'.repeat(64)],
      open: async () => ({ list: async () => [], read: async () => garbage }),
    };
    const { updater } = await createDevice(BEFORE, request, { releases });
    const { id, files } = await updater.start();
    expect(id).not.toBe(next.entry.id);
    expect(await files.read('index.html')).toEqual(BEFORE['index.html']);
    expect(await updater.check()).toMatchObject({ status: 'available', id: next.entry.id });
  });

  it('tells the app every step, in order', async () => {
    const { request, next } = await published();
    const releases = memoryStore();
    const { updater, events } = await createDevice(BEFORE, request, { releases });
    await updater.start();
    await updater.update({ when: 'now' });
    const { id } = await updater.start();
    await updater.confirm(id);
    await updater.fail(id, 'broken');
    const steps = events.filter(({ type }) => type !== 'progress');
    expect(steps).toMatchObject([
      { type: 'started', isTrial: false },
      { type: 'checked', result: { status: 'available' } },
      { type: 'downloaded', id: next.entry.id, moved: next.entry.patches[0]?.size },
      { type: 'activated', when: 'now' },
      { type: 'started', id, isTrial: true },
      { type: 'confirmed', id },
      { type: 'blocked', id, reason: 'broken' },
      { type: 'rolled-back', from: id },
    ]);
  });

  it('blocks a release for a day that was not confirmed within its time in the foreground', async () => {
    const { request } = await published();
    let isBlocked: (event: UpdateEvent) => void = () => {};
    const blocked = new Promise<UpdateEvent>((resolve) => {
      isBlocked = resolve;
    });
    const { updater } = await createDevice(BEFORE, request, {
      confirmTimeout: 1,
      onEvent: (event) => {
        if (event.type === 'blocked') isBlocked(event);
      },
    });
    const shipped = await updater.start();
    await updater.update({ when: 'now' });
    const { id } = await updater.start();
    expect(await blocked).toMatchObject({ id, until: timeOf(NOW + DAY) });
    expect((await updater.status()).running.id).toBe(shipped.id);
  });

  it('starts no timer for a release that is not on trial', async () => {
    const { request } = await published();
    const timers = vi.spyOn(globalThis, 'setInterval');
    const { updater } = await createDevice(BEFORE, request, { confirmTimeout: 1 });
    await updater.start();
    expect(timers).not.toHaveBeenCalled();
    timers.mockRestore();
  });

  it('takes turns with another one, which finds the release installed', async () => {
    const { request, next } = await published();
    const releases = memoryStore();
    const one = await createDevice(BEFORE, request, { releases });
    const other = await createDevice(BEFORE, request, { releases });
    await Promise.all([one.updater.start(), other.updater.start()]);
    const found = await Promise.all([one.updater.update(), other.updater.update()]);
    expect(found.map(({ id }) => id)).toEqual([next.entry.id, next.entry.id]);
    expect(request.paths.filter((path) => path.startsWith('objects/'))).toHaveLength(1);
    expect(Math.min(...found.map(({ moved }) => moved))).toBe(0);
  });

  it('ends its work when it is disposed of, and refuses more', async () => {
    const { publisher } = await published();
    let isAsked: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    const { updater } = await createDevice(
      BEFORE,
      fetchFrom(publisher.store, (path, _request, whole) => {
        if (!path.startsWith('objects/')) return whole();
        isAsked();
        return new Promise(() => {});
      }),
    );
    await updater.start();
    const update = updater.update();
    await asked;
    updater.dispose();
    await expect(update).rejects.toMatchObject({ name: 'AbortError' });
    await expect(updater.check()).rejects.toMatchObject({ name: 'AbortError' });
    await expect(updater.status()).rejects.toMatchObject({
      name: 'AbortError',
      message: 'the updater was disposed of',
    });
  });
});
