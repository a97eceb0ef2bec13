// The code of the thread that makes patches, run in this thread with a port of its own.
// @vitest-environment-options { "own": "patch-worker" }

import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type FromPatchThread, main, type PatchJob } from '../../../src/publish/patch-worker.ts';
import { encodeInstructions } from '../../../src/release/patch/encode.ts';

afterEach(() => void vi.restoreAllMocks());

/** Starts the code with a port, and returns a function that sends it a job and returns what it posts. */
function start() {
  const posted: { message: FromPatchThread; transfer: ArrayBuffer[] }[] = [];
  const parentPort = Object.assign(new EventEmitter(), {
    postMessage: (message: FromPatchThread, transfer: ArrayBuffer[]) =>
      posted.push({ message, transfer }),
  });
  const found = vi.spyOn(process, 'getBuiltinModule').mockReturnValue({ parentPort });
  main();
  expect(found).toHaveBeenCalledWith('node:worker_threads');
  return (job: PatchJob) => {
    posted.length = 0;
    parentPort.emit('message', job);
    return [...posted];
  };
}

/** The coded instructions of a job, and the steps in which they are made. */
function expectedOf({ space, oldLength }: PatchJob) {
  const work = encodeInstructions(space, oldLength);
  const steps: number[] = [];
  let step = work.next();
  for (; step.done !== true; step = work.next()) steps.push(step.value);
  return { coded: step.value, steps };
}

/** Two images in which hardly any bytes repeat. */
function jobOf(oldLength: number, newLength: number): PatchJob {
  const space = new Uint8Array(oldLength + newLength);
  let state = 1;
  for (let at = 0; at < space.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    space[at] = state >>> 24;
  }
  return { space, oldLength };
}

describe('the thread of patches', () => {
  it('posts the coded instructions of each job, and hands over their memory', () => {
    const send = start();
    for (const job of [jobOf(6000, 3000), jobOf(5000, 9000)]) {
      const { coded } = expectedOf(job);
      const posted = send(job);
      expect(posted.map(({ message }) => message)).toEqual([{ coded }]);
      const [{ message, transfer }] = posted as [{ message: { coded: Uint8Array }; transfer: [] }];
      expect(transfer).toEqual([message.coded.buffer]);
    }
  });

  it('tells its progress at most once for each 256 KiB of the new image', () => {
    const job = jobOf(6000, 700_000);
    const { steps } = expectedOf(job);
    const posted = start()(job).slice(0, -1);
    const told = posted.map(({ message }) => (message as { done: number }).done);
    for (const { transfer } of posted) expect(transfer).toEqual([]);
    let last = 0;
    const expected = steps.filter((step) => {
      const isTold = step - last >= 262_144;
      if (isTold) last = step;
      return isTold;
    });
    expect(told).toEqual(expected);
    expect(told.length).toBeGreaterThan(1);
    expect(told.length).toBeLessThan(steps.length);
  });

  it('does nothing in a thread without a port', () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue({ parentPort: null });
    expect(() => main()).not.toThrow();
  });
});
