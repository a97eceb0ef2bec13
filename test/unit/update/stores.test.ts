// Every store that a browser or a web view has passes the same tests; a store that this runtime lacks says so.

import { describe, expect, it } from 'vitest';
import {
  type CapacitorFilesystem,
  cacheStore,
  capacitorStore,
  memoryStore,
  opfsStore,
  type ReleaseStore,
} from '../../../src/update.ts';
import { storeTests } from '../../../src/update-testing.ts';
import { utf8 } from '../../support/zip.ts';

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

  it('gives the state before where a kill left the last one missing or half written', async () => {
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

describe('capacitorStore', () => {
  const bridges = new Map<string, CapacitorFilesystem>();
  const open = (place: string) => {
    const bridge = bridges.get(place) ?? fakeFilesystem();
    bridges.set(place, bridge);
    return capacitorStore({
      Filesystem: bridge,
      Directory: { Library: 'LIBRARY' },
      WebView: { setServerBasePath: async () => {} },
    });
  };
  it.each(storeTests(placesOf(open)))('$name', ({ run }) => run());

  it('has the web view serve the files of a release, and persists nothing', async () => {
    const served: string[] = [];
    const store = capacitorStore({
      Filesystem: fakeFilesystem(),
      Directory: { Library: 'LIBRARY' },
      WebView: { setServerBasePath: async ({ path }) => served.push(path) },
    });
    const id = 'a'.repeat(64);
    await store.write(
      id,
      (async function* () {
        yield { path: 'index.html', bytes: new Uint8Array([1]) };
      })(),
    );
    await store.serve(id);
    expect(served).toHaveLength(1);
    expect(served[0]).toMatch(
      new RegExp(`^/data/user files/bundleseal/releases/${id}\\.[^/]+/files$`),
    );
  });
});

/** The native side of the plugin, which checks each call as it does: the types of its arguments, and what is there. */
function fakeFilesystem(): CapacitorFilesystem {
  const files = new Map<string, string>();
  const check = (path: unknown, directory: unknown) => {
    if (typeof path !== 'string' || path === '' || path.startsWith('/')) {
      throw new Error('path must be provided and must be a string.');
    }
    if (directory !== 'LIBRARY') throw new Error(`Invalid DIRECTORY: ${String(directory)}`);
  };
  const inside = (path: string) => [...files.keys()].filter((file) => file.startsWith(`${path}/`));
  return {
    async readFile({ path, directory }) {
      check(path, directory);
      const data = files.get(path);
      if (data === undefined) throw new Error('File does not exist.');
      return { data };
    },
    async writeFile({ path, directory, data, recursive }) {
      check(path, directory);
      if (typeof data !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(data)) {
        throw new Error('The supplied data is not valid base64 content.');
      }
      if (recursive !== true) throw new Error('Missing parent directory');
      files.set(path, data);
    },
    async readdir({ path, directory }) {
      check(path, directory);
      const names = new Set(inside(path).map((file) => file.slice(path.length + 1).split('/')[0]));
      if (names.size === 0) throw new Error('Directory does not exist');
      return { files: [...names].map((name) => ({ name: name as string })) };
    },
    async deleteFile({ path, directory }) {
      check(path, directory);
      if (!files.delete(path)) throw new Error('File does not exist');
    },
    async rmdir({ path, directory, recursive }) {
      check(path, directory);
      const found = inside(path);
      if (found.length === 0) throw new Error('Directory does not exist');
      if (recursive !== true) throw new Error('Cannot delete a non-empty directory');
      for (const file of found) files.delete(file);
    },
    getUri: async ({ path, directory }) => {
      check(path, directory);
      return { uri: `file:///data/user%20files/${path}` };
    },
  };
}
