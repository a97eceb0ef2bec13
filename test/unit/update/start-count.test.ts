// What counts as a start of a trial, and when it is counted.

import { describe, expect, it } from 'vitest';
import { memoryStore, type ReleaseStore } from '../../../src/update.ts';
import { BEFORE } from '../../support/release.ts';
import { publishAfter, startWorker } from '../../support/service-worker.ts';
import { createDevice } from '../../support/update.ts';
import { published } from '../../support/update-published.ts';

const startsIn = async (releases: ReleaseStore) =>
  JSON.parse(new TextDecoder().decode(await releases.readState())).trial?.starts;

describe('a start', () => {
  it('requests nothing from the update server', async () => {
    const { request } = await published();
    const releases = memoryStore();
    const before = await createDevice(BEFORE, request, { releases });
    await before.updater.update();
    request.paths.length = 0;
    const { updater } = await createDevice(BEFORE, request, { releases });
    const { id, files } = await updater.start();
    await files.read('index.html');
    await updater.confirm(id);
    await updater.idle();
    expect(request.paths).toEqual([]);
  });
});

describe('a start of a trial', () => {
  it('is in the stored state before the app gets the release', async () => {
    const { request, next } = await published();
    const releases = memoryStore();
    const { updater } = await createDevice(BEFORE, request, { releases });
    await updater.start();
    await updater.update();
    for (const count of [1, 2, 3]) {
      const launched = await createDevice(BEFORE, request, { releases });
      const counted = launched.updater
        .start()
        .then(async ({ id }) => [id, await startsIn(releases)]);
      expect(await counted).toEqual([next.entry.id, count]);
    }
  });

  it('is a load of a page, and not a restart of the service worker', async () => {
    const releases = memoryStore();
    const request = await publishAfter();
    const first = await startWorker(releases, request, []);
    await first.fire('install');
    await first.updater.update();
    expect((await first.navigate('/', 'one'))?.status).toBe(200);
    expect(await startsIn(releases)).toBe(1);
    for (const page of ['one', 'unknown to the worker']) {
      const restarted = await startWorker(releases, request, ['one', 'unknown to the worker']);
      expect((await restarted.ask('/index.html', page))?.status).toBe(200);
      await restarted.updater.idle();
      expect(await startsIn(releases)).toBe(1);
    }
    const restarted = await startWorker(releases, request, ['one']);
    await restarted.navigate('/', 'two');
    expect(await startsIn(releases)).toBe(2);
  });
});
