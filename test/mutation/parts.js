// The mutated files, each part with the tests that run for it. They run in the order of the list and the first failure
// decides about a mutant, so quick tests stand first. Tests of other folders would kill few more mutants and take long.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const unit = (...names) => names.map((name) => `test/unit/${name}.test.ts`);
const security = (...names) => names.map((name) => `test/security/${name}.test.ts`);
const property = (...names) => names.map((name) => `test/property/${name}.test.ts`);

const SEALED_VECTORS = 'test/vectors/sealed-v2.test.ts';

const TESTS = {
  format: [
    ...unit('format/chunks', 'format/header', 'format/metadata', 'format/text-damage'),
    SEALED_VECTORS,
    ...security('attack-truncation', 'attack-header-transplant', 'attack-downgrade'),
    ...unit('bundle/reader', 'bundle/bundle'),
    ...property('bundle'),
  ],
  seal: [
    SEALED_VECTORS,
    ...unit('bundle/bundle', 'seal/signer', 'bundle/reseal'),
    ...security(
      'rsa',
      'attack-stripped-seal',
      'attack-small-exponent',
      'attack-hostile-signer',
      'attack-header-transplant',
      'attack-key-substitution',
    ),
  ],
  keys: [
    ...unit(
      'keys/parse',
      'keys/refused-keys',
      'keys/mistaken-keys',
      'keys/der',
      'keys/weak',
      'keys/repair',
      'keys/find-private.node',
    ),
    SEALED_VECTORS,
    ...security('rsa', 'attack-small-exponent', 'attack-key-substitution'),
    ...property('keys'),
  ],
  // Apart from `keys`: these tests generate keys and take longer than the tests of all other keys.
  'keys/keygen': unit('keys/primes', 'keys/keygen.node', 'keys/keygen'),
  backend: [
    ...unit(
      'backend/copies',
      'backend/memory.node',
      'backend/other-runtimes.node',
      'backend/thread-ring.node',
      'backend/node-worker.node',
      'backend/cipher',
      'backend/select.node',
      'backend/backends',
      'backend/thread.node',
      'backend/recycled-rooms',
    ),
    SEALED_VECTORS,
    ...unit('bundle/chunk-work', 'bundle/wiping', 'backend/work', 'backend/node.node'),
    ...security('attack-changing-memory.node'),
  ],
  sources: [
    ...unit(
      'sources/content-range',
      'sources/stream-reader',
      'sources/blob-brand',
      'sources/random-access.node',
      'sources/http-source',
      'sources/http-version',
      'sources/http-fetch',
      'sources/http-answer',
      'sources/http-redirect.node',
      'sources/http-origin.node',
      'sources/http-source.node',
      'sources/http-ignored-range.node',
      'sources/http-abort.node',
      'sources/http-time.node',
      'sources/http-page.node',
      'sources/http-servers.node',
      'sources/stubborn-sources.node',
      'bundle/reader',
      'bundle/reader-requests',
    ),
    ...security(
      'hostile-sources',
      'attack-hostile-blob',
      'attack-hostile-random-access',
      'attack-hostile-stream',
    ),
    ...unit('bundle/streams', 'bundle/both-streams', 'options'),
    ...property('http'),
    ...security('attack-tiny-pieces.node'),
  ],
  // Without the property tests and the long streams: every survivor would wait for them.
  bundle: [
    SEALED_VECTORS,
    ...unit(
      'bundle/open-header',
      'bundle/pipeline',
      'bundle/checksum',
      'bundle/chunk-work',
      'backend/recycled-rooms',
      'bundle/stream-output',
      'bundle/wiping',
      'bundle/bundle',
      'bundle/reader',
      'bundle/reader-requests',
      'bundle/streams',
      'bundle/both-streams',
      'bundle/reseal',
      'seal/signer',
      'options',
    ),
    ...security(
      'attack-another-app',
      'attack-kind-confusion',
      'attack-chunk-reorder',
      'attack-downgrade',
      'attack-fixed-pattern',
      'attack-header-transplant',
      'attack-hostile-blob',
      'attack-hostile-random-access',
      'attack-hostile-signer',
      'attack-hostile-stream',
      'attack-prototype-pollution',
      'attack-session-key-reuse',
      'attack-stripped-seal',
      'attack-truncation',
      'hostile-sources',
    ),
    ...unit('bundle/reader.node', 'sources/blob-brand', 'bundle/inspect', 'sources/stream-reader'),
  ],
  // Writing, and what reading and writing share.
  'archive/write': [
    ...unit(
      'archive/paths',
      'archive/limits',
      'archive/encode',
      'archive/shared',
      'archive/generator-stream',
      'archive/parts',
      'archive/archive',
      'archive/content',
      'archive/content-streams',
      'archive/tools',
    ),
    ...security('zip-hostile'),
    ...unit('archive/write', 'archive/write-work'),
  ],
  'archive/read': [
    ...unit(
      'archive/refusals',
      'archive/parts',
      'archive/pieces',
      'archive/archive',
      'archive/inflate.node',
      'archive/names.node',
      'archive/check',
    ),
    ...security('zip-hostile'),
    ...unit('archive/read', 'archive/open-zip', 'archive/stream'),
    ...security('zip-bombs', 'zip-overlaps'),
    ...property('zip'),
  ],
  // Without the tests that kill processes and those of large files, because every survivor would wait for them.
  files: [
    ...unit(
      'files/temporary.node',
      'files/error.node',
      'files/calls.node',
      'files/chunk-file.node',
      'files/output-file.node',
      'files/old-garbage.node',
      'files/read-directory.node',
      'files/read-found.node',
      'files/write-files.node',
      'files/read-ahead.node',
      'files/replace-folder.node',
      'files/messages.node',
      'files/files.node',
      'files/outputs.node',
      'files/kinds.node',
      'files/arguments.node',
      'files/file-source.node',
      'files/faults.node',
      'files/aborts.node',
      'files/disk-faults.node',
      'files/zip-directory.node',
      'files/reused-memory.node',
      'files/zip-ignored.node',
      'files/unzip-file.node',
      'files/zip-files-faults.node',
      'files/zip-files-hostile.node',
      'files/zip-files-disks.node',
      'files/seal-directory.node',
      'files/open-to-directory.node',
      'files/races.node',
      'files/unheld.node',
      'files/lenient.node',
    ),
    ...property('files.node'),
  ],
  capgo: [
    ...unit(
      'capgo/options',
      'capgo/secrets',
      'capgo/cbc',
      'capgo/brotli.node',
      'capgo/pass.node',
      'capgo/keygen.node',
      'capgo/manifest',
      'capgo/files.node',
      'capgo/format.node',
      'capgo/capgo',
    ),
    ...security('capgo', 'attack-manifest-swap'),
    ...property('capgo'),
  ],
  release: [
    ...unit(
      'release/options',
      'release/json',
      'release/stamp',
      'release/id',
      'release/choose',
      'release/image',
      'release/patch-header',
      'release/keys',
      'release/index',
    ),
    'test/vectors/index-v1.test.ts',
    ...security(
      'attack-fast-forward',
      'attack-half-a-release',
      'attack-index-freeze',
      'attack-index-key-substitution',
      'attack-index-mix-and-match',
      'attack-index-rollback',
      'attack-index-time-poisoning',
      'attack-index-wrong-channel',
      'attack-patch-bomb',
      'attack-patch-endless-data',
      'attack-patch-forged',
      'attack-patch-wrong-base',
      'attack-release-kinds',
      'attack-release-rollback',
    ),
    ...unit('release/patch'),
    ...property('release', 'release-choice', 'release-order'),
  ],
  'release/patch': [
    'test/vectors/patch-v1.test.ts',
    'test/vectors/patch-v1.node.test.ts',
    ...security('attack-patch-bomb', 'attack-patch-endless-data', 'attack-patch-forged'),
    ...unit('release/matches', 'release/parse', 'release/patch-steps', 'release/patch'),
    ...property('patch'),
  ],
  // Without the test that kills publishers, because every survivor would wait for it.
  publish: [
    ...unit(
      'publish/index-entries.node',
      'publish/attributes.node',
      'publish/objects.node',
      'publish/places.node',
      'publish/options.node',
      'publish/stamp.node',
      'publish/prune.node',
      'publish/keys.node',
      'publish/http-place.node',
      'publish/store-folder.node',
      'publish/verify-forged.node',
      'publish/store-state.node',
      'publish/promote.node',
      'publish/verify.node',
      'publish/publish.node',
      'publish/build-folder.node',
      'publish/full-output.node',
      'publish/index-edits.node',
      'publish/lock-file.node',
      'publish/lock.node',
      'publish/faults.node',
      'publish/remote.node',
    ),
    ...property('publish.node', 'publish-hostile.node'),
    ...unit(
      'publish/patch-worker.node',
      'publish/prune-races.node',
      'publish/lock-waits.node',
      'publish/patches.node',
    ),
  ],
  // Without the tests of single stores, which belong to the next part, and of a proxy in another process.
  update: [
    ...unit(
      'update/options.node',
      'update/transition-results',
      'update/transitions',
      'update/download-ways',
      'update/store-error',
      'update/deadline',
      'update/foreground.node',
      'update/handler',
      'update/page-bindings-and-status',
      'update/serve-releases.node',
      'update/shared-work',
      'update/built-in.node',
      'update/check',
      'update/index-tag.node',
      'update/response',
      'update/transport-answers',
      'update/transport-headers',
      'update/transport',
      'update/wrong-release',
      'update/installed',
      'update/updater-calls.node',
      'update/download',
      'update/updater',
      'update/device',
      'update/device-status',
      'update/state-lock',
      'update/download-lock',
      'update/lost-release',
      'update/taken-back',
      'update/service-worker',
      'update/open-pages',
      'update/recovery',
      'update/retention',
      'update/start-count',
      'update/every-step',
      'update/stores',
      'update/store-tests.node',
      'update/capacitor-boot.node',
      'update/blocks.node',
      'update/cdn.node',
    ),
    ...security(
      'attack-device',
      'attack-late-confirmation',
      'attack-release-does-not-start',
      'attack-store-learns',
    ),
  ],
  'update/stores': [
    ...unit(
      'update/options.node',
      'update/stores',
      'update/browser-stores.node',
      'update/capacitor',
      'update/device',
      'update/updater',
      'update/device-status',
      'update/blocks.node',
      'update/state-lock',
      'update/download-lock',
      'update/lost-release',
      'update/taken-back',
      'update/capacitor-boot.node',
    ),
    ...unit('update/service-worker'),
  ],
};

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
    'archive/names.node',
  ),
  ...unit('files/reused-memory.node'),
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
