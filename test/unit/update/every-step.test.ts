// An update that ends at each of its steps: the updater is disposed of, the call is aborted, or one write finds the storage full.

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createQueue } from '../../../src/update/stores/lock.ts';
import { type FileTree, treeStore } from '../../../src/update/stores/tree.ts';
import type { Updater } from '../../../src/update.ts';
import { MemoryTree } from '../../support/memory-tree.ts';
import { AFTER, BEFORE, type Files } from '../../support/release.ts';
import { everyNth, runs } from '../../support/scope.ts';
import { createDevice, createPublisher, fetchFrom, type Publisher } from '../../support/update.ts';

let publisher: Publisher;
let id: string;
beforeAll(async () => {
  publisher = createPublisher();
  const release = await publisher.make(AFTER, [BEFORE]);
  id = release.entry.id;
  await publisher.offer([release]);
});

/** What happens at one step: a use of a file, a request, or an event. */
interface Faults {
  readonly updater: Updater;
  readonly controller: AbortController;
}

/** An app that is launched again and again over one storage. */
function createApp() {
  const inner = new MemoryTree();
  const lock = createQueue();
  /** Launches the app. `at`: calls `fault` before the step with this number. A write of the step may fail. */
  const launch = async (at: number, fault: (faults: Faults) => Error | undefined) => {
    let steps = 0;
    let launched: Faults | undefined;
    const step = (isWrite: boolean) => {
      if (launched === undefined) return;
      steps += 1;
      const error = steps === at ? fault(launched) : undefined;
      if (isWrite && error !== undefined) throw error;
    };
    const stepped = async <T>(effect: () => Promise<T>, isWrite = false): Promise<T> => {
      step(isWrite);
      return effect();
    };
    const tree: FileTree = {
      read: (path) => stepped(() => inner.read(path)),
      list: (path) => stepped(() => inner.list(path)),
      write: (path, bytes) => stepped(() => inner.write(path, bytes), true),
      remove: (path) => stepped(() => inner.remove(path)),
    };
    const request = fetchFrom(publisher.store, async (_path, _request, whole) => {
      step(false);
      return whole();
    });
    const { updater } = await createDevice(BEFORE, request, {
      releases: treeStore(tree, lock),
      onEvent: () => step(false),
    });
    const running = await updater.start();
    const controller = new AbortController();
    launched = { updater, controller };
    return { updater, running, signal: controller.signal, steps: () => steps };
  };
  return { launch };
}

const full = () => new DOMException('no space', 'QuotaExceededError');

const KINDS: readonly [string, (faults: Faults) => Error | undefined][] = [
  ['the updater is disposed of', ({ updater }) => void updater.dispose()],
  ['the call is aborted', ({ controller }) => void controller.abort(new Error('stopped'))],
  ['one write finds the storage full', full],
];

async function expectWhole(
  { id: which, files }: Awaited<ReturnType<Updater['start']>>,
  builds: ReadonlyMap<string, Files>,
): Promise<void> {
  for (const [path, bytes] of Object.entries(builds.get(which) ?? expect.fail(which))) {
    expect(await files.read(path)).toEqual(bytes);
  }
}

describe.each(KINDS)('an update during which %s', (_, fault) => {
  it('leaves a whole release at each step, and the next update succeeds', async () => {
    const clean = await createApp().launch(0, () => undefined);
    const builtIn = clean.running.id;
    const builds = new Map([
      [builtIn, BEFORE],
      [id, AFTER],
    ]);
    await clean.updater.update({ signal: clean.signal });
    expect(clean.steps()).toBeGreaterThan(30);
    const all = Array.from({ length: clean.steps() }, (_one, i) => i + 1);
    for (const at of everyNth(all, 4)) {
      const { launch } = createApp();
      const { updater, signal } = await launch(at, fault);
      const outcome = await updater.update({ signal }).catch((error: unknown) => error);
      const isRejected = outcome instanceof Error || outcome instanceof DOMException;
      // The update ends, with its result or with an error that says why.
      if (isRejected) {
        expect(`${outcome}`, `step ${at}`).toMatch(/disposed of|stopped|storage|space/);
      }
      const second = await launch(0, () => undefined);
      await expectWhole(second.running, builds);
      await second.updater.update();
      await second.updater.idle();
      const third = await launch(0, () => undefined);
      expect(third.running.id, `step ${at}`).toBe(id);
      await expectWhole(third.running, builds);
      expect(await third.updater.confirm(id)).toBe(true);
    }
  });
});

describe('two pages and a worker that update at the same time', () => {
  it('install the release once, and none of their changes is lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const tree = new MemoryTree();
        const order = scheduler.scheduleFunction(async () => {});
        const turned = async <T>(effect: () => Promise<T>): Promise<T> => {
          await order();
          return effect();
        };
        const slow: FileTree = {
          read: (path) => turned(() => tree.read(path)),
          list: (path) => turned(() => tree.list(path)),
          write: (path, bytes) => turned(() => tree.write(path, bytes)),
          remove: (path) => turned(() => tree.remove(path)),
        };
        const lock = createQueue();
        const request = fetchFrom(publisher.store);
        const launch = async () =>
          (await createDevice(BEFORE, request, { releases: treeStore(slow, lock) })).updater;
        const updaters = await Promise.all([launch(), launch(), launch()]);
        const work = updaters.map(async (updater, i) => {
          const client = `page ${i}`;
          await updater.start({ client });
          const updated = await updater.update();
          await updater.idle();
          return updated.id;
        });
        const ids = await scheduler.waitFor(Promise.all(work));
        expect(ids.filter((one) => one !== undefined)).toContain(id);
        expect(request.paths.filter((path) => path.startsWith('objects/'))).toHaveLength(1);
        const next = (await createDevice(BEFORE, request, { releases: treeStore(tree, lock) }))
          .updater;
        const state = JSON.parse(new TextDecoder().decode(await treeStore(tree, lock).readState()));
        expect(state.pinned.map(({ client }: { client: string }) => client).sort()).toEqual([
          ...['page 0', 'page 1', 'page 2'],
        ]);
        expect((await next.start()).id).toBe(id);
      }),
      { numRuns: runs(50) },
    );
  });
});
