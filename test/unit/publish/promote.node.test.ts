// Releases that another channel offers too, and older releases that go back in front of their own channel.

import { describe, expect, it } from 'vitest';
import { listReleases, type PromoteOptions, promote, withdraw } from '../../../src/node.ts';
import { memoryBuiltIn, memoryStore } from '../../../src/update.ts';
import {
  APP,
  buildOf,
  channelOf,
  expectWholeStore,
  newFolder,
  objectsOf,
  publicKey,
  publishBuild,
  readIndexOf,
} from '../../support/publish.ts';
import { serveStore } from '../../support/store-server.ts';
import { createDevice } from '../../support/update.ts';

const versionsOf = async (store: string) =>
  (await readIndexOf(store)).releases.map(({ version }) => version);

describe('promote', () => {
  it('offers the same bundle in the other channel and makes the missing patches', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    await publishBuild(store, 2, { channel: 'beta', rollout: 5, note: 'Two', meta: { a: 1 } });
    await publishBuild(store, 3, { channel: 'beta', rollout: 5, note: 'Three' });
    const before = objectsOf(store);
    const options = { ...channelOf(store), fromChannel: 'beta' };
    const { release, written, index } = await promote(options);
    expect(release).toMatchObject({ version: '1.0.3', note: 'Three' });
    expect(release).not.toHaveProperty('rollout');
    expect(index.releases.map(({ version }) => version)).toEqual(['1.0.3', '1.0.1']);
    expect(release.patches.map(({ from }) => from)).toEqual([index.releases[1]?.id]);
    expect(written.length).toBe(2);
    expect(objectsOf(store).length).toBe(before.length + 1);
    await expectWholeStore(store);
    expect((await promote(options)).changed).toBe(false);
    const older = await promote({ ...options, release: '1.0.2' });
    expect(older.index.releases[0]).toMatchObject({
      version: '1.0.2',
      note: 'Two',
      meta: { a: 1 },
    });
    await expectWholeStore(store);
  });

  it('refuses a release that either channel has withdrawn', async () => {
    const store = newFolder();
    await publishBuild(store, 1, { channel: 'beta' });
    const options = { ...channelOf(store), fromChannel: 'beta' };
    await promote(options);
    await withdraw({ ...channelOf(store), release: '1.0.1' });
    await expect(promote(options)).rejects.toThrow(
      /^release 1\.0\.\d \([0-9a-f]{64}\) was withdrawn/,
    );
    expect((await promote({ ...options, reinstate: true })).changed).toBe(true);
    await withdraw({ ...channelOf(store), channel: 'beta', release: '1.0.1' });
    await expect(promote({ ...options, release: '1.0.1' })).rejects.toThrow(
      /has withdrawn release 1\.0\.1 \([0-9a-f]{64}\): promote another one, or offer it in beta again first$/,
    );
    // A withdrawn release cannot be promoted, so the message must not advise to name one.
    await expect(promote(options)).rejects.toThrow(
      /^the channel beta offers no release: publish one to it$/,
    );
    await expect(promote({ ...options, fromChannel: 'gamma' })).rejects.toThrow(
      'no index of the channel gamma: it has beta, production',
    );
    const listing = { from: store, appId: APP, publicKey, channel: 'gamma' };
    await expect(listReleases(listing)).rejects.toThrow('it has beta, production');
  });

  it('offers the release to every device if the option rollout is undefined', async () => {
    const store = newFolder();
    await publishBuild(store, 1, { channel: 'beta', rollout: 100 });
    const options = { ...channelOf(store), fromChannel: 'beta', rollout: undefined };
    const { release } = await promote(options as unknown as PromoteOptions);
    expect(release).not.toHaveProperty('rollout');
  });
});

