// A check with several mirrors, lists of keys, and other pages that check at the same time.

import { describe, expect, it } from 'vitest';
import { sealKeys } from '../../../src/release.ts';
import { memoryStore, type UpdaterOptions } from '../../../src/update.ts';
import { AFTER, BEFORE } from '../../support/release.ts';
import {
  APP,
  CHANNEL,
  createDevice,
  createPublisher,
  fetchFrom,
  INDEX,
  NOW,
  STORE,
  type StoreFiles,
  timeOf,
} from '../../support/update.ts';
import { keyA, keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

/** Several mirrors, each with a store of its own. A mirror without a store does not answer. */
function mirrorsOf(stores: readonly (StoreFiles | undefined)[]) {
  const urls = stores.map((_, n) => `https://mirror${n}.example.com/`);
  const request = (async (input: string, init?: RequestInit) => {
    const at = urls.findIndex((url) => input.startsWith(url));
    const store = stores[at];
    if (store === undefined) throw new TypeError(`mirror ${at} is unreachable`);
    return fetchFrom(store)(`${STORE}${input.slice((urls[at] as string).length)}`, init);
  }) as typeof fetch;
  return { urls, request };
}

const keysOf = (epoch: number, publicKeys: readonly string[] = [keyB.spki]) =>
  sealKeys(
    { format: 'bundleseal-keys', version: 1, appId: APP, epoch, publicKeys, retiredKeys: [] },
    { recoveryKey: keyA.pkcs8 },
  );
const trust = { recoveryPublicKey: keyA.spki };
const stateOf = (bytes: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(bytes));

/** Publishes indexes, and returns a store with each of them. */
async function storesWith(...more: readonly object[]): Promise<StoreFiles[]> {
  const publisher = createPublisher();
  const release = await publisher.make(AFTER);
  const stores: StoreFiles[] = [];
  for (const one of more) {
    await publisher.offer([release], one);
    stores.push(new Map(publisher.store));
  }
  return stores;
}

async function deviceAt(
  stores: readonly (StoreFiles | undefined)[],
  options: Partial<UpdaterOptions> = {},
) {
  const { urls, request } = mirrorsOf(stores);
  const device = await createDevice(BEFORE, request, { store: urls, ...options });
  await device.updater.start();
  return { ...device, urls };
}

describe('a check with several mirrors', () => {
  it('takes the index with the highest sequence, in any order of the mirrors', async () => {
    const [first, second] = (await storesWith({}, {})) as [StoreFiles, StoreFiles];
    for (const stores of [
      [first, second],
      [second, first],
    ]) {
      const { updater } = await deviceAt(stores);
      expect((await updater.check()).status).toBe('available');
      expect((await updater.status()).index?.sequence).toBe(2);
    }
  });

  it('tells the address of each mirror that failed, and goes on with the others', async () => {
    const [sound] = (await storesWith({})) as [StoreFiles];
    const { updater, events, urls } = await deviceAt([undefined, new Map(), sound]);
    expect((await updater.check()).status).toBe('available');
    const failed = events.flatMap((event) => (event.type === 'mirror-failed' ? [event] : []));
    expect(failed.map(({ url }) => url).sort()).toEqual([
      `${urls[0]}${INDEX}`,
      `${urls[1]}${INDEX}`,
    ]);
    const missing = failed.find(({ url }) => url.startsWith(urls[1] as string));
    expect(missing?.error).toMatchObject({
      code: 'ERR_SOURCE_FAILED',
      message: `the store has no channel "production" at ${urls[1]}${INDEX}: publish a release to it, or correct the address`,
    });
  });

  it('says that an address has no store if the host of a single-page app answers for it', async () => {
    const page: StoreFiles = new Map([[INDEX, utf8('<!doctype html><div id="app"></div>')]]);
    const { updater, urls } = await deviceAt([page]);
    expect(await updater.check()).toMatchObject({
      status: 'offline',
      error: {
        code: 'ERR_SOURCE_FAILED',
        message: `there is no store at ${urls[0]}${INDEX}: the server answered with an HTML page. Upload the store to that address, or correct the address`,
      },
    });
  });

  it('is stale if one mirror sends a wrong index and no other one answers', async () => {
    const wrong: StoreFiles = new Map([[INDEX, new Uint8Array(500)]]);
    const { updater } = await deviceAt([undefined, wrong]);
    expect(await updater.check()).toMatchObject({
      ...{ status: 'current', isStale: true, error: { code: 'ERR_HEADER_INVALID' } },
    });
    const alone = await deviceAt([undefined, undefined]);
    expect(await alone.updater.check()).toMatchObject({
      ...{ status: 'offline', error: { code: 'ERR_SOURCE_FAILED' } },
    });
  });
});

describe('a check of another channel', () => {
  it('accepts its index, also if the index of the channel before has a higher sequence', async () => {
    const publisher = createPublisher();
    const release = await publisher.make(AFTER);
    await publisher.offer([], { sequence: 40 });
    await publisher.offer([release], { channel: 'beta', sequence: 2 });
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store));
    await updater.start();
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
    await updater.setChannel('beta');
    expect(await updater.check()).toMatchObject({ status: 'available', id: release.entry.id });
    expect((await updater.status()).index?.sequence).toBe(2);
  });
});

