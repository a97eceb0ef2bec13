// Locks between the tabs and workers of one origin.

import type { StoreLock } from '../release-store.ts';

interface LockManager {
  request<T>(name: string, task: () => Promise<T>): Promise<T>;
}

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
  return (name, task) => ofThisProcess(`${scope} ${name}`, task);
}

/** Makes a lock that runs the tasks of each name one after the other. Only callers of this lock wait for each other. */
export function createQueue(): <T>(name: string, task: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (name, task) => {
    const result = (last.get(name) ?? Promise.resolve()).then(task);
    last.set(
      name,
      result.catch(() => {}),
    );
    return result;
  };
}

/** One queue for all stores, so that two stores of one place wait for each other. */
const ofThisProcess = /* @__PURE__ */ createQueue();
