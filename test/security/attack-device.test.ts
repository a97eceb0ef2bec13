// Attacks on a device by a store, a network or a stolen key, under their names in the TUF specification.

import { describe, expect, it } from 'vitest';
import { openIndexWithMark, readStamp, sealKeys, writeStamp } from '../../src/release.ts';
import { memoryBuiltIn, memoryStore } from '../../src/update.ts';
import { rejection } from '../support/errors.ts';
import { AFTER, BEFORE, type Files } from '../support/release.ts';
import {
  APP,
  BUILT_IN_TIME,
  CHANNEL,
  createDevice,
  createPublisher,
  fetchFrom,
  NOW,
  STORE,
  timeOf,
} from '../support/update.ts';
import { keyA, keyB } from '../support/vectors.ts';
import { utf8 } from '../support/zip.ts';

const DAY = 86_400_000;
const THIRD: Files = { ...AFTER, 'new.txt': utf8('third') };
const INDEX = `channels/${CHANNEL}.sealed`;

/** A device that has installed, started and confirmed what the store offers. */
async function updated(builtIn: Files, fetchStore: typeof fetch, options = {}) {
  const releases = memoryStore();
  const first = await createDevice(builtIn, fetchStore, { releases, ...options });
  await first.updater.start();
  await first.updater.update();
  const device = await createDevice(builtIn, fetchStore, { releases, ...options });
  const { id } = await device.updater.start();
  await device.updater.confirm(id);
  return { ...device, id, releases };
}

describe('rollback', () => {
  it('of the index: an older genuine index is refused, and the device says that the store is stale', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    const two = await publisher.make(THIRD);
    await publisher.offer([one]);
    const old = publisher.store.get(INDEX) as Uint8Array;
    await publisher.offer([two, one]);
    const { updater, id } = await updated(BEFORE, fetchFrom(publisher.store));
    expect(id).toBe(two.entry.id);
    publisher.store.set(INDEX, old);
    expect(await updater.check()).toMatchObject({
      status: 'current',
      isStale: true,
      error: { code: 'ERR_INDEX_ROLLED_BACK' },
    });
  });

  it('by another index of the same number: it is refused', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    await publisher.offer([one]);
    const { updater } = await updated(BEFORE, fetchFrom(publisher.store));
    await publisher.offer([], { sequence: 1 });
    expect(await updater.check()).toMatchObject({ error: { code: 'ERR_INDEX_ROLLED_BACK' } });
  });

  it('by the loss of the state: the mark beside an installed release still counts', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    await publisher.offer([]);
    const old = publisher.store.get(INDEX) as Uint8Array;
    await publisher.offer([one]);
    const request = fetchFrom(publisher.store);
    const { releases } = await updated(BEFORE, request);
    await releases.writeState(utf8('lost'));
    publisher.store.set(INDEX, old);
    const { updater } = await createDevice(BEFORE, request, { releases });
    await updater.start();
    expect(await updater.check()).toMatchObject({ error: { code: 'ERR_INDEX_ROLLED_BACK' } });
  });

  it('by the loss of all storage: only the mark in the stamp still counts', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    const offered: Uint8Array[] = [];
    for (const releases of [[], [], [one]]) {
      await publisher.offer(releases);
      offered.push(publisher.store.get(INDEX) as Uint8Array);
    }
    const [oldest, older, newest] = offered as [Uint8Array, Uint8Array, Uint8Array];
    const request = fetchFrom(publisher.store);
    const shipped = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    const opening = { publicKey: keyB.spki, appId: APP, channel: CHANNEL, now: NOW };
    const { mark } = await openIndexWithMark(older, opening);
    const stamp = readStamp(await shipped.readStamp());
    const marked = writeStamp({ ...stamp, floors: [{ channel: CHANNEL, ...mark }] });
    const builtIn = { ...shipped, readStamp: async () => marked };
    publisher.store.set(INDEX, newest);
    await updated(BEFORE, request, { builtIn });
    const checkWith = async (index: Uint8Array) => {
      publisher.store.set(INDEX, index);
      const { updater } = await createDevice(BEFORE, request, { builtIn });
      await updater.start();
      return updater.check();
    };
    expect(await checkWith(oldest)).toMatchObject({ error: { code: 'ERR_INDEX_ROLLED_BACK' } });
    expect(await checkWith(older)).toEqual({ status: 'current', isStale: false });
  });

  it('by a lowered rollout: no device moves back', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    await publisher.offer([one]);
    const { updater } = await updated(BEFORE, fetchFrom(publisher.store));
    await publisher.offer([{ ...one, entry: { ...one.entry, rollout: 0 } }]);
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
  });
});

