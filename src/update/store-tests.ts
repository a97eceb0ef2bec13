// The tests that every `ReleaseStore` has to pass, for any test runner.

import { equalBytes } from '../bytes.ts';
import type { ReleaseStore, StoredFile } from './release-store.ts';

/** One test. `run` rejects if the store breaks a rule. */
export interface StoreTest {
  /** A sentence, such as `a new store has no state and no release`. */
  readonly name: string;
  /** Runs the test over a new store. */
  readonly run: () => Promise<void>;
}

/** Makes the stores for the tests. */
export interface StorePlaces {
  /** Makes a store of a new, empty place. */
  create(): Promise<ReleaseStore> | ReleaseStore;
  /** Makes another store of the same place, as another process or tab does. Absent: a place has only one store. */
  reopen?(store: ReleaseStore): Promise<ReleaseStore> | ReleaseStore;
}

const ID = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const BIG = 1_048_576 + 7;

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Makes a file whose bytes change every 1000 bytes, so that a piece in the wrong place shows. */
function bigFile(): Uint8Array {
  const bytes = new Uint8Array(BIG);
  for (let at = 0; at < BIG; at += 1000) bytes.fill(at / 1000, at, at + 1000);
  return bytes;
}

const files = (): StoredFile[] => [
  { path: 'index.html', bytes: text('<!doctype html>') },
  { path: 'assets/a/b/c.js', bytes: text('run()') },
  { path: 'assets/a.css', bytes: new Uint8Array(0) },
  { path: 'assets/Grüße 1.txt', bytes: text('ä') },
  {
    path: 'assets/100%25 #&+.txt',
    bytes: text('a name with characters that have a meaning in addresses'),
  },
  { path: '.well-known/x', bytes: text('hidden') },
  { path: 'big.bin', bytes: bigFile() },
];

async function* given(list: readonly StoredFile[]): AsyncGenerator<StoredFile, void> {
  for (const file of list) yield file;
}

async function* broken(list: readonly StoredFile[]): AsyncGenerator<StoredFile, void> {
  yield* given(list);
  throw new Error('the download failed');
}

function check(isKept: boolean, promise: string): void {
  if (!isKept) throw new Error(`the store breaks a rule: ${promise}`);
}

async function rejects(work: Promise<unknown>, promise: string): Promise<void> {
  const isRejected = await work.then(
    () => false,
    () => true,
  );
  check(isRejected, promise);
}

async function holds(store: ReleaseStore, id: string, list: readonly StoredFile[]): Promise<void> {
  const reader = await store.open(id);
  const listed = (await reader.list()).map(({ path, size }) => `${path} ${size}`).sort();
  const expected = list.map(({ path, bytes }) => `${path} ${bytes.length}`).sort();
  check(
    listed.length === expected.length && listed.every((line, i) => line === expected[i]),
    'a release lists its files with their sizes, and nothing else',
  );
  for (const { path, bytes } of list) {
    check(equalBytes(await reader.read(path), bytes), `"${path}" has the bytes that were written`);
  }
}

/**
 * Returns the tests that a `ReleaseStore` has to pass, for an implementation of your own. Each test makes its own store.
 *
 * The tests need no test runner. They write files of up to 1 MiB.
 *
 * @param places - Makes the stores that the tests use.
 * @returns The tests. Each one has a name, and a `run` that rejects if the store breaks a rule.
 * @see docs/updates.md#where-releases-are-kept
 *
 * @example
 * ```ts
 * import { memoryStore } from 'bundleseal/update';
 * import { storeTests } from 'bundleseal/update/testing';
 *
 * for (const { name, run } of storeTests({ create: () => memoryStore() })) {
 *   await run(); // in a test runner: test(name, run)
 *   console.log(`passed: ${name}`);
 * }
 * ```
 */
