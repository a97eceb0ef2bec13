// Locks between the tabs and workers of one origin.

import type { StoreLock } from '../release-store.ts';

interface LockManager {
  request<T>(name: string, task: () => Promise<T>): Promise<T>;
}

/** The last task of this process for each scope and name, so that two stores of one place wait for each other. */
const last = new Map<string, Promise<unknown>>();

export type Lock = <T>(name: StoreLock, task: () => Promise<T>) => Promise<T>;

/**
 * Uses Web Locks if the runtime has them: the browser then releases the lock of a closed tab or worker. Other runtimes queue
 * the tasks of this process.
 *
 * @param scope - Identifies the place, so that the locks of two places are independent.
 */
export function createLock(scope: string): Lock {
  const { locks } = (globalThis.navigator ?? {}) as { readonly locks?: LockManager };
  if (locks !== undefined) return (name, task) => locks.request(`${scope} ${name}`, task);
  return (name, task) => {
    const key = `${scope} ${name}`;
    const result = (last.get(key) ?? Promise.resolve()).then(task);
    last.set(
      key,
      result.catch(() => {}),
    );
    return result;
  };
}
