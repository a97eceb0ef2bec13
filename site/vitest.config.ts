import { defineConfig } from 'vitest/config';

// Over the built site, by the Vitest of the package. They share the machine with one browser: one file at a time.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // For a machine that does other work beside it.
    expect: { poll: { timeout: 300_000 } },
  },
});
