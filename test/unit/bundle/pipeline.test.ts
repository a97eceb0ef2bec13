// The chunk loop by itself: the order of its work, and its state at the end.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ChunkRun, runChunks } from '../../../src/bundle/chunk-loop.ts';
import { watchedSignal } from '../../support/streams.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** A promise and what settles it. */
function deferred() {
  let resolve = () => {};
  let reject = (_: unknown) => {};
  const promise = new Promise<void>((onDone, onFailed) => {
    resolve = onDone;
    reject = onFailed;
  });
  return { promise, resolve, reject };
}

const rest = () => new Promise((resolve) => setTimeout(resolve, 5));

/** A run of `count` chunks that logs each step; the test replaces some steps. */
function recorded(count: number, other: Partial<ChunkRun> = {}) {
  const log: string[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const { read, work, finish, ...more } = other;
  const run: ChunkRun = {
    count,
    inFlight: 3,
    read(index, signal) {
      log.push(`read ${index}`);
      signals.push(signal);
      return read ? read(index, signal) : Uint8Array.of(index);
    },
    work(index, bytes) {
      log.push(`work ${index}`);
      return work?.(index, bytes);
    },
    finish(index) {
      log.push(`finish ${index}`);
      return finish?.(index);
    },
    ...more,
  };
  return { log, signals, run };
}

describe('the chunk loop', () => {
  it('finishes a synchronous chunk before it reads the next one', async () => {
    const { log, run } = recorded(2);
    await runChunks(run);
    expect(log).toEqual(['read 0', 'work 0', 'finish 0', 'read 1', 'work 1', 'finish 1']);
  });

  it('waits for reads and for finish calls', async () => {
    const { log, run } = recorded(2, {
      read: async (index) => {
        await rest();
        return Uint8Array.of(index);
      },
      work: (index, bytes) => void expect(bytes).toEqual(Uint8Array.of(index)),
      finish: rest as () => Promise<void>,
    });
    await runChunks(run);
    expect(log).toEqual(['read 0', 'work 0', 'finish 0', 'read 1', 'work 1', 'finish 1']);
  });

  it('ends when a read returns nothing, although more chunks were announced', async () => {
    const { log, run } = recorded(Number.POSITIVE_INFINITY, {
      read: (index) => (index < 2 ? new Uint8Array(1) : undefined),
    });
    await runChunks(run);
    expect(log.slice(-2)).toEqual(['finish 1', 'read 2']);
  });

  it('has as many chunks in progress as allowed, and finishes them in order', async () => {
    const works = Array.from({ length: 6 }, deferred);
    const { log, run } = recorded(6, { work: (index) => works[index]?.promise });
    const done = runChunks(run);
    await rest();
    expect(log.filter((what) => what.startsWith('work'))).toEqual(['work 0', 'work 1', 'work 2']);
    works[2]?.resolve();
    works[1]?.resolve();
    await rest();
    expect(log).toHaveLength(6);
    works[0]?.resolve();
    await rest();
    expect(log.slice(6).filter((what) => what.startsWith('finish'))).toEqual([
      'finish 0',
      'finish 1',
      'finish 2',
    ]);
    expect(log.at(-1)).toBe('work 5');
    for (const { resolve } of works) resolve();
    await done;
    expect(log.filter((what) => what.startsWith('finish'))).toEqual(
      works.map((_, i) => `finish ${i}`),
    );
  });

  it('finishes a synchronous chunk after an asynchronous one', async () => {
    const first = deferred();
    const { log, run } = recorded(2, { work: (i) => (i === 0 ? first.promise : undefined) });
    const done = runChunks(run);
    await rest();
    expect(log).toEqual(['read 0', 'work 0', 'read 1', 'work 1']);
    first.resolve();
    await done;
    expect(log.slice(4)).toEqual(['finish 0', 'finish 1']);
  });

  it('finishes a synchronous chunk without delay after all chunks before it', async () => {
    const { log, run } = recorded(3, { work: (i) => (i === 0 ? Promise.resolve() : undefined) });
    await runChunks({ ...run, inFlight: 1 });
    expect(log.slice(2)).toEqual([
      ...['finish 0', 'read 1', 'work 1', 'finish 1', 'read 2', 'work 2', 'finish 2'],
    ]);
  });
});

describe('the chunk loop, where a chunk fails', () => {
  const no = new Error('no');
  const later = new Error('later');

  it('ends after all work in progress, with the error of the first failed chunk', async () => {
    const works = [deferred(), deferred(), deferred()];
    const { log, run } = recorded(9, { work: (index) => works[index]?.promise });
    let outcome: unknown;
    const done = runChunks(run).catch((error) => {
      outcome = error;
    });
    await rest();
    works[2]?.reject(later);
    await rest();
    works[0]?.reject(no);
    await rest();
    expect(outcome).toBeUndefined();
    works[1]?.resolve();
    await done;
    expect(outcome).toBe(no);
    expect(log).not.toContain('finish 1');
    expect(log).not.toContain('read 3');
  });

  it('reports the error of an earlier chunk before that of reading a later one', async () => {
    const first = deferred();
    const { run } = recorded(2, {
      read: (index) => {
        if (index === 1) throw later;
        return new Uint8Array(1);
      },
      work: () => first.promise,
    });
    const done = runChunks(run);
    setTimeout(() => first.reject(no), 5);
    await expect(done).rejects.toBe(no);
  });

  it('finishes the chunks before an unreadable one', async () => {
    const first = deferred();
    const { log, run } = recorded(2, {
      read: (index) => {
        if (index === 1) throw later;
        return new Uint8Array(1);
      },
      work: () => first.promise,
    });
    const done = runChunks(run);
    setTimeout(() => first.resolve(), 5);
    await expect(done).rejects.toBe(later);
    expect(log).toContain('finish 0');
  });

  it('aborts pending reads with the error', async () => {
    const first = deferred();
    const { run, signals } = recorded(2, {
      read: (index, signal) =>
        index === 0
          ? new Uint8Array(1)
          : new Promise((_, reject) => {
              signal?.addEventListener('abort', () => reject(signal.reason));
            }),
      work: () => first.promise,
    });
    const done = runChunks(run);
    await rest();
    first.reject(no);
    await expect(done).rejects.toBe(no);
    expect(signals[1]?.reason).toBe(no);
  });

  it('stops at an error of finish or read', async () => {
    const { log, run, signals } = recorded(2, {
      finish: () => {
        throw no;
      },
    });
    await expect(runChunks(run)).rejects.toBe(no);
    expect(log).toEqual(['read 0', 'work 0', 'finish 0']);
    expect(signals[0]?.reason).toBe(no);
  });
});

describe('the chunk loop, aborted', () => {
  const why = new Error('enough');

  it('reads nothing if it was aborted before', async () => {
    const { log, run } = recorded(2);
    await expect(runChunks({ ...run, signal: AbortSignal.abort(why) })).rejects.toBe(why);
    expect(log).toEqual([]);
    const none = recorded(0);
    await expect(runChunks({ ...none.run, signal: AbortSignal.abort(why) })).rejects.toBe(why);
  });

  it('passes the reason to the reader', async () => {
    const { controller, listening } = watchedSignal();
    const { run, signals } = recorded(2, {
      signal: controller.signal,
      read: (_, signal) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason));
        }),
    });
    const done = runChunks(run);
    await rest();
    controller.abort(why);
    await expect(done).rejects.toBe(why);
    expect(signals.map((signal) => signal?.reason)).toEqual([why]);
    expect(listening()).toBe(0);
  });

  it('finishes no chunk in progress', async () => {
    const { controller, listening } = watchedSignal();
    const first = deferred();
    const { log, run } = recorded(1, { signal: controller.signal, work: () => first.promise });
    const done = runChunks(run);
    await rest();
    controller.abort(why);
    first.resolve();
    await expect(done).rejects.toBe(why);
    expect(log).toEqual(['read 0', 'work 0']);
    expect(listening()).toBe(0);
  });

  it('during the last chunk ends with the reason too', async () => {
    const { controller } = watchedSignal();
    const { run } = recorded(1, {
      signal: controller.signal,
      finish: () => controller.abort(why),
    });
    await expect(runChunks(run)).rejects.toBe(why);
  });

  it('never, leaves no listener on the signal', async () => {
    const { controller, listening } = watchedSignal();
    const { run } = recorded(1, {
      signal: controller.signal,
      finish: () => void expect(listening()).toBe(1),
    });
    await runChunks(run);
    expect(listening()).toBe(0);
  });
});

