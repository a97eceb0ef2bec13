import { Worker } from 'node:worker_threads';
import { vi } from 'vitest';

/** Records the threads that are started. */
export function watchThreads(): Worker[] {
  const real = process.getBuiltinModule;
  const threads: Worker[] = [];
  class Watched extends Worker {
    constructor(...parameters: ConstructorParameters<typeof Worker>) {
      super(...parameters);
      threads.push(this);
    }
  }
  vi.spyOn(process, 'getBuiltinModule').mockImplementation(((id: string) =>
    id === 'node:worker_threads' ? { Worker: Watched } : real(id as never)) as typeof real);
  return threads;
}
