// The stores of releases that a browser has pass the tests that every store has to pass.

import { cacheStore, memoryStore, opfsStore } from 'bundleseal/update';
import { storeTests } from 'bundleseal/update/testing';
import { failure } from './check.js';

/** Whether this context can write files of the origin private file system; some browsers can in dedicated workers alone. */
function hasOpfs() {
  if (globalThis.navigator?.storage?.getDirectory === undefined) return false;
  const { createWritable, createSyncAccessHandle } = globalThis.FileSystemFileHandle.prototype;
  return (createWritable ?? createSyncAccessHandle) !== undefined;
}

const STORES = {
  memoryStore: { isHere: () => true, open: () => memoryStore(), isShared: false },
  opfsStore: { isHere: hasOpfs, open: opfsStore, isShared: true },
  cacheStore: { isHere: () => 'caches' in globalThis, open: cacheStore, isShared: true },
};

let made = 0;

/** Every promise of every store is a test with a place of its own, so that a service worker can run each in an event of its own. */
export function* tests() {
  for (const [name, { isHere, open, isShared }] of Object.entries(STORES)) {
    if (!isHere()) {
      yield [
        `${name} refuses, because the runtime lacks it`,
        async () => {
          const error = await failure(() => open('lacking').writeState(new Uint8Array(1)));
          return `${name} is not here: ${error.message}`;
        },
      ];
      continue;
    }
    const places = new Map();
    const create = () => {
      const place = `runtime-${Date.now()}-${made++}`;
      const store = open(place);
      places.set(store, place);
      return store;
    };
    const reopen = isShared ? (store) => open(places.get(store)) : (store) => store;
    for (const promise of storeTests({ create, reopen })) {
      yield [`${name}: ${promise.name}`, promise.run];
    }
  }
}
