import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';
import { inlineWorkersInVite } from '../../build/inline-worker.js';
import { PARTS } from './parts.js';

const { tests } = PARTS[process.env.MUTATED_PART];
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
    // A test that waits for ever fails by itself: Stryker's own clock counts all tests, and starts a new process after.
    testTimeout: TIMEOUT,
    hookTimeout: TIMEOUT,
    setupFiles: ['test/mutation/setup.js'],
    sequence: { sequencer: AsListed },
  },
});
