// `storeTests` fails for a store whose lock stays held after a task has failed.

import { expect, it } from 'vitest';
import { memoryStore, type ReleaseStore } from '../../../src/update.ts';
import { storeTests } from '../../../src/update-testing.ts';

/** A store that runs no task under a name after one has failed. It gives up instead of waiting forever. */
function storeWithStuckLocks(): ReleaseStore {
  const store = memoryStore();
  const stuck = new Set<string>();
  return {
    ...store,
    async lock(name, task) {
      if (stuck.has(name)) return undefined as never;
      try {
        return await store.lock(name, task);
      } catch (error) {
        stuck.add(name);
        throw error;
      }
    },
  };
}

it('the tests of a store notice a lock that stays held after its task has failed', async () => {
  const tests = storeTests({ create: storeWithStuckLocks });
  const failures: string[] = [];
  for (const { name, run } of tests) {
    await run().catch(({ message }: Error) => failures.push(`${name}: ${message}`));
  }
  expect(failures).toEqual([
    'one task at a time holds a lock, also after a task has failed: the store breaks a rule: lock returns the result of its task',
  ]);
});
