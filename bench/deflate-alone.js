// @ts-check Threads that only deflate the pieces of a zip: the limit of any way to share the work of zipBundle.

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { inlineWorker } from '../build/inline-worker.js';

const THREAD = fileURLToPath(new URL('deflate-thread.js', import.meta.url));

/**
 * Starts threads that each have an equal share of the bytes.
 *
 * @param {readonly Uint8Array[]} contents @param {number} count
 */
export async function startDeflating(contents, count) {
  const { text } = await inlineWorker(THREAD);
  const threads = Array.from({ length: count }, (_, index) => {
    return new Worker(text, { eval: true, workerData: { contents, index, count } });
  });
  await Promise.all(threads.map((thread) => once(thread, 'message')));
  return {
    /** Deflates all pieces once. Returns the number of pieces and of deflated bytes. */
    async run() {
      const answers = threads.map((thread) => once(thread, 'message'));
      for (const thread of threads) thread.postMessage('go');
      const done = (await Promise.all(answers)).map(([answer]) => answer);
      return {
        pieces: done.reduce((sum, { pieces }) => sum + pieces, 0),
        bytes: done.reduce((sum, { bytes }) => sum + bytes, 0),
      };
    },
    end: () => Promise.all(threads.map((thread) => thread.terminate())),
  };
}
