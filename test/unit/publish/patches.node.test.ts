// Making patches on several threads: the same patches with any number of them, and no thread that is left behind.
// @vitest-environment-options { "own": "patches" }

import type * as workerThreads from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { selectBackend } from '../../../src/backend/select.ts';
import { decryptObject } from '../../../src/bundle/decrypt.ts';
import { BundleSealError } from '../../../src/errors.ts';
import { releaseFiles } from '../../../src/publish/objects.ts';
import {
  type Base,
  makePatches,
  type PatchOptions,
  threadsFor,
} from '../../../src/publish/patches.ts';
import type { ReleaseFile } from '../../../src/release/files.ts';
import { releaseIdOf } from '../../../src/release/release-id-of-files.ts';
import { createPace } from '../../../src/turn.ts';
import { APP, privateKey, publicKey } from '../../support/publish.ts';
import { textOf, utf8 } from '../../support/zip.ts';

const MIB = 2 ** 20;

/** Every started thread, with functions that run before the start and on the thread. */
const watched = vi.hoisted(() => ({
  beforeStart: (): void => {},
  started: [] as { readonly exit: Promise<unknown> }[],
  onStart: (_: workerThreads.Worker): void => {},
}));

vi.mock(import('node:worker_threads'), async (original) => {
  const real = await original();
  class Watched extends real.Worker {
    constructor(...args: ConstructorParameters<typeof workerThreads.Worker>) {
      watched.beforeStart();
      super(...args);
      watched.started.push({ exit: new Promise((resolve) => this.once('exit', resolve)) });
      watched.onStart(this);
    }
  }
  return { ...real, Worker: Watched as typeof real.Worker };
});

afterEach(async () => {
  await Promise.all(watched.started.map(({ exit }) => exit));
  watched.started = [];
  watched.beforeStart = () => {};
  watched.onStart = () => {};
});

async function release(n: number, length = 60_000): Promise<ReleaseFile[]> {
  const script = textOf(length).slice();
  for (let i = 0; i < 3; i++) script.set(utf8(`/* ${n}, ${i} */`), 10_000 * i + 700 * n);
  const files = new Map([
    [`assets/index-${n}.js`, script],
    ['index.html', utf8(`<script src="assets/index-${n}.js"></script>`)],
  ]);
  return releaseFiles(files, undefined);
}

async function baseOf(n: number, length?: number): Promise<Base> {
  const files = await release(n, length);
  const id = await releaseIdOf(files, await selectBackend(), createPace(undefined));
  return { id, load: async () => files };
}

/** Makes patches from releases 1 to 5 to release 6; gives their plain bytes by the release that they start from. */
async function patchesWith(options: Partial<PatchOptions>) {
  const bases = await Promise.all([1, 2, 3, 4, 5].map((n) => baseOf(n)));
  const made = await makePatches(await release(6), 50_000, bases, {
    ...{ privateKey, appId: APP, onBytes: () => {} },
    ...options,
  });
  expect(made.patches.map(({ from }) => from)).toEqual(bases.map(({ id }) => id));
  expect(made.objects.map(({ sha256 }) => sha256)).toEqual(
    made.patches.map(({ sha256 }) => sha256),
  );
  const opening = { publicKey, expect: { appId: APP } };
  return Promise.all(made.objects.map(({ bytes }) => decryptObject(bytes, opening, 'patch')));
}

