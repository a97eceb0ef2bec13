// The recovery key and native updates on a device: what they change, and what they cannot take back.

import { beforeAll, describe, expect, it } from 'vitest';
import { type ReleaseStamp, readStamp, sealKeys, writeStamp } from '../../../src/release.ts';
import { type BuiltIn, memoryBuiltIn, memoryStore } from '../../../src/update.ts';
import { AFTER, BEFORE } from '../../support/release.ts';
import {
  APP,
  BUILT_IN_TIME,
  CHANNEL,
  createDevice,
  createPublisher,
  fetchFrom,
  INDEX,
  NOW,
  type Publisher,
  timeOf,
} from '../../support/update.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const recovering = { recoveryPublicKey: keyA.spki };
const LATER = timeOf(NOW + 1000);

/** Both lists trust the key of the publisher, so that only the epoch decides. */
const listOf = (epoch: number) =>
  sealKeys(
    {
      ...{ format: 'bundleseal-keys', version: 1, appId: APP, epoch },
      publicKeys: [keyB.spki],
      retiredKeys: [],
    },
    { recoveryKey: keyA.pkcs8 },
  );

let lists: Uint8Array[];
beforeAll(async () => {
  lists = await Promise.all([1, 2].map(listOf));
});

const trust = ({ store }: Publisher, epoch: number) =>
  store.set('keys.sealed', lists[epoch - 1] as Uint8Array);

const indexOf = ({ store }: Publisher) => store.get(INDEX) as Uint8Array;

/** A publisher with one release, and what devices share that read its store. */
async function publish() {
  const publisher = createPublisher();
  const release = await publisher.make(AFTER, [BEFORE]);
  await publisher.offer([release]);
  const releases = memoryStore();
  const request = fetchFrom(publisher.store);
  const options = { ...recovering, releases };
  return { publisher, release, releases, request, options };
}

async function builtInWith(change: Partial<ReleaseStamp>): Promise<BuiltIn> {
  const builtIn = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
  const stamp = writeStamp({ ...readStamp(await builtIn.readStamp()), ...change });
  return { ...builtIn, readStamp: async () => stamp };
}

describe('a list of keys', () => {
  it('does not take back the mark of the stamp in its epoch', async () => {
    const publisher = createPublisher();
    await publisher.offer([], { epoch: 1, sequence: 3 });
    const older = indexOf(publisher);
    await publisher.offer([], { epoch: 1, sequence: 7 });
    const mark = {
      epoch: 1,
      sequence: 7,
      issuedAt: timeOf(NOW - 3_600_000),
      sha256: 'a'.repeat(64),
    };
    const builtIn = await builtInWith({ floors: [{ channel: CHANNEL, ...mark }] });
    publisher.store.set(INDEX, older);
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), {
      ...recovering,
      builtIn,
    });
    await updater.start();
    expect(await updater.check()).toMatchObject({ isStale: true });
    trust(publisher, 1);
    expect(await updater.check()).toMatchObject({
      isStale: true,
      error: { code: 'ERR_INDEX_ROLLED_BACK' },
    });
  });

  it('of an earlier epoch is refused after the state was lost, if a release was installed in a later one', async () => {
    const publisher = createPublisher();
    const release = await publisher.make(AFTER, [BEFORE]);
    trust(publisher, 1);
    await publisher.offer([release], { epoch: 1 });
    const older = indexOf(publisher);
    trust(publisher, 2);
    await publisher.offer([release], { epoch: 2 });
    const releases = memoryStore();
    const request = fetchFrom(publisher.store);
    const before = await createDevice(BEFORE, request, { ...recovering, releases });
    expect(await before.updater.update()).toMatchObject({ id: release.entry.id });
    await releases.writeState(new Uint8Array(0));
    trust(publisher, 1);
    publisher.store.set(INDEX, older);
    const after = await createDevice(BEFORE, request, { ...recovering, releases });
    expect(await after.updater.check()).toMatchObject({ status: 'current', isStale: true });
    expect((await after.updater.status()).index).toBeUndefined();
  });

  it('takes its place from an activated release of the replaced key', async () => {
    const { publisher, release, request, options } = await publish();
    const { updater } = await createDevice(BEFORE, request, options);
    await updater.update();
    trust(publisher, 1);
    // The store has no index of the new keys yet.
    expect(await updater.check()).toMatchObject({ isStale: true });
    const { id } = await (await createDevice(BEFORE, request, options)).updater.start();
    expect(id).toBe((await updater.status()).builtIn.id);
    await publisher.offer([release], { epoch: 1 });
    expect((await updater.update()).id).toBe(release.entry.id);
  });

  it('ends a download of an index of the replaced key', async () => {
    const { publisher, options } = await publish();
    let reach = () => {};
    let open = () => {};
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const slow = fetchFrom(publisher.store, async (path, _, whole) => {
      if (path.startsWith('objects/')) {
        reach();
        await gate;
      }
      return whole();
    });
    const { updater } = await createDevice(BEFORE, slow, options);
    const update = updater.update().catch(() => {});
    await reached;
    trust(publisher, 1);
    const other = await createDevice(BEFORE, fetchFrom(publisher.store), options);
    await other.updater.check();
    open();
    await update;
    const { ready, next } = await updater.status();
    expect({ ready, next }).toEqual({ ready: undefined, next: undefined });
  });

  it('does not let a withdrawn release start until an index of the new keys arrives', async () => {
    const { publisher, request, options } = await publish();
    const { updater } = await createDevice(BEFORE, request, options);
    await updater.update();
    const launched = (await createDevice(BEFORE, request, options)).updater;
    const { id } = await launched.start();
    await launched.confirm(id);
    await publisher.offer([], { withdrawn: [id] });
    await launched.check();
    trust(publisher, 1);
    expect(await launched.check()).toMatchObject({ isStale: true });
    const next = await (await createDevice(BEFORE, request, options)).updater.start();
    expect(next.id).not.toBe(id);
  });

  it('is read again by a native update, which starts from its own keys', async () => {
    const publisher = createPublisher();
    trust(publisher, 1);
    await publisher.offer([], { epoch: 1 });
    const releases = memoryStore();
    const request = fetchFrom(publisher.store);
    const first = await createDevice(BEFORE, request, { ...recovering, releases });
    expect(await first.updater.check()).toEqual({ status: 'current', isStale: false });
    const builtIn = await memoryBuiltIn(AFTER, { createdAt: LATER });
    const next = await createDevice(AFTER, request, { ...recovering, releases, builtIn });
    publisher.store.delete('keys.sealed');
    expect(await next.updater.check()).toMatchObject({ isStale: true });
    trust(publisher, 1);
    expect(await next.updater.check()).toEqual({ status: 'current', isStale: false });
  });
});