describe('freeze', () => {
  it('with an expired index: it is refused, and the device keeps its release', async () => {
    const publisher = createPublisher();
    await publisher.offer([await publisher.make(AFTER)]);
    let now = NOW;
    const { updater, id } = await updated(BEFORE, fetchFrom(publisher.store), { now: () => now });
    now += 31 * DAY;
    expect(await updater.check()).toMatchObject({
      status: 'current',
      isStale: true,
      error: { code: 'ERR_INDEX_EXPIRED' },
    });
    expect((await updater.start()).id).toBe(id);
  });

  it('with a clock that was set back: the time of the last accepted index counts', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    await publisher.offer([one], { expiresAt: timeOf(NOW + DAY) });
    await publisher.offer([one], {
      issuedAt: timeOf(NOW + 2 * DAY),
      expiresAt: timeOf(NOW + 9 * DAY),
    });
    let now = NOW + 3 * DAY;
    const { updater } = await updated(BEFORE, fetchFrom(publisher.store), { now: () => now });
    now = NOW;
    await publisher.offer([], {
      issuedAt: timeOf(NOW + DAY - 1000),
      expiresAt: timeOf(NOW + 2 * DAY),
    });
    expect(await updater.check()).toMatchObject({ isStale: true });
  });
});

describe('mix and match', () => {
  it('with the objects of another release: the release is not installed', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    const two = await publisher.make(THIRD);
    await publisher.offer([two]);
    const other = publisher.store.get(`objects/${one.entry.bundle.sha256}.sealed`) as Uint8Array;
    publisher.store.set(`objects/${two.entry.bundle.sha256}.sealed`, other);
    const { updater, events } = await createDevice(BEFORE, fetchFrom(publisher.store));
    const { id } = await updater.start();
    await expect(updater.update()).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' });
    expect((await updater.start()).id).toBe(id);
    expect(events.filter(({ type }) => type === 'way-failed').length).toBeGreaterThan(0);
  });

  it.each([
    ['a web page', 0, () => utf8('<!doctype html>'.repeat(20))],
    ['an altered header', 60, undefined],
    ['an altered chunk', -20, undefined],
  ])('with %s under the name of a bundle: the error names the object', async (_, at, page) => {
    const publisher = createPublisher();
    const { entry, files } = await publisher.make(AFTER);
    await publisher.offer([{ entry, files }]);
    const path = `objects/${entry.bundle.sha256}.sealed`;
    const bytes = page?.() ?? (publisher.store.get(path) as Uint8Array).slice();
    const place = (at + bytes.length) % bytes.length;
    if (page === undefined) bytes[place] = (bytes[place] as number) ^ 0xff;
    publisher.store.set(path, bytes);
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store));
    await updater.start();
    const error = await rejection(updater.update(), 'ERR_SOURCE_FAILED');
    expect(error.message).toContain(`${path} is not the bundle that the index names`);
  });

  it('with an index that names a bundle of other files than its id: nothing is installed', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    const two = await publisher.make(THIRD);
    const { bundle, size, files } = two.entry;
    await publisher.offer([{ ...one, entry: { ...one.entry, bundle, size, files } }]);
    const releases = memoryStore();
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), { releases });
    await updater.start();
    await expect(updater.update()).rejects.toThrow(/not the release that the index names/);
    expect(await releases.list()).toEqual([]);
  });
});

