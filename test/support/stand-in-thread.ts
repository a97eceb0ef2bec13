import { EventEmitter } from 'node:events';
import type { WorkerOptions } from 'node:worker_threads';
import { type Mock, vi } from 'vitest';
import { POSTED, TAKEN, type ThreadData } from '../../src/backend/node-ring.ts';
import { openRing } from '../../src/backend/node-worker.ts';

/** Stands in for the second thread: begins and does a chunk only when a test says so. */
export class StandInThread extends EventEmitter {
  readonly options: WorkerOptions;
  readonly data: ThreadData;
  readonly unref: Mock<() => void> = vi.fn();
  readonly terminate: Mock<() => Promise<number>> = vi.fn(async () => 0);
  readonly #state: Int32Array;
  readonly #serve: (slot: number) => void;

  constructor(options: WorkerOptions) {
    super();
    this.options = options;
    this.data = options.workerData as ThreadData;
    this.#state = new Int32Array(this.data.memory, 0, this.data.slots + 1);
    this.#serve = openRing(this.data);
  }

  /** The session key that the thread would use. */
  get key(): Uint8Array {
    return new Uint8Array(this.data.memory, this.data.keyAt, 32).slice();
  }

  /** The slots that hold a chunk that the thread has not begun. */
  get posted(): number[] {
    return Array.from({ length: this.data.slots }, (_, slot) => slot).filter(
      (slot) => Atomics.load(this.#state, slot) === POSTED,
    );
  }

  start(): void {
    Atomics.store(this.#state, this.data.slots, 1);
  }

  /** Begins the chunk in the slot and does not finish it. */
  begin(slot: number): void {
    Atomics.compareExchange(this.#state, slot, POSTED, TAKEN);
  }

  /** Does the chunk in the slot. */
  serve(slot: number): void {
    Atomics.compareExchange(this.#state, slot, TAKEN, POSTED);
    // The ring would wait for a chunk forever, and block this thread.
    if (!this.posted.includes(slot)) throw new Error(`there is no chunk in slot ${slot}`);
    this.#serve(slot);
  }
}

/** Has each second thread replaced by a stand-in, on a machine with this number of cores. */
export function withStandIns(cores: number): StandInThread[] {
  const real = process.getBuiltinModule;
  const threads: StandInThread[] = [];
  // Not a class, because the thread is made with `new` and the result is another object.
  function Worker(_code: string, options: WorkerOptions) {
    const thread = new StandInThread(options);
    threads.push(thread);
    return thread;
  }
  vi.spyOn(process, 'getBuiltinModule').mockImplementation(((id: string) => {
    if (id === 'node:worker_threads') return { Worker };
    return id === 'node:os' ? { availableParallelism: () => cores } : real(id as never);
  }) as typeof real);
  return threads;
}
