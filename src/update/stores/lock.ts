// Locks between the tabs and workers of one origin.

import type { StoreLock } from '../release-store.ts';

interface LockManager {
  request<T>(name: string, task: () => Promise<T>): Promise<T>;
}

/** Of this process, by scope and name: two stores of one place wait for each other. */
const last = new Map<string, Promise<unknown>>();

export type Lock = <T>(name: StoreLock, task: () => Promise<T>) => Promise<T>;

/**
 * Takes Web Locks where the runtime has them: the browser takes a lock from a tab or worker that is gone. Elsewhere the tasks
 * of this process queue.
 *
 * @param scope - Tells the locks of one place from those of another.
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