describe('endless data and slow retrieval', () => {
  it('an endless index is aborted at its limit', async () => {
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

  it('an object that is longer than the index says is not read on', async () => {
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

  it('a request to a server that sends nothing is aborted after the deadline', async () => {
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

describe('arbitrary software', () => {
  it('an index that another key signed is refused', async () => {
    const publisher = createPublisher(keyA.pkcs8);
    await publisher.offer([await publisher.make(AFTER)]);
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store));
    await updater.start();
    expect(await updater.check()).toMatchObject({
      status: 'current',
      isStale: true,
      error: { code: 'ERR_KEY_MISMATCH' },
    });
  });

  it.each([
    ['another app', { appId: 'com.example.other' }],
    ['another channel', { channel: 'beta' }],
  ])('an index of %s is refused', async (_, options) => {
    const publisher = createPublisher();
    await publisher.offer([]);
    publisher.store.set('channels/beta.sealed', publisher.store.get(INDEX) as Uint8Array);
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), options);
    await updater.start();
    expect(await updater.check()).toMatchObject({ error: { code: 'ERR_EXPECTATION_FAILED' } });
  });

  it('a release for another runtime is not installed', async () => {
    const publisher = createPublisher();
    await publisher.offer([await publisher.make(AFTER, [], { runtime: ['4'] })]);
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), { runtime: '3' });
    await updater.start();
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
  });
});

describe('a stolen build key', () => {
  const keysOf = (epoch: number) =>
    sealKeys(
      {
        format: 'bundleseal-keys',
        version: 1,
        appId: APP,
        epoch,
        publicKeys: [keyA.spki],
        retiredKeys: [keyB.spki],
      },
      { recoveryKey: keyA.pkcs8 },
    );

  it('that signed the highest number: the recovery key begins a new epoch, and the fleet follows it', async () => {
    const thief = createPublisher(keyB.pkcs8);
    const bad = await thief.make(AFTER);
    await thief.offer([bad], { sequence: Number.MAX_SAFE_INTEGER });
    const request = fetchFrom(thief.store);
    const options = { recoveryPublicKey: keyA.spki };
    const { updater } = await updated(BEFORE, request, options);

    const owner = createPublisher(keyA.pkcs8, thief.store);
    const good = await owner.make(THIRD);
    thief.store.set('keys.sealed', await keysOf(1));
    await owner.offer([good], { epoch: 1, sequence: 1, withdrawn: [bad.entry.id] });
    expect(await updater.check()).toMatchObject({ status: 'available', id: good.entry.id });

    // What the thief signs from now on is not taken.
    await thief.offer([bad], { sequence: Number.MAX_SAFE_INTEGER });
    expect(await updater.check()).toMatchObject({ isStale: true });
  });

  it('never requests a list of keys if the app has no built-in recovery key', async () => {
    const publisher = createPublisher();
    await publisher.offer([]);
    publisher.store.set('keys.sealed', await keysOf(1));
    const request = fetchFrom(publisher.store);
    const { updater } = await createDevice(BEFORE, request);
    await updater.start();
    await updater.check();
    expect(request.paths).toEqual([INDEX]);
  });
});

describe('another script that writes to the storage of the device', () => {
  const installed = async () => {
    const publisher = createPublisher();
    await publisher.offer([await publisher.make(AFTER)]);
    const request = fetchFrom(publisher.store);
    const { releases, id } = await updated(BEFORE, request);
    const reader = await releases.open(id);
    const list = await reader.read('bundleseal-release.json');
    const write = (files: Files, stamp: Uint8Array) =>
      releases.write(
        id,
        (async function* () {
          for (const [path, bytes] of Object.entries(files)) yield { path, bytes };
          yield { path: 'bundleseal-release.json', bytes: stamp };
        })(),
      );
    const launch = () => createDevice(BEFORE, request, { releases });
    return { id, list, write, launch };
  };
  const altered: Files = { ...AFTER, 'index.html': utf8('<script src="//evil.example"></script>') };

  it('alters a file: the file is not read, and the next start runs the release before', async () => {
    const { id, list, write, launch } = await installed();
    await write(altered, list);
    const { updater } = await launch();
    const { files } = await updater.start();
    await expect(files.read('index.html')).rejects.toMatchObject({ code: 'ERR_STORE' });
    await expect.poll(async () => (await (await launch()).updater.start()).id).not.toBe(id);
  });

  it('alters the list of the files with it: the release does not start', async () => {
    const { id, list, write, launch } = await installed();
    const stamp = JSON.parse(new TextDecoder().decode(list));
    const bytes = altered['index.html'] as Uint8Array;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource));
    const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    stamp.files = stamp.files.map((file: { path: string }) =>
      file.path === 'index.html' ? { path: file.path, size: bytes.length, sha256 } : file,
    );
    await write(altered, utf8(JSON.stringify(stamp)));
    const { updater } = await launch();
    expect((await updater.start()).id).not.toBe(id);
  });
});

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
