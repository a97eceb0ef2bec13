import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { playwright } from '@vitest/browser-playwright';
import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { inlineWorkersInVite } from './build/inline-worker.js';
import { CHROMIUM_ARGUMENTS, CHROMIUM_PATH } from './test/support/chromium.js';

// `npm test` runs the mode `test`. `npm run test:long` runs what takes long by nature, and again, over everything, the
// files of which `npm test` takes samples. `npm run test:fast` is for the work on one thing, in Node alone.
//
// Files run one after another in the same process or page, which saves a fifth of the time; in the long mode each file has
// a process of its own. In the other modes a file that mocks modules, counts threads or measures memory has one too: one of
// its first lines is `@vitest-environment-options { "own": "its name" }`.
const ISOMORPHIC = 'test/{unit,property,vectors,security}/**/*.test.ts';
const NODE_ONLY = ['**/*.node.test.ts', 'test/{fuzz,interop,load,meta,model}/**'];
// What only a page has, such as workers of the browser.
const PAGE_ONLY = '**/*.page.test.ts';
// Debian 12, on which CI runs, has no Swift compiler.
const SWIFT = 'test/interop/swift-readers.node.test.ts';
// `bash .ci/consumers` installs the frameworks.
const FRAMEWORKS = 'test/examples/{frameworks,routers}.node.test.ts';
// `npm run test:stores` installs an S3 server. The tests fail where a program that the guide names is missing.
const STORES = 'test/stores/*.test.ts';
const LONG = ['test/load/**/*.test.ts', '**/*.long*.test.ts'];
// Something of every folder of src/.
const FAST = [
  'test/unit/{archive,backend,bundle,capgo,format,keys,release,seal,sources,update,update-node,vite}/**/*.test.ts',
  'test/unit/cli/{config/*,not-a-zip,output}.node.test.ts',
  'test/unit/files/{lenient,open-to-directory}.node.test.ts',
  'test/unit/publish/{http-place,index-edits}.node.test.ts',
  'test/unit/*.test.ts',
  'test/vectors/**/*.test.ts',
  'test/security/attack-*.test.ts',
];
// A second or more of computing each, or a browser.
const SLOW = [
  '**/{capgo,cbc,chunk-work,cost,deflate,fold,inflate,keygen,passphrase,patch}*.test.ts',
  '**/{recycled-rooms,utf8,work}*.test.ts',
  '**/capgo/format.node.test.ts',
  '**/{attack-changing-memory,attack-hostile-signer,attack-tiny-pieces,stubborn-sources}*.test.ts',
  '**/{caching-proxy,cdn,http-page,node,service-worker}.node.test.ts',
];

const TESTS = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !file.includes('node_modules'))
  .map((file) => join('test', file));
const importing = (module: string) =>
  TESTS.filter((file) => readFileSync(file, 'utf8').includes(`/support/${module}'`));

/** The files that import test/support/scope.ts, which takes samples. */
const SAMPLED = importing('scope.ts');

/** The files that start Chromium themselves. */
const STARTS_CHROMIUM = ['browser.ts', 'chromium.js', 'chromium-process.ts'].flatMap(importing);

function filesOf(mode: string): { readonly include: string[]; readonly exclude: string[] } {
  const exclude = [...configDefaults.exclude];
  if (mode === 'long') return { include: [...LONG, ...SAMPLED], exclude };
  if (mode === 'swift') return { include: [SWIFT], exclude };
  if (mode === 'frameworks') return { include: [FRAMEWORKS], exclude };
  if (mode === 'stores') return { include: [STORES], exclude };
  if (mode === 'fast') return { include: FAST, exclude: [...exclude, ...LONG, ...SLOW] };
  return {
    include: ['test/**/*.test.ts'],
    exclude: [...exclude, SWIFT, FRAMEWORKS, STORES, ...LONG],
  };
}

// In CI a missing browser is a failure, not a shorter run.
const withChromium = existsSync(CHROMIUM_PATH) || process.env['CI'] !== undefined;
if (!withChromium) {
  console.warn(
    `Chromium: skipped, there is none at ${CHROMIUM_PATH}. Install it (Debian: apt-get install chromium) or set CHROMIUM_PATH to run the suite and the examples there.`,
  );
}

// They end a test that hangs. Where many processes share the cores, the longest takes ten times as long as alone.
const SHARED = {
  setupFiles: ['test/support/equal-bytes.ts'],
  testTimeout: 300_000,
  hookTimeout: 300_000,
  expect: { poll: { timeout: 60_000 } },
};

/**
 * One more than the cores, because many tests wait for a process, a browser or the disk. Projects that run side by side need
 * the same number.
 */
const workersOf = (mode: string) => availableParallelism() + (mode === 'long' ? 0 : 1);

const node = (mode: string) => ({
  plugins: [inlineWorkersInVite()],
  test: {
    name: 'node',
    env: { TEST_SCOPE: mode },
    include: filesOf(mode).include,
    exclude: [...filesOf(mode).exclude, PAGE_ONLY, ...(withChromium ? [] : STARTS_CHROMIUM)],
    environment: 'node',
    globalSetup: 'test/support/run-folder.ts',
    isolate: mode === 'long',
    maxWorkers: workersOf(mode),
    ...SHARED,
  },
});

const chromium = (mode: string) => {
  const { include, exclude } = filesOf(mode);
  return {
    plugins: [inlineWorkersInVite()],
    server: { host: '127.0.0.1' },
    // Named, so that none is found in the middle of a run and reloads the page.
    optimizeDeps: {
      include: [
        '@capacitor/filesystem',
        'fast-check',
        'fflate',
        '@noble/ciphers/aes.js',
        '@noble/hashes/sha2.js',
        'micro-rsa-dsa-dh/primality.js',
        'micro-rsa-dsa-dh/utils.js',
        'mrmime',
      ],
    },
    test: {
      name: 'chromium',
      env: { TEST_SCOPE: mode },
      include: mode === 'long' ? include : [ISOMORPHIC],
      exclude: [...exclude, ...NODE_ONLY],
      isolate: false,
      maxWorkers: workersOf(mode),
      ...SHARED,
      browser: {
        enabled: true,
        headless: true,
        // One page: the other cores run the tests of Node.
        fileParallelism: false,
        screenshotFailures: false,
        provider: playwright({
          launchOptions: {
            executablePath: CHROMIUM_PATH,
            args: CHROMIUM_ARGUMENTS,
          },
        }),
        instances: [{ browser: 'chromium' as const }],
      },
    },
  };
};

/**
 * Runs the files with processes of their own first. Each of them would end a process that other files share, and the next
 * one would load everything again.
 */
class OwnProcessesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isOwn = ({ moduleId }: TestSpecification) =>
      readFileSync(moduleId, 'utf8').includes('@vitest-environment-options');
    return [...sorted.filter(isOwn), ...sorted.filter((file) => !isOwn(file))];
  }
}

export default defineConfig(({ mode }) => ({
  test: {
    sequence: { sequencer: OwnProcessesFirst },
    projects: withChromium && mode !== 'fast' ? [node(mode), chromium(mode)] : [node(mode)],
  },
}));