describe('a list of keys', () => {
  const withKeys = (store: StoreFiles, list: Uint8Array) => new Map(store).set('keys.sealed', list);

  it('is the one with the highest epoch of all mirrors', async () => {
    const [store] = (await storesWith({ epoch: 2 })) as [StoreFiles];
    const [one, two] = [withKeys(store, await keysOf(1)), withKeys(store, await keysOf(2))];
    for (const stores of [
      [one, two],
      [two, one],
      [two, store],
    ]) {
      const releases = memoryStore();
      const { updater } = await deviceAt(stores, { releases, ...trust });
      expect((await updater.check()).status).toBe('available');
      expect(stateOf(await releases.readState()).keys).toEqual({
        ...{ epoch: 2, publicKeys: [keyB.spki], retiredKeys: [] },
      });
    }
  });

  it('that is not genuine is told with its address, and another mirror is used', async () => {
    const [store] = (await storesWith({ epoch: 1 })) as [StoreFiles];
    const stores = [withKeys(store, new Uint8Array(500)), withKeys(store, await keysOf(1))];
    const { updater, events, urls } = await deviceAt(stores, trust);
    expect((await updater.check()).status).toBe('available');
    expect(events.filter(({ type }) => type === 'mirror-failed')).toMatchObject([
      { url: `${urls[0]}keys.sealed`, error: { code: 'ERR_HEADER_INVALID' } },
    ]);
  });

  it('does not forget the accepted index if its epoch is known already', async () => {
    const [older, newer] = (await storesWith({ epoch: 1 }, { epoch: 1 })) as StoreFiles[];
    const store: StoreFiles = withKeys(newer as StoreFiles, await keysOf(1));
    const { updater } = await deviceAt([store], trust);
    expect((await updater.check()).status).toBe('available');
    store.set(INDEX, older?.get(INDEX) as Uint8Array);
    expect(await updater.check()).toMatchObject({ error: { code: 'ERR_INDEX_ROLLED_BACK' } });
    // The next epoch begins with any sequence.
    store.set('keys.sealed', await keysOf(2));
    const [next] = (await storesWith({ epoch: 2 })) as [StoreFiles];
    for (const [path, bytes] of next) store.set(path, bytes);
    expect((await updater.check()).status).toBe('available');
    expect((await updater.status()).index).toMatchObject({ epoch: 2, sequence: 1 });
  });

  it('decides which keys sign indexes, and an earlier epoch changes nothing', async () => {
    const [store] = (await storesWith({ epoch: 1 })) as [StoreFiles];
    const releases = memoryStore();
    const files = withKeys(store, await keysOf(1, [keyA.spki]));
    const { updater } = await deviceAt([files], { releases, ...trust });
    expect(await updater.check()).toMatchObject({ error: { code: 'ERR_KEY_MISMATCH' } });
    files.set('keys.sealed', await keysOf(2, [keyA.spki]));
    await updater.check();
    files.set('keys.sealed', await keysOf(1));
    await updater.check();
    expect(stateOf(await releases.readState()).keys).toMatchObject({ epoch: 2 });
  });
});

