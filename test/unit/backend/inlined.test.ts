// Modules for Node, where a bundler has put them into a script for browsers: they are run and not called.

import { expect, it } from 'vitest';

// Rollup inlines dynamic imports into a script of one file, such as a service worker, and runs all of them at once.
it.each([
  ['the backend', () => import('../../../src/backend/node.ts')],
  ["the cipher of Capgo's format", () => import('../../../src/capgo/cbc-node.ts')],
])('the module of %s is loaded outside of Node without an error', async (_, load) => {
  expect(Object.keys(await load()).length).toBeGreaterThan(0);
});