describe('makePatches', () => {
  it('makes the same patches in the same order with any number of threads', async () => {
    const expected = await patchesWith({ threads: 0 });
    expect(watched.started).toHaveLength(0);
    for (const threads of [1, 2, 4]) {
      watched.started = [];
      expect(await patchesWith({ threads })).toEqual(expected);
      expect(watched.started).toHaveLength(threads);
      await Promise.all(watched.started.map(({ exit }) => exit));
    }
  });

  it('makes each patch in a thread, if it uses threads', async () => {
    let coded = 0;
    watched.onStart = (worker) => {
      worker.on('message', (message: object) => {
        if ('coded' in message) coded += 1;
      });
    };
    await patchesWith({ threads: 2 });
    expect(coded).toBe(5);
  });

  it('reports progress that never decreases, up to the whole image of each patch', async () => {
    const told: number[] = [];
    await patchesWith({ threads: 2, onBytes: (done) => told.push(done) });
    expect(told).toEqual([...told].sort((a, b) => a - b));
    const length = (await release(6)).reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(told.at(-1)).toBeGreaterThanOrEqual(5 * length);
  });

  it('reports progress within a patch at each pause', async () => {
    let clock = 0;
    // Each step seems to take so long that a pause follows.
    const times = vi.spyOn(Date, 'now').mockImplementation(() => {
      clock += 1000;
      return clock;
    });
    const files = await release(6);
    const length = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const told: number[] = [];
    await makePatches(files, 50_000, [await baseOf(1)], {
      ...{ privateKey, appId: APP, threads: 0, onBytes: (done) => told.push(done) },
    });
    times.mockRestore();
    expect(told.some((done) => done > 0 && done < length)).toBe(true);
  });

  it('keeps a patch only if it is smaller than nine tenths of the bundle', async () => {
    const [files, base] = [await release(6), await baseOf(1)];
    const make = (bundleSize: number, appId: string) =>
      makePatches(files, bundleSize, [base], {
        ...{ privateKey, appId, threads: 0, onBytes: () => {} },
      });
    const sizeFor = async (appId: string) => (await make(50_000, appId)).patches[0]?.size as number;
    // The name of the app changes the size of the patch until nine tenths of a bundle are exactly as long.
    let appId = APP;
    while ((await sizeFor(appId)) % 9 !== 0) appId += 'x';
    const limit = ((await sizeFor(appId)) / 9) * 10;
    expect((await make(limit, appId)).skipped).toEqual([{ from: base.id, reason: 'no gain' }]);
    expect((await make(limit + 1, appId)).patches).toHaveLength(1);
  });

  it.each([
    ['as they start', (worker: workerThreads.Worker) => void worker.terminate()],
    [
      'with a patch in hand',
      (worker: workerThreads.Worker) => {
        const post = worker.postMessage.bind(worker);
        worker.postMessage = (message, transfer) => {
          post(message, transfer as never);
          void worker.terminate();
        };
      },
    ],
  ])('does without threads that die %s', async (_, onStart) => {
    const expected = await patchesWith({ threads: 0 });
    watched.onStart = onStart;
    expect(await patchesWith({ threads: 2 })).toEqual(expected);
    expect(watched.started.length).toBeGreaterThan(0);
  });

  it('works without threads if none can be started', async () => {
    const expected = await patchesWith({ threads: 0 });
    watched.beforeStart = () => {
      throw new Error('no permission');
    };
    expect(await patchesWith({ threads: 2 })).toEqual(expected);
    expect(watched.started).toHaveLength(0);
  });

  it('ends its threads if it is aborted', async () => {
    const stop = new AbortController();
    watched.onStart = () => stop.abort(new Error('enough'));
    await expect(patchesWith({ threads: 2, signal: stop.signal })).rejects.toThrow('enough');
  });

  it('does not wait for the patches in hand if it is aborted', async () => {
    const stop = new AbortController();
    // The threads get no work, so they never answer.
    watched.onStart = (worker) => {
      worker.postMessage = () => stop.abort(new Error('enough'));
    };
    await expect(patchesWith({ threads: 2, signal: stop.signal })).rejects.toThrow('enough');
  });

  it('ends its threads if one patch fails, and reports that failure', async () => {
    const failing = { id: '0'.repeat(64), load: () => Promise.reject(new RangeError('broken')) };
    const bases = [await baseOf(1), failing, await baseOf(2)];
    const made = makePatches(await release(6), 50_000, bases, {
      ...{ privateKey, appId: APP, threads: 2, onBytes: () => {} },
    });
    await expect(made).rejects.toThrow('broken');
  });

  it('skips a base that cannot be read', async () => {
    const load = () => Promise.reject(new BundleSealError('ERR_STORE', 'missing'));
    const bases = [{ id: '0'.repeat(64), load }, await baseOf(1)];
    const { patches, skipped } = await makePatches(await release(6), 50_000, bases, {
      ...{ privateKey, appId: APP, threads: 2, onBytes: () => {} },
    });
    expect(patches).toHaveLength(1);
    expect(skipped).toEqual([{ from: '0'.repeat(64), reason: 'unreadable', message: 'missing' }]);
  });
});

describe('the number of threads', () => {
  const rich = { cores: 64, memory: 2 ** 40 };

  it('is at most one for each patch, one for each core, and four', () => {
    expect(threadsFor(5, 2 * MIB, rich)).toBe(4);
    expect(threadsFor(3, 2 * MIB, rich)).toBe(3);
    expect(threadsFor(5, 2 * MIB, { ...rich, cores: 2 })).toBe(2);
  });

  it('is 0 if one thread would do all the work, or a patch takes less time than the start of a thread', () => {
    expect(threadsFor(1, 2 * MIB, rich)).toBe(0);
    expect(threadsFor(5, 2 * MIB, { ...rich, cores: 1 })).toBe(0);
    expect(threadsFor(5, MIB - 1, rich)).toBe(0);
    expect(threadsFor(5, MIB, rich)).toBe(4);
  });

  it('stays within 1 GiB and half of the free memory', () => {
    expect(threadsFor(5, 26 * MIB, rich)).toBe(3);
    expect(threadsFor(5, 26 * MIB, { ...rich, memory: 1200 * MIB })).toBe(2);
    expect(threadsFor(5, 26 * MIB, { ...rich, memory: 600 * MIB })).toBe(0);
    expect(threadsFor(5, 256 * MIB, rich)).toBe(0);
  });
});
