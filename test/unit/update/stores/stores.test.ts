// Every store that a browser or a web view has passes the same tests; a store that this runtime lacks says so.

import { describe, expect, it } from 'vitest';
import { cacheStore, memoryStore, opfsStore, type ReleaseStore } from '../../../../src/update.ts';
import { storeTests } from '../../../../src/update-testing.ts';
import { utf8 } from '../../../support/zip.ts';

let made = 0;

/** Stores by the place that they keep releases in. */
function placesOf(open: (place: string) => ReleaseStore) {
  const places = new WeakMap<ReleaseStore, string>();
  const openAt = (place: string) => {
    const store = open(place);
    places.set(store, place);
    return store;
  };
  return {
    create: () => openAt(`test-${made++}`),
    reopen: (store: ReleaseStore) => openAt(places.get(store) as string),
  };
}

describe('memoryStore', () => {
  const tests = storeTests({ create: () => memoryStore(), reopen: (store) => store });
  it.each(tests)('$name', ({ run }) => run());
});

const hasOpfs = typeof navigator === 'object' && 'storage' in navigator;
describe('opfsStore', () => {
  if (!hasOpfs) {
    it('says that this runtime has no such file system', async () => {
      await expect(opfsStore().list()).rejects.toThrow(/no origin private file system/);
    });
    return;
  }
  it.each(storeTests(placesOf(opfsStore)))('$name', ({ run }) => run());
});

describe('cacheStore', () => {
  if (typeof caches === 'undefined') {
    it('rejects where this runtime has no Cache Storage', async () => {
      await expect(cacheStore().list()).rejects.toThrow(/caches/);
    });
    return;
  }
  it.each(storeTests(placesOf(cacheStore)))('$name', ({ run }) => run());

  it('makes no cache for a reader whose release was removed', async () => {
    const place = `removed-${crypto.randomUUID()}`;
    const store = cacheStore(place);
    const file = { path: 'a', bytes: utf8('a') };
    await store.write(
      'release',
      (async function* () {
        yield file;
      })(),
    );
    const reader = await store.open('release');
    expect(await reader.read('a')).toEqual(file.bytes);
    await store.remove('release');
    await expect(reader.read('a')).rejects.toThrow(/no file "a"/);
    expect(await reader.list()).toEqual([]);
    expect((await caches.keys()).filter((name) => name.startsWith(place))).toEqual([place]);
    await caches.delete(place);
  });

  it('returns the previous state if a kill left the last one missing or half written', async () => {
    const place = `torn-${crypto.randomUUID()}`;
    const store = cacheStore(place);
    await store.writeState(utf8('first'));
    await store.writeState(utf8('second'));
    const main = await caches.open(place);
    const numberOf = ({ url }: Request) => Number(url.split('/').at(-1));
    const states = [...(await main.keys())].sort((a, b) => numberOf(b) - numberOf(a));
    expect(states).toHaveLength(2);
    const [last] = states as [Request];
    const whole = await (await main.match(last))?.blob();
    for (const size of [0, 5, 33]) {
      await main.put(last, new Response(whole?.slice(0, size)));
      expect(await store.readState()).toEqual(utf8('first'));
    }
    await main.delete(last);
    expect(await store.readState()).toEqual(utf8('first'));
    await store.writeState(utf8('third'));
    expect(await cacheStore(place).readState()).toEqual(utf8('third'));
    await caches.delete(place);
  });
});