describe('a check', () => {
  it('reads at most 1 MiB and 128 KiB of an index', async () => {
    const limit = 1_048_576 + 131_072;
    for (const [length, code] of [
      [limit, 'ERR_HEADER_INVALID'],
      [limit + 1, 'ERR_SOURCE_FAILED'],
    ] as const) {
      const { updater } = await deviceAt([new Map([[INDEX, new Uint8Array(length)]])]);
      expect(await updater.check()).toMatchObject({ error: { code } });
    }
  });

  it('stores the mark of an index before the device requests an object of it', async () => {
    const [store] = (await storesWith({})) as [StoreFiles];
    const releases = memoryStore();
    const marks: unknown[] = [];
    const request = fetchFrom(store, async (path, _, whole) => {
      if (path.startsWith('objects/')) marks.push(stateOf(await releases.readState()).floors);
      return whole();
    });
    const { updater } = await createDevice(BEFORE, request, { releases });
    await updater.start();
    await updater.update();
    expect(marks).toEqual([[expect.objectContaining({ channel: CHANNEL, sequence: 1 })]]);
  });

  it('compares the expiry of an index with the clock at its start', async () => {
    const [store] = (await storesWith({ expiresAt: timeOf(NOW + 1000) })) as [StoreFiles];
    let now = NOW + 999;
    const request = fetchFrom(store, (_path, _request, whole) => {
      now += 1;
      return whole();
    });
    const { updater } = await createDevice(BEFORE, request, { now: () => now, ...trust });
    expect((await updater.check()).status).toBe('available');
    expect(await updater.check()).toMatchObject({ error: { code: 'ERR_INDEX_EXPIRED' } });
  });

  it('requests the index and the list of keys past every cache', async () => {
    const [store] = (await storesWith({})) as [StoreFiles];
    const caches = new Map<string, string | undefined>();
    const serve = fetchFrom(store);
    const request: typeof fetch = (input, init) => {
      caches.set(String(input).slice(STORE.length), init?.cache);
      return serve(input, init);
    };
    const { updater } = await createDevice(BEFORE, request, trust);
    await updater.check();
    // A page leaves the new response in its cache for the next check, which asks whether it has changed.
    const expected = 'document' in globalThis ? 'reload' : 'no-store';
    expect(Object.fromEntries(caches)).toEqual({ 'keys.sealed': expected, [INDEX]: expected });
  });

  it('has nothing to do if the index wants the built-in release and that runs', async () => {
    const [store] = (await storesWith({ useBuiltIn: true })) as [StoreFiles];
    const { updater } = await deviceAt([store]);
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
  });

  it('chooses an entry with the features and blocks of the device', async () => {
    const publisher = createPublisher();
    const release = await publisher.make(AFTER, [], { requires: ['camera'] });
    await publisher.offer([release]);
    const check = async (features: readonly string[], failed?: string) => {
      const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), { features });
      if (failed !== undefined) await updater.fail(failed);
      return (await updater.check()).status;
    };
    expect(await check(['camera'])).toBe('available');
    expect(await check(['gps'])).toBe('current');
    expect(await check(['camera'], release.entry.id)).toBe('current');
  });
});

describe('a new device', () => {
  it('makes a random id of its own, and keeps it', async () => {
    const [store] = (await storesWith({})) as [StoreFiles];
    const ids: string[][] = [];
    for (const releases of [memoryStore(), memoryStore()]) {
      const seen: string[] = [];
      for (let n = 0; n < 2; n++) {
        const { updater } = await createDevice(BEFORE, fetchFrom(store), { releases });
        await updater.start();
        await updater.update();
        seen.push(stateOf(await releases.readState()).deviceId);
      }
      ids.push(seen);
    }
    const [one, two] = ids as [string[], string[]];
    expect(one[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(one[1]).toBe(one[0]);
    expect(two[1]).toBe(two[0]);
    expect(two[0]).not.toBe(one[0]);
  });
});

describe('a list of keys of two mirrors with the same epoch', () => {
  it('is that of the mirror that stands first', async () => {
    const [store] = (await storesWith({ epoch: 1 })) as [StoreFiles];
    const lists = [await keysOf(1), await keysOf(1, [keyB.spki, keyA.spki])] as const;
    const releases = memoryStore();
    const stores = lists.map((list) => new Map(store).set('keys.sealed', list));
    const { updater } = await deviceAt(stores, { releases, ...trust });
    await updater.check();
    expect(stateOf(await releases.readState()).keys.publicKeys).toEqual([keyB.spki]);
  });
});

describe('another page that checks meanwhile', () => {
  /** Checks while another page of the same store does something, before the answer arrives. */
  async function checkWhile(
    act: (other: Awaited<ReturnType<typeof createDevice>>['updater']) => Promise<unknown>,
    seen: number,
  ) {
    const stores = (await storesWith({}, {})) as [StoreFiles, StoreFiles];
    const releases = memoryStore();
    const other = await createDevice(BEFORE, fetchFrom(stores[1]), { releases });
    const request = fetchFrom(stores[seen - 1] as StoreFiles, async (path, _, whole) => {
      if (path === INDEX) await act(other.updater);
      return whole();
    });
    const { updater } = await createDevice(BEFORE, request, { releases });
    await updater.start();
    const result = await updater.check();
    return { result, status: await updater.status() };
  }

  it('and accepts a later index makes this check stale', async () => {
    const { result, status } = await checkWhile((other) => other.check(), 1);
    expect(result).toEqual({ status: 'current', isStale: true });
    expect(status.index?.sequence).toBe(2);
    expect(status.lastCheck?.result).toBe('current, stale');
  });

  it('and accepts the same index changes nothing', async () => {
    const { result } = await checkWhile((other) => other.check(), 2);
    expect(result.status).toBe('available');
  });

  it('and moves the device to another channel makes this check stale', async () => {
    const { result, status } = await checkWhile((other) => other.setChannel('beta'), 2);
    expect(result).toEqual({ status: 'current', isStale: true });
    expect(status.channel).toBe('beta');
    expect(status.index).toBeUndefined();
  });
});
