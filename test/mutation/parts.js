// What is mutated, each part with the tests that are there for it, in the order in which they run: a mutant is
// done with at the first test that fails, so quick and close ones stand first. Tests of other folders would notice
// more, seldom, and late.

const unit = (...names) => names.map((name) => `test/unit/${name}.test.ts`);
const security = (...names) => names.map((name) => `test/security/${name}.test.ts`);
const property = (...names) => names.map((name) => `test/property/${name}.test.ts`);

const VECTORS = 'test/vectors/sealed-v2.test.ts';

const TESTS = {
  format: [
    ...unit('chunks', 'header', 'metadata', 'text-damage'),
    VECTORS,
    ...security('attack-truncation', 'attack-header-transplant', 'attack-downgrade'),
    ...unit('reader', 'bundle'),
    ...property('bundle'),
  ],
  seal: [
    VECTORS,
    ...unit('bundle', 'signer', 'reseal'),
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
    ...unit('keys-parse', 'keys-der', 'keys-weak', 'keys-repair', 'find-private.node'),
    VECTORS,
    ...security('rsa', 'attack-small-exponent', 'attack-key-substitution'),
    ...property('keys'),
  ],
  // Apart, for its tests make keys, and take longer than those of all other keys.
  'keys/keygen': unit('primes', 'keygen.node', 'keygen'),
  // Without the property tests and the long streams: every survivor would wait for them.
  bundle: [
    VECTORS,
    ...unit(
      'open',
      'pipeline',
      'checksum',
      'chunk-work',
      'recycled-rooms',
      'stream-output',
      'wiping',
    ),
    ...unit('bundle', 'reader', 'reader-requests', 'streams', 'reseal', 'signer', 'options'),
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
    ...unit('reader.node', 'blob-brand', 'inspect', 'stream-reader'),
  ],
  // What writes archives, and what both halves share.
  'archive/write': [
    ...unit(
      'zip-paths',
      'zip-limits',
      'zip-encode',
      'zip-shared',
      'zip-generator-stream',
      'zip-parts',
      'zip-archive',
      'zip-content',
      'zip-tools',
    ),
    ...security('zip-hostile'),
    ...unit('zip-write'),
  ],
  'archive/read': [
    ...unit('zip-refusals', 'zip-parts', 'zip-pieces', 'zip-names.node', 'zip-check'),
    ...security('zip-hostile'),
    ...unit('zip-read', 'zip-stream'),
    ...security('zip-bombs'),
    ...property('zip'),
  ],
  capgo: [
    ...unit(
      'capgo-options',
      'capgo-secrets',
      'capgo-cbc',
      'capgo-brotli.node',
      'capgo-pass.node',
      'capgo-keygen.node',
      'capgo-manifest',
      'capgo-files.node',
      'capgo-wire.node',
      'capgo',
    ),
    ...security('capgo', 'attack-manifest-swap'),
    ...property('capgo'),
  ],
};

const WRITING =
  'archive,content,crc32,deflate,encode,layout,limits,pace,paths,pieces,refuse,streams,write,zip';

const FILES = {
  keys: ['src/keys/*.ts', '!src/keys/{keygen,primes}.ts'],
  'keys/keygen': ['src/keys/{keygen,primes}.ts'],
  'archive/write': [`src/archive/{${WRITING}}.ts`],
  'archive/read': ['src/archive/*.ts', `!src/archive/{${WRITING}}.ts`],
};

/** By name; `result` is the file that keeps what was found. */
export const PARTS = Object.fromEntries(
  Object.entries(TESTS).map(([name, tests]) => [
    name,
    {
      folder: name.split('/')[0],
      tests,
      files: FILES[name] ?? [`src/${name}/*.ts`],
      result: `test/mutation/results/${name.replace('/', '-')}.json`,
    },
  ]),
);
