// The layers of src/: every folder and top-level file has a floor, and imports go down. `npm run update:layers` draws
// them into CONTRIBUTING.md; test/meta/layers.node.test.ts applies the rules.

/** From the ground up. Each room may import itself and the rooms above it in this list. */
export const FLOORS = [
  'errors',
  'bytes',
  'base64',
  'utf8',
  'fold-table',
  'fold',
  'signals',
  'turn',
  'options',
  'format',
  'backend',
  'keys',
  'seal',
  'sources',
  'bundle',
  'archive',
  'files',
  'capgo',
  'release',
  'publish',
  'update',
  'update-node',
  'update-testing',
  'index',
  'node',
  'zip',
  'capgo-node',
  'vite',
  'cli',
];

const PRIMITIVES =
  '^(@noble/|micro-rsa-dsa-dh)|node_modules/(@noble|micro-rsa-dsa-dh)/|^(node:)?crypto$';
const MAY_IMPORT_PRIMITIVES = '^src/(backend/(noble|sha256)\\.ts|capgo/cbc-noble\\.ts|keys/|seal/)';
// Neither a file of src/, nor a module of Node, nor an import that only the compiler sees.
const packages = (...allowed) => ({
  pathNot: ['^src/', ...allowed],
  dependencyTypesNot: [...TYPES, 'core'],
});

const room = (...names) => `^src/(${names.join('|')})(\\.ts$|/)`;
// `import type`, and `import('…')` in a type.
const TYPES = ['type-only', 'type-import'];
const runTime = { dependencyTypesNot: TYPES };

const downward = FLOORS.slice(0, -1).map((name, floor) => ({
  name: `${name}-imports-downward`,
  comment: `src/${name} may import only rooms before it in FLOORS.`,
  severity: 'error',
  from: { path: room(name) },
  to: { path: room(...FLOORS.slice(floor + 1)) },
}));

export default {
  forbidden: [
    ...downward,
    {
      name: 'every-file-has-a-floor',
      comment: 'A new folder or top-level file of src/ needs a place in FLOORS.',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: room(...FLOORS) },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: runTime },
    },
    {
      name: 'no-unresolved-imports',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'primitives-stay-below',
      comment:
        'Only backend/noble, backend/sha256, capgo/cbc-noble, keys and seal import cryptography.',
      severity: 'error',
      from: { path: '^src/', pathNot: MAY_IMPORT_PRIMITIVES },
      to: { ...runTime, path: PRIMITIVES },
    },
    {
      name: 'few-packages',
      comment: 'The library imports primitives. The command line bundles its own packages.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli|update)(\\.ts$|/)' },
      to: packages(PRIMITIVES),
    },
    {
      name: 'update-imports-media-types-alone',
      comment: 'The table of media types is a package; everything else is of this repository.',
      severity: 'error',
      from: { path: '^src/update(\\.ts$|/)' },
      to: packages('mrmime'),
    },
    {
      name: 'node-modules-stay-in-files-publish-vite-and-cli',
      comment:
        'Elsewhere process.getBuiltinModule gives modules of Node, so that bundlers for browsers find none.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(files|publish|update-node|vite|cli)(\\.ts$|/)' },
      to: { ...runTime, dependencyTypes: ['core'] },
    },
    {
      name: 'backends-are-chosen-by-backend',
      comment: 'Nothing outside of backend/ imports a concrete backend.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/backend/' },
      to: { path: '^src/backend/(node|webcrypto|noble)\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
