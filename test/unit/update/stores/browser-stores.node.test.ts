// The stores of browsers over a storage in memory, whose faults no real browser makes on demand. The tests of `stores.test.ts`
// run over the storage of Chromium.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheStore, opfsStore, type ReleaseStore } from '../../../../src/update.ts';
import { storeTests } from '../../../../src/update-testing.ts';
import {
  memoryCaches,
  memoryFileSystem,
  memoryLocks,
  type Writing,
} from '../../../support/browser-storage.ts';
import { utf8 } from '../../../support/zip.ts';

const ID = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const STREAMS: Writing = { streams: true, handles: false };
const HANDLES: Writing = { streams: false, handles: true };

let caches: ReturnType<typeof memoryCaches>;
let files: ReturnType<typeof memoryFileSystem>;

function useFiles(writing: Writing) {
  files = memoryFileSystem(writing);
  vi.stubGlobal('navigator', { storage: files.storage, locks: memoryLocks() });
}

beforeEach(() => {
  caches = memoryCaches();
  vi.stubGlobal('caches', caches);
  useFiles(STREAMS);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function* release(text: string) {
  yield { path: 'a/index.html', bytes: utf8(text) };
}

/** A release whose files do not end before `end` is called. */
function heldRelease(text: string) {
  let end = () => {};
  const pause = new Promise<void>((resolve) => {
    end = resolve;
  });
  async function* slow() {
    yield* release(text);
    await pause;
  }
  return { slow, end };
}

const textOf = async (store: ReleaseStore, id = ID) =>
  new TextDecoder().decode(await (await store.open(id)).read('a/index.html'));

const places = (open: () => ReleaseStore) => ({ create: open, reopen: open });

describe('cacheStore in memory', () => {
  it.each(storeTests(places(() => cacheStore())))('$name', ({ run }) => run());
});

describe('opfsStore in memory', () => {
  it.each(storeTests(places(() => opfsStore())))('$name', ({ run }) => run());
});

describe('opfsStore in a dedicated worker whose files have no streams', () => {
  beforeEach(() => useFiles(HANDLES));
  it.each(storeTests(places(() => opfsStore())))('$name', ({ run }) => run());
});

const STORES: readonly (readonly [string, (name?: string) => ReleaseStore])[] = [
  ['cacheStore', cacheStore],
  ['opfsStore', opfsStore],
];

describe.each(STORES)('%s', (_, open) => {
  it('keeps two places of different names apart, and their locks', async () => {
    const [one, two] = [open('one'), open('two')] as const;
    await one.writeState(utf8('1'));
    await one.write(ID, release('one'));
    expect(await two.readState()).toBeUndefined();
    expect(await two.list()).toEqual([]);
    await two.write(ID, release('two'));
    await two.remove(ID);
    expect(await textOf(one)).toBe('one');
    const result = await one.lock('state', () => two.lock('state', async () => 'both'));
    expect(result).toBe('both');
  });

  it('keeps releases in the place "bundleseal" by default', async () => {
    await open().write(ID, release('kept'));
    expect(await textOf(open('bundleseal'))).toBe('kept');
  });

  it.each(['', 7, null])('refuses the name %j', (name) => {
    expect(() => open(name as string)).toThrow(TypeError);
    expect(() => open(name as string)).toThrow(/^name expected/);
  });

  it('has a message for a release that is not there, and for a missing file', async () => {
    const store = open();
    await expect(store.open(ID)).rejects.toThrow(`there is no release ${ID}`);
    await store.write(ID, release('kept'));
    const reader = await store.open(ID);
    await expect(reader.read('b.js')).rejects.toThrow('the release has no file "b.js"');
  });

  it('removes the files of an interrupted write, and no file of a write that goes on', async () => {
    const store = open();
    const { slow, end } = heldRelease('slow');
    // Another store stands for a process that was killed: no store of this process waits for it.
    const left = open().write(ID, slow());
    const going = store.write(OTHER, slow());
    await new Promise((resolve) => setTimeout(resolve, 5));
    const before = await sizeOf(open);
    await store.write(ID, release('next'));
    expect(await sizeOf(open)).toBe(before);
    end();
    await Promise.allSettled([left, going]);
    expect(await textOf(store, OTHER)).toBe('slow');
  });

  it('gives the newer of two whole releases of one id', async () => {
    const [one, two] = [open(), open()];
    const { slow, end } = heldRelease('begun first');
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const first = one.write(ID, slow());
      vi.setSystemTime(Date.now() + 1000);
      await one.write(ID, release('begun later'));
      expect(await textOf(two)).toBe('begun later');
      end();
      await first;
      expect(await two.list()).toEqual([ID]);
    } finally {
      vi.useRealTimers();
    }
  });
});

/** The number of folders or caches in the storage. */
async function sizeOf(open: (name?: string) => ReleaseStore): Promise<number> {
  if (open === cacheStore) return (await caches.keys()).length;
  const folder = await files.root.getDirectoryHandle('bundleseal');
  const names: string[] = [];
  for await (const name of (await folder.getDirectoryHandle('releases')).keys()) names.push(name);
  return names.length;
}

describe('the caches of cacheStore', () => {
  it('leaves the caches of a store whose name begins with its own', async () => {
    const other = cacheStore('app data');
    await other.writeState(utf8('kept'));
    await other.write(ID, release('kept'));
    await cacheStore('app').write(ID, release('new'));
    expect(await other.readState()).toEqual(utf8('kept'));
    expect(await textOf(other)).toBe('kept');
  });

  it('does not list a release whose cache the browser has evicted', async () => {
    const store = cacheStore();
    await store.write(ID, release('kept'));
    for (const name of await caches.keys()) if (name.includes(ID)) await caches.delete(name);
    expect(await store.list()).toEqual([]);
    await expect(store.open(ID)).rejects.toThrow('there is no release');
  });
});

describe('the files of opfsStore', () => {
  it.each(['a/b', 'a b', '..', 'é'])(
    'refuses the name %j, which is no name of a folder',
    (name) => {
      expect(() => opfsStore(name)).toThrow('name expected letters, digits, "_" and "-"');
    },
  );

  it('tries again after the browser has refused the file system once', async () => {
    const { getDirectory } = files.storage;
    files.storage.getDirectory = async () => {
      throw new DOMException('not now', 'UnknownError');
    };
    const store = opfsStore();
    await expect(store.list()).rejects.toThrow('not now');
    files.storage.getDirectory = getDirectory;
    expect(await store.list()).toEqual([]);
  });

  it('rejects where the browser has no such file system', async () => {
    vi.stubGlobal('navigator', { storage: {}, locks: memoryLocks() });
    await expect(opfsStore().list()).rejects.toThrow('no origin private file system');
    vi.stubGlobal('navigator', {});
    await expect(opfsStore().list()).rejects.toThrow('no origin private file system');
  });

  it('rejects where files can be written only in a dedicated worker', async () => {
    useFiles({ streams: false, handles: false });
    await expect(opfsStore().writeState(utf8('x'))).rejects.toThrow('only in a dedicated worker');
  });

  it.each([
    ['streams', STREAMS],
    ['handles', HANDLES],
  ])('rejects when the disk is full, and closes the file, with %s', async (_, writing) => {
    useFiles({ ...writing, most: 40 });
    const store = opfsStore();
    await store.writeState(utf8('short'));
    const full = store.writeState(new Uint8Array(100));
    await expect(full).rejects.toMatchObject({ name: 'QuotaExceededError' });
    expect(await store.readState()).toEqual(utf8('short'));
    // A file that is still open could not be written.
    await store.writeState(utf8('next'));
    expect(await store.readState()).toEqual(utf8('next'));
  });

  it('takes a file in the place of a folder for no release, and rejects for other errors', async () => {
    const folder = await files.root.getDirectoryHandle('bundleseal', { create: true });
    await folder.getFileHandle('releases', { create: true });
    expect(await opfsStore().list()).toEqual([]);
    const denied = new DOMException('denied', 'NotAllowedError');
    for (const reason of [denied, null]) {
      files.storage.getDirectory = async () => {
        throw reason;
      };
      const store = opfsStore();
      await expect(store.list()).rejects.toBe(reason);
      await expect(store.remove(ID)).rejects.toBe(reason);
      await expect(store.readState()).rejects.toBe(reason);
    }
  });

  it('gives the state before if the file of the last one is torn or empty', async () => {
    const store = opfsStore();
    await store.writeState(utf8('first'));
    await store.writeState(utf8('second'));
    const folder = await files.root.getDirectoryHandle('bundleseal');
    const states = await folder.getDirectoryHandle('state');
    const last = await states.getFileHandle('2');
    const whole = new Uint8Array(await (await last.getFile()).arrayBuffer());
    for (const length of [0, 31, 32, whole.length - 1]) {
      const stream = await last.createWritable?.();
      await stream?.write(whole.subarray(0, length));
      await stream?.close();
      expect(await store.readState()).toEqual(utf8('first'));
    }
  });

  it('keeps the last two states and the first one, and removes the states between them', async () => {
    const store = opfsStore();
    for (const state of ['1', '2', '3', '4']) await store.writeState(utf8(state));
    const folder = await files.root.getDirectoryHandle('bundleseal');
    const names: string[] = [];
    for await (const name of (await folder.getDirectoryHandle('state')).keys()) names.push(name);
    expect(names.sort()).toEqual(['1', '3', '4']);
  });

  it.each(['../x', 'a/../../x', './x', 'a//x', ''])(
    'refuses the path %j, which leads out of the release',
    async (path) => {
      const store = opfsStore();
      async function* leading() {
        yield { path, bytes: utf8('x') };
      }
      await expect(store.write(ID, leading())).rejects.toThrow(
        `"${path}" leads out of the release`,
      );
      expect(await store.list()).toEqual([]);
      await store.write(ID, release('kept'));
      await expect((await store.open(ID)).read(path)).rejects.toThrow('has no file');
    },
  );
});
