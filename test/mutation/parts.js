// The mutated files, each part with the tests that run for it.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { security, TESTS, unit } from './tests.js';

// Parts whose tests can share one worker, which takes a third of the time for a mutant that survives. Stryker starts a new
// worker for each mutant. A test file that needs a process of its own (vitest.config.ts) stands last in these lists.
const SHARED = new Set([
  'sources',
  'release',
  'release/patch',
  'publish',
  'update',
  'update/stores',
]);

// Tests that mock modules of the library, or that it imports.
const MOCKING = [
  ...security('attack-changing-memory.node'),
  ...unit(
    'publish/prune-races.node',
    'publish/lock-waits.node',
    'publish/patches.node',
    'capgo/keygen.node',
    'keys/keygen.node',
    'archive/read/names.node',
  ),
  ...unit('files/reused-memory.node', 'files/machine.node'),
];

// A part without a pattern here mutates the files that stand directly in the folder of its name.
const FILES = {
  keys: /^keys\/(?!keygen|primes)[^/]+$/,
  'keys/keygen': /^keys\/(keygen|primes)\.ts$/,
  'archive/write':
    /^archive\/(write\/|format\/(?!(cursor|end-records|entry|extra|records)\.ts$)|(?!check)[^/]+$)/,
  'archive/read':
    /^archive\/(read\/|format\/(cursor|end-records|entry|extra|records)\.ts$|check\.ts$)/,
};

const SRC = join(import.meta.dirname, '../../src');
const sources = readdirSync(SRC, { recursive: true })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'))
  .sort();

function filesOf(name) {
  const wanted = FILES[name] ?? new RegExp(`^${name}/[^/]+$`);
  return sources.filter((file) => wanted.test(file)).map((file) => `src/${file}`);
}

/** By name; `result` is the file that keeps the outcome. */
export const PARTS = Object.fromEntries(
  Object.entries(TESTS).map(([name, tests]) => [
    name,
    {
      folder: name.split('/')[0],
      tests,
      files: filesOf(name),
      mocking: tests.filter((test) => MOCKING.includes(test)),
      isolate: !SHARED.has(name),
      result: `test/mutation/results/${name.replace('/', '-')}.json`,
      sample: `test/mutation/results/${name.replace('/', '-')}-sample.json`,
    },
  ]),
);
