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
