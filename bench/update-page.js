// The code for starts that runs inside Chromium; bundled from dist/.

import { cacheStore, opfsStore } from '../dist/update.js';
import { measureStart } from './update-world.js';

const STORES = { opfsStore: () => opfsStore('bench'), cacheStore: () => cacheStore('bench') };

globalThis.bench = {
  measureStart: ({ store, pair, rounds }) => measureStart(STORES[store], pair, rounds),
};
