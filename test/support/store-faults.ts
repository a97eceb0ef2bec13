// Faults of stores, for the tests of `storeTests`.

import type { ReleaseReader, ReleaseStore } from '../../src/update.ts';

/** Changes calls of a store so that it breaks a rule. */
export type Fault = (store: ReleaseStore) => Partial<ReleaseStore>;

/** Changes calls of the readers of a store. */
export const reading = (change: (reader: ReleaseReader) => Partial<ReleaseReader>): Fault => {
  return (store) => ({
    async open(id) {
      const reader = await store.open(id);
      return { ...reader, ...change(reader) };
    },
  });
};

/** Shows a release from its first file on. */
export const early = (store: ReleaseStore): Partial<ReleaseStore> => ({
  async write(id, files) {
    const seen: { path: string; bytes: Uint8Array }[] = [];
    for await (const file of files) {
      seen.push({ path: file.path, bytes: file.bytes.slice() });
      await store.write(id, seen.values() as never);
    }
  },
});

/** Gives the bytes that came last for a path, also if their release failed. */
export const givingLast = (keep: (bytes: Uint8Array) => Uint8Array): Fault => {
  return (store) => {
    const last = new Map<string, Uint8Array>();
    async function* watched(files: Parameters<ReleaseStore['write']>[1]) {
      for await (const file of files) {
        last.set(file.path, keep(file.bytes));
        yield file;
      }
    }
    return {
      write: (id, files) => store.write(id, watched(files)),
      ...reading(({ read }) => ({ read: async (path) => last.get(path) ?? read(path) }))(store),
    };
  };
};
