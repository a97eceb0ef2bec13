// A process that is not restarted while releases come and go: a server in Node, the main process of an Electron app.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createQueue } from '../../../src/update/stores/lock.ts';
import { treeStore } from '../../../src/update/stores/tree.ts';
import { createReleaseHandler, type ReleaseStore } from '../../../src/update.ts';
import { MemoryTree } from '../../support/memory-tree.ts';
import type { Files } from '../../support/release.ts';
import { createDevice, createPublisher, type Device, fetchFrom } from '../../support/update.ts';
import { utf8 } from '../../support/zip.ts';

const buildOf = (n: number): Files => ({ 'index.html': utf8(`release ${n}`) });
const BUILT_IN = buildOf(0);

/** A store whose readers lose the files of a release that is removed. */
const newStore = () => treeStore(new MemoryTree(), createQueue());

/** A publisher that offers one release at a time, and devices that share a store. */
async function publishing() {
  const publisher = createPublisher();
  const request = fetchFrom(publisher.store);
  const releases = newStore();
  const open = (options: { readonly confirmTimeout?: number } = {}) =>
    createDevice(BUILT_IN, request, { releases, ...options });
  const offer = async (n: number) => {
    const published = await publisher.make(buildOf(n));
    await publisher.offer([published]);
    return published.entry.id;
  };
  return { releases, request, open, offer };
}

/** What the handler of a device answers, as its status and its text. */
const answersOf = ({ updater }: Device) => {
  const handle = createReleaseHandler(updater);
  return async () => {
    const answer = await handle(new Request('https://app.example.com/index.html'));
    return [answer?.status, await answer?.text()];
  };
};

async function runNow({ updater }: Device): Promise<string> {
  await updater.update({ when: 'now' });
  const { id } = await updater.start();
  await updater.idle();
  return id;
}

const listOf = async (releases: ReleaseStore) => (await releases.list()).sort();

describe('a process that lives on', () => {
  it('serves the release that it has started until it starts another one, also if that release has failed', async () => {
    const { open, offer, releases } = await publishing();
    const first = await offer(1);
    const device = await open();
    const answer = answersOf(device);
    await device.updater.start();
    expect(await runNow(device)).toBe(first);
    await device.updater.fail(first);
    const second = await offer(2);
    await device.updater.update();
    expect(await answer()).toEqual([200, 'release 1']);
    expect(await listOf(releases)).toEqual([first, second].sort());
    await device.updater.activate({ when: 'now' });
    expect(await answer()).toEqual([200, 'release 2']);
    await device.updater.idle();
    expect(await releases.list()).toEqual([second]);
  });

  it('serves a release that another process has activated from its next update on', async () => {
    const { open, offer } = await publishing();
    const device = await open();
    const other = await open();
    const answer = answersOf(device);
    await device.updater.start();
    for (const n of [1, 2, 3, 1, 2, 3]) {
      await offer(n);
      await other.updater.confirm(await runNow(other));
      expect((await device.updater.update()).check.status).toBe('current');
      expect((await answer())[1]).not.toBe(`release ${n}`);
      await device.updater.update({ when: 'now' });
      expect(await answer()).toEqual([200, `release ${n}`]);
      await device.updater.idle();
    }
  });

  it('counts a start only if there is a release to activate', async () => {
    const { open, offer } = await publishing();
    await offer(1);
    const { updater } = await open();
    await updater.start();
    await updater.update();
    for (let n = 0; n < 5; n++) {
      await updater.activate({ when: 'now' });
      await updater.start();
    }
    expect((await updater.status()).trial).toEqual({ starts: 1 });
  });

  it('runs the release before after a rollback if it activates now', async () => {
    const { open, offer } = await publishing();
    const device = await open();
    const answer = answersOf(device);
    await device.updater.start();
    const first = await offer(1);
    await runNow(device);
    await device.updater.fail(first);
    await device.updater.activate({ when: 'now' });
    expect(await answer()).toEqual([200, 'release 0']);
  });

  it('checks again at a download if the release of the last check runs already', async () => {
    const { open, offer } = await publishing();
    const first = await offer(1);
    const { updater } = await open();
    await updater.start();
    expect((await updater.download()).id).toBe(first);
    await updater.activate({ when: 'now' });
    await updater.confirm((await updater.start()).id);
    const second = await offer(2);
    expect((await updater.download()).id).toBe(second);
  });

  it('downloads no release that has failed since the last check', async () => {
    const { open, offer, request } = await publishing();
    const first = await offer(1);
    const { updater } = await open();
    const shipped = await updater.start();
    await updater.check();
    await updater.fail(first);
    const before = request.paths.filter((path) => path.startsWith('objects/')).length;
    expect(await updater.download()).toEqual({ id: shipped.id, moved: 0 });
    expect(request.paths.filter((path) => path.startsWith('objects/')).length).toBe(before);
    expect((await updater.status()).ready).toBeUndefined();
  });
});

describe('an updater that is disposed of while it starts a release', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] }));
  afterEach(() => void vi.useRealTimers());

  it('does not block the release after confirmTimeout', async () => {
    const { open, offer } = await publishing();
    await offer(1);
    const before = await open();
    await before.updater.start();
    await before.updater.update();
    const { updater } = await open({ confirmTimeout: 5000 });
    const starting = updater.start();
    await before.updater.status();
    updater.dispose();
    await starting;
    expect(vi.getTimerCount()).toBe(0);
  });
});
