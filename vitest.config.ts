import { existsSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { inlineWorkersInVite } from './build/inline-worker.js';
import { CHROMIUM_ARGUMENTS, CHROMIUM_PATH } from './test/support/chromium.js';

const ISOMORPHIC = 'test/{unit,property,vectors,security}/**/*.test.ts';
const NODE_ONLY = '**/*.node.test.ts';

// In CI a missing browser is a failure, not a shorter run.
const withChromium = existsSync(CHROMIUM_PATH) || process.env['CI'] !== undefined;
if (!withChromium) {
  console.warn(
    `Chromium: skipped, there is none at ${CHROMIUM_PATH}. Install it (Debian: apt-get install chromium) or set CHROMIUM_PATH to run the same suite there.`,
  );
}

const node = {
  plugins: [inlineWorkersInVite()],
  test: {
    name: 'node',
    include: ['test/**/*.test.ts'],
    environment: 'node',
    testTimeout: 120_000,
  },
};

const chromium = {
  plugins: [inlineWorkersInVite()],
  server: { host: '127.0.0.1' },
  // Named, so that none is found in the middle of a run and reloads the page.
  optimizeDeps: {
    include: [
      'fast-check',
      'fflate',
      '@noble/ciphers/aes.js',
      '@noble/hashes/sha2.js',
      'micro-rsa-dsa-dh/primality.js',
      'micro-rsa-dsa-dh/utils.js',
    ],
  },
  test: {
    name: 'chromium',
    include: [ISOMORPHIC],
    exclude: [NODE_ONLY],
    testTimeout: 120_000,
    browser: {
      enabled: true,
      headless: true,
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

export default defineConfig({
  test: { projects: withChromium ? [node, chromium] : [node] },
});
