// The code of a thread that makes the instructions of patches. The build embeds it as text (`patch-worker.ts?thread`).

import { encodeInstructions } from '../release/patch/encode.ts';

/** The old image, followed by the new one. */
export interface PatchJob {
  readonly space: Uint8Array<ArrayBuffer>;
  readonly oldLength: number;
}

/** The number of bytes of the new image that are done, or the coded instructions. */
export type FromPatchThread = { readonly done: number } | { readonly coded: Uint8Array };

// Bytes of the new image between two messages about the progress.
const BYTES_PER_MESSAGE = 2 ** 18;

/** Does each job that arrives at the port, and posts its progress and its result. */
export function main(): void {
  const port = globalThis.process.getBuiltinModule('node:worker_threads').parentPort;
  const post = (message: FromPatchThread, transfer: ArrayBuffer[] = []) =>
    port?.postMessage(message, transfer);
  port?.on('message', ({ space, oldLength }: PatchJob) => {
    const steps = encodeInstructions(space, oldLength);
    let told = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) {
      if (step.value - told < BYTES_PER_MESSAGE) continue;
      told = step.value;
      post({ done: told });
    }
    const coded = step.value as Uint8Array<ArrayBuffer>;
    post({ coded }, [coded.buffer]);
  });
}
