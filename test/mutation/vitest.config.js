import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';
import { inlineWorkersInVite } from '../../build/inline-worker.js';
import { PARTS } from './parts.js';

const { tests, isolate } = PARTS[process.env.MUTATED_PART];
const TIMEOUT = 1000 * Number(process.env.MUTATION_SECONDS ?? 20);

/** Files in the order of the list. */
class AsListed extends BaseSequencer {
  async sort(files) {
    const place = ({ moduleId }) => tests.findIndex((test) => moduleId.endsWith(test));
    return [...files].sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  plugins: [inlineWorkersInVite()],
  test: {
    include: tests,
    environment: 'node',
    isolate,
    // Ends a test that waits forever. Stryker's own limit is for all tests together, and it then starts a new process.
    testTimeout: TIMEOUT,
    hookTimeout: TIMEOUT,
    setupFiles: ['test/mutation/setup.js'],
    sequence: { sequencer: AsListed },
  },
});
