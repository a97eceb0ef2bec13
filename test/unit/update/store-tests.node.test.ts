// `storeTests` fails for a store that breaks a rule, and says which. In Node alone: a browser runs them in stores.test.ts.

import { describe, expect, it } from 'vitest';
import { memoryStore, type ReleaseStore } from '../../../src/update.ts';
import { type StorePlaces, storeTests } from '../../../src/update-testing.ts';
import { early, type Fault, givingLast, reading } from '../../support/store-faults.ts';
import { utf8 } from '../../support/zip.ts';

const FAULTS: readonly (readonly [name: string, rule: string, fault: Fault])[] = [
  [
    'a new store has no state and no release',
    'readState gives undefined at first',
    () => ({ readState: async () => utf8('{}') }),
  ],
  [
    'a new store has no state and no release',
    'list is empty at first',
    () => ({ list: async () => ['x'] }),
  ],
  [
    'a store gives the state as it was written last',
    'the state is the last one',
    (store) => ({
      async writeState(bytes) {
        if ((await store.readState()) === undefined) await store.writeState(bytes);
      },
    }),
  ],
  [
    'a store gives the state as it was written last',
    'the state is the last one',
    () => ({ writeState: async () => {} }),
  ],
  [
    'a store gives the state as it was written last',
    'the state is the last one',
    // A limit of 64 KiB, as storages have.
    (store) => ({ writeState: (bytes) => store.writeState(bytes.subarray(0, 65_536)) }),
  ],
  [
    'a store lists and reads a release that was written completely',
    'list has the release',
    () => ({ list: async () => [] }),
  ],
  [
    'a store lists and reads a release that was written completely',
    'a release lists its files with their sizes, and nothing else',
    reading(({ list }) => ({ list: async () => (await list()).slice(1) })),
  ],
  [
    'a store lists and reads a release that was written completely',
    'a release lists its files with their sizes, and nothing else',
    reading(({ list }) => ({
      list: async () => [...(await list()), { path: 'list.json', size: 1 }],
    })),
  ],
  [
    'a store lists and reads a release that was written completely',
    'a release lists its files with their sizes, and nothing else',
    reading(({ list }) => ({
      list: async () => (await list()).map(({ path }) => ({ path, size: 0 })),
    })),
  ],
  ...['index.html', 'big.bin', '.well-known/x', 'assets/Grüße 1.txt'].map(
    (wrong) =>
      [
        'a store lists and reads a release that was written completely',
        `"${wrong}" has the bytes that were written`,
        reading(({ read }) => ({
          read: async (path) => (path === wrong ? utf8('wrong') : read(path)),
        })),
      ] as const,
  ),
  [
    'a store lists and reads a release that was written completely',
    '"big.bin" has the bytes that were written',
    // A store that writes one piece twice.
    reading(({ read }) => ({
      read: async (path) => {
        const bytes = await read(path);
        return path === 'big.bin' ? bytes.copyWithin(0, 65_536, 131_072) : bytes;
      },
    })),
  ],
  [
    'a store shows nothing of a release that is being written',
    'list has no release that is not complete',
    early,
  ],
  [
    'a store shows nothing of a release that is being written',
    'open rejects while the release is not complete',
    (store) => {
      let isWriting = false;
      return {
        ...early(store),
        async write(id, files) {
          isWriting = true;
          await early(store).write?.(id, files);
          isWriting = false;
        },
        list: async () => (isWriting ? [] : store.list()),
      };
    },
  ],
  [
    'a store keeps nothing of a release if the iteration of its files throws',
    'write rejects if the iteration of the files throws',
    (store) => ({ write: (id, files) => store.write(id, files).catch(() => {}) }),
  ],
  [
    'a store keeps nothing of a release if the iteration of its files throws',
    'list has no release that failed',
    early,
  ],
  [
    'a store keeps nothing of a release if the iteration of its files throws',
    'open rejects for a release that failed',
    (store) => {
      let isWhole = false;
      return {
        async write(id, files) {
          await early(store).write?.(id, files);
          isWhole = true;
        },
        list: async () => (isWhole ? store.list() : []),
      };
    },
  ],
  [
    'a store keeps a release if its replacement fails',
    'write rejects',
    (store) => ({ write: (id, files) => store.write(id, files).catch(() => {}) }),
  ],
  [
    'a store keeps a release if its replacement fails',
    'there is no release',
    (store) => ({
      async write(id, files) {
        await store.remove(id);
        await store.write(id, files);
      },
    }),
  ],
  [
    'a store keeps a release if its replacement fails',
    '"index.html" has the bytes that were written',
    // A store that writes over the files of the release.
    givingLast((bytes) => bytes.slice()),
  ],
  [
    'a store replaces a release with the same id completely',
    'a release lists its files with their sizes, and nothing else',
    (store) => ({
      async write(id, files) {
        if ((await store.list()).length === 0) await store.write(id, files);
      },
    }),
  ],
  [
    'a store keeps a release as it was written when its bytes change later',
    '"index.html" has the bytes that were written',
    givingLast((bytes) => bytes),
  ],
  [
    'a store returns bytes that no other code changes',
    '"index.html" has the bytes that were written',
    (store) => {
      const cached = new Map<string, Uint8Array>();
      return reading(({ read }) => ({
        async read(path) {
          const bytes = cached.get(path) ?? (await read(path));
          cached.set(path, bytes);
          return bytes;
        },
      }))(store);
    },
  ],
  [
    'a store rejects for a file that it does not have',
    'open rejects for a release that is not there',
    (store) => ({
      open: (id) =>
        store.open(id).catch(() => ({ list: async () => [], read: async () => new Uint8Array(0) })),
    }),
  ],
  ...['missing.js', 'assets', '../state.json', 'INDEX.HTML'].map(
    (wrong) =>
      [
        'a store rejects for a file that it does not have',
        `read rejects for "${wrong}"`,
        reading(({ read }) => ({
          read: async (path) => (path === wrong ? new Uint8Array(0) : read(path)),
        })),
      ] as const,
  ),
  [
    'a store removes one release and leaves the others',
    'list has the other release alone',
    () => ({ remove: async () => {} }),
  ],
  [
    'a store removes one release and leaves the others',
    'open rejects for a release that was removed',
    (store) => {
      const removed = new Set<string>();
      return {
        remove: async (id) => void removed.add(id),
        list: async () => (await store.list()).filter((id) => !removed.has(id)),
      };
    },
  ],
  [
    'a store removes one release and leaves the others',
    'no such release',
    (store) => ({
      async remove(id) {
        if (!(await store.list()).includes(id)) throw new Error('no such release');
        await store.remove(id);
      },
    }),
  ],
  [
    'a store removes one release and leaves the others',
    'list has the other release alone',
    (store) => ({
      remove: async () => {
        for (const id of await store.list()) await store.remove(id);
      },
    }),
  ],
  [
    'a store writes two releases at the same time',
    'list has both',
    (store) => {
      let isWriting = false;
      return {
        async write(id, files) {
          const isSecond = isWriting;
          isWriting = true;
          await store.write(id, files);
          if (isSecond) await store.remove(id);
        },
      };
    },
  ],
  [
    'a store holds five hundred files',
    'a release lists its files with their sizes, and nothing else',
    reading(({ list }) => ({ list: async () => (await list()).slice(0, 499) })),
  ],
  [
    'one task at a time holds a lock, also after a task has failed',
    'one task holds the lock',
    () => ({ lock: (_, task) => task() }),
  ],
  [
    'one task at a time holds a lock, also after a task has failed',
    'every task has its turn',
    (store) => {
      let turns = 0;
      return {
        async lock(name, task) {
          turns += 1;
          return turns === 3 ? (undefined as never) : store.lock(name, task);
        },
      };
    },
  ],
  [
    'one task at a time holds a lock, also after a task has failed',
    'lock rejects as its task does',
    (store) => ({ lock: (name, task) => store.lock(name, task).catch(() => undefined as never) }),
  ],
  [
    'one task at a time holds a lock, also after a task has failed',
    'lock returns the result of its task',
    (store) => ({ lock: (name, task) => store.lock(name, task).then(() => undefined as never) }),
  ],
  [
    'locks of two names do not wait for each other',
    'the lock of the state is free while an update runs',
    (store) => {
      // It gives up instead of waiting forever.
      let isHeld = false;
      return {
        async lock(name, task) {
          if (isHeld) return undefined as never;
          isHeld = true;
          return store.lock(name, task);
        },
      };
    },
  ],
];