export function storeTests(places: StorePlaces): readonly StoreTest[] {
  const test = (name: string, run: (store: ReleaseStore) => Promise<void>): StoreTest => ({
    name,
    run: async () => run(await places.create()),
  });
  const tests = [
    test('a new store has no state and no release', async (store) => {
      check((await store.readState()) === undefined, 'readState gives undefined at first');
      check((await store.list()).length === 0, 'list is empty at first');
    }),
    test('a store gives the state as it was written last', async (store) => {
      for (const state of ['{"a":1}', `{"a":"${'x'.repeat(100_000)}"}`, '{}']) {
        await store.writeState(text(state));
        const read = await store.readState();
        check(read !== undefined && equalBytes(read, text(state)), 'the state is the last one');
      }
    }),
    test('a store lists and reads a release that was written completely', async (store) => {
      await store.write(ID, given(files()));
      check((await store.list()).join() === ID, 'list has the release');
      await holds(store, ID, files());
    }),
    test('a store shows nothing of a release that is being written', async (store) => {
      async function* slow(): AsyncGenerator<StoredFile, void> {
        for (const file of files()) {
          yield file;
          check((await store.list()).length === 0, 'list has no release that is not complete');
          await rejects(store.open(ID), 'open rejects while the release is not complete');
        }
      }
      await store.write(ID, slow());
      await holds(store, ID, files());
    }),
    test('a store keeps nothing of a release if the iteration of its files throws', async (store) => {
      await rejects(
        store.write(ID, broken(files())),
        'write rejects if the iteration of the files throws',
      );
      check((await store.list()).length === 0, 'list has no release that failed');
      await rejects(store.open(ID), 'open rejects for a release that failed');
      await store.write(ID, given(files()));
      await holds(store, ID, files());
    }),
    test('a store keeps a release if its replacement fails', async (store) => {
      await store.write(ID, given(files()));
      const replacement = [{ path: 'index.html', bytes: text('other') }];
      await rejects(store.write(ID, broken(replacement)), 'write rejects');
      await holds(store, ID, files());
    }),
    test('a store replaces a release with the same id completely', async (store) => {
      await store.write(ID, given(files()));
      const replacement = [{ path: 'only.txt', bytes: text('other') }];
      await store.write(ID, given(replacement));
      await holds(store, ID, replacement);
    }),
    test('a store keeps a release as it was written when its bytes change later', async (store) => {
      const list = files();
      await store.write(ID, given(list));
      for (const { bytes } of list) bytes.fill(0);
      await holds(store, ID, files());
    }),
    test('a store returns bytes that no other code changes', async (store) => {
      await store.write(ID, given(files()));
      const reader = await store.open(ID);
      (await reader.read('index.html')).fill(0);
      await holds(store, ID, files());
    }),
    test('a store rejects for a file that it does not have', async (store) => {
      await rejects(store.open(ID), 'open rejects for a release that is not there');
      await store.write(ID, given(files()));
      const reader = await store.open(ID);
      for (const path of ['missing.js', 'assets', '../state.json', 'INDEX.HTML']) {
        await rejects(reader.read(path), `read rejects for "${path}"`);
      }
    }),
    test('a store removes one release and leaves the others', async (store) => {
      await store.write(ID, given(files()));
      await store.write(OTHER, given(files()));
      await store.remove(ID);
      check((await store.list()).join() === OTHER, 'list has the other release alone');
      await rejects(store.open(ID), 'open rejects for a release that was removed');
      await holds(store, OTHER, files());
      await store.remove(ID);
    }),
    test('a store writes two releases at the same time', async (store) => {
      await Promise.all([store.write(ID, given(files())), store.write(OTHER, given(files()))]);
      check((await store.list()).sort().join() === [ID, OTHER].join(), 'list has both');
      await holds(store, ID, files());
      await holds(store, OTHER, files());
    }),
    test('a store holds five hundred files', async (store) => {
      const many = Array.from({ length: 500 }, (_, i) => ({
        path: `chunks/${i % 20}/${i}.js`,
        bytes: text(`export default ${i}`),
      }));
      await store.write(ID, given(many));
      await holds(store, ID, many);
    }),
    test('one task at a time holds a lock, also after a task has failed', async (store) => {
      await exclusive([store, store, store]);
      await rejects(
        store.lock('state', async () => {
          throw new Error('the task failed');
        }),
        'lock rejects as its task does',
      );
      check(
        (await store.lock('state', async () => 7)) === 7,
        'lock returns the result of its task',
      );
    }),
    test('locks of two names do not wait for each other', async (store) => {
      const result = await store.lock('update', () => store.lock('state', async () => 'both'));
      check(result === 'both', 'the lock of the state is free while an update runs');
    }),
  ];
  const { reopen } = places;
  if (reopen === undefined) return tests;
  return [
    ...tests,
    test('another store of the same place sees the state and the releases', async (store) => {
      await store.writeState(text('{"a":1}'));
      await store.write(ID, given(files()));
      const other = await reopen(store);
      const state = await other.readState();
      check(state !== undefined && equalBytes(state, text('{"a":1}')), 'the state is shared');
      await holds(other, ID, files());
      await other.remove(ID);
      check((await store.list()).length === 0, 'a release that another one removed is gone');
    }),
    test('one of several stores of the same place holds a lock', async (store) => {
      await exclusive([store, await reopen(store), await reopen(store)]);
    }),
  ];
}

/** Runs tasks that notice if two of them hold the lock at the same time. */
async function exclusive(stores: readonly ReleaseStore[]): Promise<void> {
  let inside = 0;
  let done = 0;
  await Promise.all(
    stores.flatMap((store) =>
      Array.from({ length: 5 }, () =>
        store.lock('state', async () => {
          inside += 1;
          check(inside === 1, 'one task holds the lock');
          await store.readState();
          await new Promise((resolve) => setTimeout(resolve, 1));
          check(inside === 1, 'one task holds the lock');
          inside -= 1;
          done += 1;
        }),
      ),
    ),
  );
  check(done === stores.length * 5, 'every task has its turn');
}