describe('promote within one channel', () => {
  it('puts an older release in front, with patches from the newer ones and no other bundle', async () => {
    const store = newFolder();
    const first = await publishBuild(store, 1, { note: 'One' });
    const second = await publishBuild(store, 2);
    const third = await publishBuild(store, 3);
    const before = objectsOf(store);
    const options = { ...channelOf(store), release: '1.0.1', first: true };
    const { release, written } = await promote(options);
    expect(await versionsOf(store)).toEqual(['1.0.1', '1.0.3', '1.0.2']);
    expect(release).toMatchObject({ note: 'One', bundle: first.release.bundle });
    expect(release.patches.map(({ from }) => from)).toEqual([third.release.id, second.release.id]);
    // Two patches and the index.
    expect(written.length).toBe(3);
    expect(objectsOf(store).length).toBe(before.length + 2);
    await expectWholeStore(store);
    expect(await promote({ ...options, fromChannel: 'production' })).toMatchObject({
      ...{ changed: false, written: [] },
    });
    // The next release comes first again.
    await publishBuild(store, 4);
    expect(await versionsOf(store)).toEqual(['1.0.4', '1.0.1', '1.0.3', '1.0.2']);
  });

  it('offers the release to every device unless a rollout is given', async () => {
    const store = newFolder();
    await publishBuild(store, 1, { rollout: 50 });
    await publishBuild(store, 2);
    const options = { ...channelOf(store), release: '1.0.1', first: true };
    expect((await promote({ ...options, rollout: 250 })).release.rollout).toBe(250);
    expect((await promote(options)).release).not.toHaveProperty('rollout');
  });

  it('offers a withdrawn release only if it is reinstated', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    await publishBuild(store, 2);
    await withdraw({ ...channelOf(store), release: '1.0.1' });
    const options = { ...channelOf(store), release: '1.0.1', first: true };
    await expect(promote(options)).rejects.toThrow('was withdrawn: pass reinstate: true');
    const { index } = await promote({ ...options, reinstate: true });
    expect(index.withdrawn).toBeUndefined();
    expect(index.releases[0]?.version).toBe('1.0.1');
  });

  it('refuses a call that would leave the order as it is, an unknown release and an unknown channel', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    for (const wrong of [
      {},
      { release: '1.0.1' },
      { first: true },
      { fromChannel: 'production' },
    ]) {
      await expect(promote({ ...channelOf(store), ...wrong })).rejects.toThrow(
        'options.fromChannel expected another channel than options.channel, or options.release and first: true',
      );
    }
    const options = { ...channelOf(store), first: true };
    await expect(promote({ ...options, release: '9' })).rejects.toThrow('it has 1.0.1');
    await expect(promote({ ...options, channel: 'gamma', release: '1.0.1' })).rejects.toMatchObject(
      {
        code: 'ERR_STORE',
        message: expect.stringMatching(/ has no index of the channel gamma: it has production$/),
      },
    );
  });
});

describe('devices after an older release was put in front', () => {
  const shippedWith = async (n: number, store: string) => {
    const releases = memoryStore();
    const builtIn = await memoryBuiltIn(buildOf(n), { createdAt: '2026-11-26T08:00:00Z' });
    return async () => {
      const { updater } = await createDevice(buildOf(n), fetch, { store, releases, builtIn });
      const { id } = await updater.start();
      await updater.confirm(id);
      const { check } = await updater.update();
      return { id, check };
    };
  };

  it('go back by a patch at the start after their next check, and stay there', async () => {
    const store = newFolder();
    const old = await publishBuild(store, 1);
    const bad = await publishBuild(store, 2);
    const { url, requests } = await serveStore(store);
    const launch = await shippedWith(0, url);
    await launch();
    expect((await launch()).id).toBe(bad.release.id);
    const { release } = await promote({ ...channelOf(store), release: '1.0.1', first: true });
    requests.length = 0;
    expect((await launch()).check).toMatchObject({ id: old.release.id });
    const patch = release.patches.find(({ from }) => from === bad.release.id);
    expect(requests.map((request) => request.url)).toEqual([
      '/channels/production.sealed',
      `/objects/${patch?.sha256}.sealed`,
    ]);
    expect(await launch()).toMatchObject({
      id: old.release.id,
      check: { status: 'current', isStale: false },
    });
  });

  it('go back from a built-in release that the channel lists, and keep one that it does not list', async () => {
    const store = newFolder();
    // Older than the built-in release of both devices.
    await publishBuild(store, 1, { now: new Date('2026-11-26T07:00:00Z') });
    await publishBuild(store, 2);
    const { url } = await serveStore(store);
    const listed = await shippedWith(2, url);
    const unlisted = await shippedWith(3, url);
    expect((await listed()).check.status).toBe('current');
    await promote({ ...channelOf(store), release: '1.0.1', first: true });
    expect((await listed()).check).toMatchObject({ entry: { version: '1.0.1' } });
    expect((await unlisted()).check).toMatchObject({ entry: { version: '1.0.2' } });
  });
});
