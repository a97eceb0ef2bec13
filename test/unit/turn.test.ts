// How long work yields to the rest of the program.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { createPace, runSteps } from '../../src/turn.ts';

describe('the pace', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('lets work go on at first, yields before a frame of 16 ms has passed, and then starts anew', async () => {
    const now = vi.spyOn(Date, 'now').mockReturnValue(1000);
    const pace = createPace(undefined);
    expect(pace()).toBeUndefined();
    now.mockReturnValue(1016);
    const turn = pace();
    expect(turn).toBeInstanceOf(Promise);
    // The time of other work does not count.
    now.mockReturnValue(1500);
    await turn;
    expect(pace()).toBeUndefined();
    now.mockReturnValue(1516);
    expect(pace()).toBeInstanceOf(Promise);
  });

  it('rejects with the reason of the signal, also if the abort comes while it yields', async () => {
    const reason = new Error('enough');
    expect(createPace(AbortSignal.abort(reason))).toThrow(reason);
    const controller = new AbortController();
    const now = vi.spyOn(Date, 'now').mockReturnValue(0);
    const pace = createPace(controller.signal);
    now.mockReturnValue(100);
    const turn = pace();
    controller.abort(reason);
    await expect(turn).rejects.toBe(reason);
  });
});

describe('runSteps', () => {
  function* countTo(end: number): Generator<number, string> {
    for (let step = 1; step <= end; step++) yield step;
    return 'done';
  }

  it('returns the result of the steps and reports only those before a pause', async () => {
    let calls = 0;
    const told: number[] = [];
    const pace = () => (++calls % 3 === 0 ? Promise.resolve() : undefined);
    expect(await runSteps(countTo(7), pace, (done) => told.push(done))).toBe('done');
    expect(told).toEqual([3, 6]);
  });

  it('rejects with the reason of the signal and runs no further step', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const ran: number[] = [];
    function* steps(): Generator<number, void> {
      for (let step = 1; step <= 9; step++) {
        ran.push(step);
        if (step === 2) controller.abort(reason);
        yield step;
      }
    }
    const run = runSteps(steps(), createPace(controller.signal), () => {});
    await expect(run).rejects.toBe(reason);
    expect(ran).toEqual([1, 2]);
  });
});