describe('the chunk loop and the program around it', () => {
  /** The chunks after which there was a turn, where each takes as long as this. */
  async function turns(milliseconds: number, count: number): Promise<number[]> {
    let now = 1000;
    vi.spyOn(Date, 'now').mockImplementation(() => now);
    const after: number[] = [];
    const { log, run } = recorded(count, {
      work: () => {
        now += milliseconds;
        return undefined;
      },
    });
    vi.stubGlobal('setImmediate', (resolve: () => void) => {
      after.push(log.filter((what) => what.startsWith('finish')).length);
      setTimeout(resolve, 0);
    });
    await runChunks(run);
    return after;
  }

  // A tenth of a second is what people feel.
  it.each([1, 4, 11, 40])(
    'lets the program run within 100 milliseconds if a chunk takes %i of them',
    async (milliseconds) => {
      const count = 100;
      const after = await turns(milliseconds, count);
      const gaps = [...after, count].map((at, i) => at - (after[i - 1] ?? 0));
      expect(Math.max(...gaps) * milliseconds).toBeLessThanOrEqual(100);
    },
  );

  it('yields rarely if chunks take no time', async () => {
    expect((await turns(0, 100)).length).toBeLessThan(10);
  });

  it('works without AbortController, which Hermes lacks', async () => {
    const controller = new AbortController();
    vi.stubGlobal('AbortController', undefined);
    const { log, run, signals } = recorded(2, { work: () => Promise.resolve() });
    await runChunks(run);
    expect(log.filter((what) => what.startsWith('finish'))).toEqual(['finish 0', 'finish 1']);
    expect(signals).toEqual([undefined, undefined]);
    const no = new Error('no');
    const failing = recorded(2, { work: () => Promise.reject(no) });
    await expect(runChunks(failing.run)).rejects.toBe(no);
    // A signal of a polyfill: the readers do not see the abort, but the loop does.
    const aborted = recorded(2, { signal: controller.signal, finish: () => controller.abort(no) });
    await expect(runChunks(aborted.run)).rejects.toBe(no);
    expect(aborted.log).not.toContain('read 1');
  });
});