async function failuresOf(places: StorePlaces) {
  const failures = new Map<string, string>();
  for (const { name, run } of storeTests(places)) {
    await run().catch((error: Error) => failures.set(name, error.message));
  }
  return failures;
}

describe('storeTests', () => {
  it.each(FAULTS)('fails in "%s" where the rule is broken: %s', async (name, rule, fault) => {
    const failures = await failuresOf({
      create() {
        const store = memoryStore();
        return { ...store, ...fault(store) };
      },
    });
    expect(failures.get(name)).toContain(rule);
  });

  it('has only tests of one store if the place is not shared, and each name once', () => {
    const create = () => memoryStore();
    const own = storeTests({ create }).map(({ name }) => name);
    const all = storeTests({ create, reopen: (store) => store }).map(({ name }) => name);
    expect(new Set(all).size).toBe(all.length);
    expect(all.slice(0, own.length)).toEqual(own);
    expect(all.slice(own.length)).toEqual([
      'another store of the same place sees the state and the releases',
      'one of several stores of the same place holds a lock',
    ]);
  });

  it.each<readonly [string, string, (store: ReleaseStore) => ReleaseStore]>([
    [
      'another store of the same place sees the state and the releases',
      'the state is shared',
      (store) => ({ ...store, readState: async () => undefined }),
    ],
    [
      'another store of the same place sees the state and the releases',
      'the state is shared',
      (store) => ({ ...store, readState: async () => utf8('{"a":2}') }),
    ],
    [
      'another store of the same place sees the state and the releases',
      'there is no release',
      () => ({ ...memoryStore(), readState: async () => utf8('{"a":1}') }),
    ],
    [
      'another store of the same place sees the state and the releases',
      'a release that another one removed is gone',
      (store) => ({ ...store, remove: async () => {} }),
    ],
    [
      'one of several stores of the same place holds a lock',
      'one task holds the lock',
      (store) => ({ ...store, lock: memoryStore().lock }),
    ],
  ])('fails in "%s" if the other store breaks the rule: %s', async (name, rule, reopen) => {
    const failures = await failuresOf({ create: () => memoryStore(), reopen });
    expect(failures.get(name)).toContain(rule);
  });

  it('takes no other locks than those of an updater', async () => {
    const { lock } = memoryStore();
    const known: ReleaseStore['lock'] = (name, task) =>
      ['state', 'update'].includes(name) ? lock(name, task) : Promise.reject(new Error(name));
    const create = () => ({ ...memoryStore(), lock: known });
    expect(await failuresOf({ create })).toEqual(new Map());
  });

  it('gives every test a place of its own', async () => {
    const stores: ReleaseStore[] = [];
    const places = { create: () => stores[stores.push(memoryStore()) - 1] as ReleaseStore };
    for (const { run } of storeTests(places)) await run();
    expect(new Set(stores).size).toBe(storeTests(places).length);
  });
});