describe('the mark in the stamp of the built-in release', () => {
  it('counts also in a check before the first start', async () => {
    const publisher = createPublisher();
    await publisher.offer([], { sequence: 6 });
    const floor = {
      ...{ channel: CHANNEL, epoch: 0, sequence: 7 },
      ...{ issuedAt: timeOf(NOW - 3_600_000), sha256: 'a'.repeat(64) },
    };
    const builtIn = await builtInWith({ floors: [floor] });
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), { builtIn });
    expect(await updater.check()).toMatchObject({ error: { code: 'ERR_INDEX_ROLLED_BACK' } });
    await publisher.offer([], { sequence: 8 });
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
  });
});

describe('the retired keys of a list', () => {
  it('open bundles and patches that an index names, and no index', async () => {
    // The key of the build made the objects. The recovery key retires it, and trusts the key that signs the index from now on.
    const retiring = await sealKeys(
      {
        ...{ format: 'bundleseal-keys', version: 1, appId: APP, epoch: 1 },
        publicKeys: [keyA.spki],
        retiredKeys: [keyB.spki],
      },
      { recoveryKey: keyA.pkcs8 },
    );
    for (const from of [[BEFORE], []]) {
      const publisher = createPublisher(keyB.pkcs8);
      const release = await publisher.make(AFTER, from);
      publisher.store.set('keys.sealed', retiring);
      const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), recovering);
      await publisher.offer([release], { epoch: 1 });
      expect(await updater.check()).toMatchObject({ error: { code: 'ERR_KEY_MISMATCH' } });
      await publisher.offer([release], { epoch: 1 }, keyA.pkcs8);
      const kind = from.length > 0 ? 'patch' : 'bundle';
      expect(await updater.check()).toMatchObject({ status: 'available', way: { kind } });
      const { moved } = await updater.download();
      expect(moved).toBe((release.entry.patches[0] ?? release.entry.bundle).size);
    }
  });
});

describe('a native update', () => {
  it('removes the installed copy of the release that is built in now', async () => {
    const { release, releases, request } = await publish();
    await (await createDevice(BEFORE, request, { releases })).updater.update();
    expect(await releases.list()).toEqual([release.entry.id]);
    const { createdAt } = release.entry;
    const builtIn = await memoryBuiltIn(AFTER, { createdAt });
    const { updater } = await createDevice(AFTER, request, { releases, builtIn });
    const { id, files } = await updater.start();
    expect(id).toBe(release.entry.id);
    await updater.idle();
    expect(await releases.list()).toEqual([]);
    expect(await files.read('index.html')).toEqual(AFTER['index.html']);
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
  });
});
