import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { FOLDERS } from './folders.js';

const folder = process.env['MUTATED_FOLDER'];
const tests = FOLDERS[folder as keyof typeof FOLDERS];

/** Files in the order of the list. */
class AsListed extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) =>
      tests.findIndex((test) => moduleId.endsWith(test));
    return [...files].sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    include: tests,
    environment: 'node',
    testTimeout: 120_000,
    setupFiles: ['test/mutation/setup.ts'],
    sequence: { sequencer: AsListed },
  },
});
