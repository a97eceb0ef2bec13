import { describe, expect, it } from 'vitest';
import { sharedWork } from '../../../src/update/shared-work.ts';

/** Runs that end when the test says so, in the order in which they began. */
function runs() {
  const begun: { readonly signal: AbortSignal; readonly end: () => void }[] = [];
  const work = (signal: AbortSignal) =>
    new Promise<void>((resolve) => begun.push({ signal, end: resolve }));
  return { begun, work };
}

describe('shared work', () => {
  // The callers of the first run leave some turns after it has ended.
  it.each([1, 2, 3, 4, 5, 6])(
    'goes on for a caller of the next run when another one aborts, %i turns after the first run',
    async (turns) => {
      const { begun, work } = runs();
      const shared = sharedWork(work, new AbortController().signal);
      const first = shared(undefined);
      begun[0]?.end();
      for (let turn = 0; turn < turns; turn++) await undefined;
      const waiting = shared(undefined);
      const leaving = new AbortController();
      const other = shared(leaving.signal);
      await first;
      await new Promise((resolve) => setTimeout(resolve));
      leaving.abort(new Error('no longer wanted'));
      await expect(other).rejects.toThrow('no longer wanted');
      expect(begun.map(({ signal }) => signal.aborted)).not.toContain(true);
      begun.at(-1)?.end();
      await waiting;
    },
  );

  it('is aborted when its last caller aborts', async () => {
    const { begun, work } = runs();
    const shared = sharedWork(work, new AbortController().signal);
    const [one, other] = [new AbortController(), new AbortController()];
    const calls = Promise.allSettled([shared(one.signal), shared(other.signal)]);
    one.abort();
    expect(begun[0]?.signal.aborted).toBe(false);
    other.abort();
    await calls;
    expect(begun).toHaveLength(1);
    expect(begun[0]?.signal.aborted).toBe(true);
  });
});

describe('a call of shared work', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'joins the next run after a caller of the first run has aborted, %i turns after that run',
    async (turns) => {
      const { begun, work } = runs();
      const shared = sharedWork(work, new AbortController().signal);
      const leaving = new AbortController();
      const first = shared(leaving.signal).catch(() => {});
      begun[0]?.end();
      for (let turn = 0; turn < turns; turn++) await undefined;
      const waiting = shared(undefined);
      leaving.abort(new Error('no longer wanted'));
      await first;
      const joining = shared(undefined);
      expect(begun.length).toBeLessThanOrEqual(2);
      for (const { end } of begun) end();
      await Promise.all([waiting, joining]);
    },
  );

  it('joins the run, gets its result, and the next call after it begins another run', async () => {
    const begun: ((value: number) => void)[] = [];
    const shared = sharedWork(
      () => new Promise<number>((resolve) => begun.push(resolve)),
      new AbortController().signal,
    );
    const calls = [shared(undefined), shared(new AbortController().signal)];
    begun[0]?.(5);
    expect(await Promise.all(calls)).toEqual([5, 5]);
    const next = shared(undefined);
    expect(begun).toHaveLength(2);
    begun[1]?.(6);
    expect(await next).toBe(6);
  });

  it('begins another run after one that failed', async () => {
    let count = 0;
    const shared = sharedWork(async () => {
      count += 1;
      if (count === 1) throw new Error('the first one');
      return count;
    }, new AbortController().signal);
    await expect(shared(undefined)).rejects.toThrow('the first one');
    expect(await shared(undefined)).toBe(2);
  });

  it('begins no run if its signal is aborted already, or the work is disposed of', async () => {
    const { begun, work } = runs();
    const disposed = new AbortController();
    const shared = sharedWork(work, disposed.signal);
    await expect(shared(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
    disposed.abort(new Error('the end'));
    await expect(shared(undefined)).rejects.toThrow('the end');
    expect(begun).toHaveLength(0);
  });

  it('that is aborted leaves the run to the other callers, and the last abort ends the run', async () => {
    const { begun, work } = runs();
    const shared = sharedWork(work, new AbortController().signal);
    const leaving = new AbortController();
    const stays = shared(undefined);
    const leaves = shared(leaving.signal);
    leaving.abort(new Error('no longer wanted'));
    await expect(leaves).rejects.toThrow('no longer wanted');
    expect(begun[0]?.signal.aborted).toBe(false);
    begun[0]?.end();
    await stays;
    const last = new AbortController();
    const alone = shared(last.signal);
    last.abort(new Error('the last one'));
    await expect(alone).rejects.toThrow('the last one');
    expect(begun[1]?.signal.reason).toEqual(new Error('the last one'));
    // The next call does not join a run that is aborted.
    const again = shared(undefined);
    expect(begun).toHaveLength(3);
    begun[2]?.end();
    await again;
  });

  it('tells the run when the work is disposed of', async () => {
    const { begun, work } = runs();
    const disposed = new AbortController();
    const shared = sharedWork(work, disposed.signal);
    const call = shared(undefined);
    disposed.abort(new Error('the end'));
    expect(begun[0]?.signal.reason).toEqual(new Error('the end'));
    begun[0]?.end();
    await call;
  });
});
