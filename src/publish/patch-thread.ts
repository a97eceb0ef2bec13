// Starts threads that make the instructions of patches. Each thread makes one patch at a time.

import { Worker } from 'node:worker_threads';
import type { Encode } from '../release/code-patch.ts';
import { whileWanted } from '../signals.ts';
import type { FromPatchThread, PatchJob } from './patch-worker.ts';
import CODE from './patch-worker.ts?thread';

export interface PatchThread {
  /** Rejects with a {@link LostThread} if the thread dies or was ended. */
  readonly encode: Encode;
  end(): void;
}

/** The thread did not start, has died or was ended. The caller makes the patch in its own thread. */
export class LostThread extends Error {}

/**
 * Runs `work` once for each thread, all runs at the same time, and ends the threads afterwards. If one run fails, it aborts the
 * signal of all runs, and rejects when all have settled.
 */
export async function withThreads(
  count: number,
  signal: AbortSignal | undefined,
  work: (given: { readonly thread: PatchThread; readonly signal: AbortSignal }) => Promise<void>,
): Promise<void> {
  const threads = Array.from({ length: count }, createPatchThread);
  const end = () => {
    for (const thread of threads) thread.end();
  };
  await whileWanted([signal], async (wanted, abort) => {
    wanted.addEventListener('abort', end);
    const runs = threads.map((thread) =>
      work({ thread, signal: wanted }).catch((error: unknown) => {
        abort(error);
        throw error;
      }),
    );
    await Promise.allSettled(runs);
    end();
    await Promise.all(runs);
  });
}

/** Makes a thread that starts when it gets its first patch. */
function createPatchThread(): PatchThread {
  let worker: Worker | undefined;
  let isEnded = false;
  let heard: (message: FromPatchThread) => void = () => {};
  let lost: (error: LostThread) => void = () => {};

  const die = (cause?: unknown) => {
    isEnded = true;
    void worker?.terminate();
    lost(new LostThread('the thread of a patch ended', { cause }));
  };
  const start = () => {
    const started = new Worker(CODE, {
      eval: true,
      name: 'bundleseal-patch',
      // The thread needs neither the caller's loaders nor its variables, and starts sooner without them.
      env: {},
      execArgv: [],
    });
    started.on('message', (message: FromPatchThread) => heard(message));
    started.on('error', die).on('messageerror', die).on('exit', die);
    return started;
  };

  return {
    encode(space, oldLength, tell) {
      return new Promise((resolve, reject) => {
        lost = reject;
        heard = (message) => {
          if ('coded' in message) resolve(message.coded);
          else tell(message.done);
        };
        if (isEnded) {
          die();
          return;
        }
        try {
          worker ??= start();
          const job: PatchJob = { space, oldLength };
          worker.postMessage(job, [space.buffer]);
        } catch (error) {
          // The thread could not start: memory or a permission is missing.
          die(error);
        }
      });
    },
    end: die,
  };
}
