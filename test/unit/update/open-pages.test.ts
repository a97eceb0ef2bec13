// The releases of open pages in a service worker: a page gets files of one release from its navigation until it is closed.

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { UpdateContext } from '../../../src/update/context.ts';
import { createPages } from '../../../src/update/pages.ts';
import type { Releases } from '../../../src/update/running.ts';
import { memoryStore, type ReleaseStore } from '../../../src/update.ts';
import { AFTER, BEFORE, type Files } from '../../support/release.ts';
import { idOf, startWorker, type Worker } from '../../support/service-worker.ts';
import {
  createPublisher,
  fetchFrom,
  type Published,
  type Publisher,
} from '../../support/update.ts';
import { utf8 } from '../../support/zip.ts';

const STAMP = '/bundleseal-release.json';
const builds: readonly Files[] = [
  AFTER,
  ...['third', 'fourth'].map((text) => ({ ...AFTER, 'assets/new.css': utf8(text) })),
];

let publisher: Publisher;
let releases: Published[];
beforeAll(async () => {
  publisher = createPublisher();
  releases = await Promise.all(builds.map((files) => publisher.make(files, [BEFORE])));
});
afterEach(() => void vi.useRealTimers());

interface Site {
  readonly worker: Worker;
  /** The pages that the browser lists. */
  readonly listed: string[];
  readonly store: ReleaseStore;
  /** Publishes, downloads and activates the next release. Resolves with its id. */
  update(): Promise<string>;
  /** Loads a page, which the browser lists when it has the response. */
  load(page: string): Promise<string>;
  /** The release of a page, which sends a request. */
  releaseOf(page: string): Promise<string>;
}

async function createSite(store: ReleaseStore = memoryStore()): Promise<Site> {
  const listed: string[] = [];
  const worker = await startWorker(store, fetchFrom(publisher.store), listed);
  await worker.fire('install');
  let count = 0;
  const site: Site = {
    ...{ worker, listed, store },
    async update() {
      count += 1;
      await publisher.offer(releases.slice(0, count).reverse());
      const { id } = await worker.updater.update();
      await worker.updater.confirm(id as string);
      return id as string;
    },
    async load(page) {
      expect((await worker.navigate('/', page))?.status).toBe(200);
      listed.push(page);
      return site.releaseOf(page);
    },
    releaseOf: async (page) => idOf(await worker.ask(STAMP, page)),
  };
  return site;
}

/** Closes a page: the browser lists it no more. */
const close = ({ listed }: Site, page: string) => void listed.splice(listed.indexOf(page), 1);

describe('a service worker with several pages', () => {
  it('runs each of three releases at the first load after its activation, within one minute', async () => {
    const site = await createSite();
    const ids = [await site.load('page 0')];
    for (const n of [1, 2, 3]) {
      const id = await site.update();
      // The page is loaded again, so the browser replaces the page before.
      ids.push(await site.load(`page ${n}`));
      close(site, `page ${n - 1}`);
      await site.worker.updater.confirm(id);
      expect(ids.at(-1)).toBe(id);
    }
    expect(new Set(ids).size).toBe(4);
    await site.load('last');
    expect((await site.store.list()).length).toBeLessThanOrEqual(4);
  });

  it('runs a release that has waited for a page at the first load after the page was closed', async () => {
    const site = await createSite();
    await site.load('page 0');
    for (const n of [1, 2]) {
      await site.worker.updater.confirm(await site.update());
      await site.load(`page ${n}`);
    }
    const third = await site.update();
    expect((await site.worker.updater.status()).isActivationWaiting).toBe(true);
    expect(await site.load('page 3')).not.toBe(third);
    close(site, 'page 0');
    expect(await site.load('page 4')).toBe(third);
  });

  it('keeps the release of a page that is being loaded while another page starts the next release', async () => {
    const site = await createSite();
    const first = await site.load('open');
    await site.worker.navigate('/', 'loading');
    const next = await site.update();
    expect(await site.load('new')).toBe(next);
    expect(await site.load('another')).toBe(next);
    site.listed.push('loading');
    expect(await site.releaseOf('loading')).toBe(first);
    expect(await site.releaseOf('open')).toBe(first);
  });

  it('keeps the release of a worker that is being loaded while another page starts the next release', async () => {
    const site = await createSite();
    const first = await site.load('open');
    await site.worker.ask(STAMP, 'open', 'worker');
    const next = await site.update();
    expect(await site.load('new')).toBe(next);
    site.listed.push('worker');
    expect(await site.releaseOf('worker')).toBe(first);
  });

  it('keeps the release of a page whose response takes longer than a minute', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    let isSlow = false;
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const inner = memoryStore();
    const site = await createSite({
      ...inner,
      open: async (id) => {
        const reader = await inner.open(id);
        return {
          ...reader,
          async read(path) {
            if (isSlow && path === 'index.html') await gate;
            return reader.read(path);
          },
        };
      },
    });
    const next = await site.update();
    isSlow = true;
    const navigation = site.worker.navigate('/', 'slow');
    await expect.poll(async () => (await site.worker.updater.status()).running.id).toBe(next);
    isSlow = false;
    const later = await site.update();
    vi.advanceTimersByTime(100_000);
    expect(await site.load('new')).toBe(later);
    go();
    await navigation;
    site.listed.push('slow');
    expect(await site.releaseOf('slow')).toBe(next);
  });

  it('forgets a navigation that has started no page a minute after its response', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const site = await createSite();
    const first = await site.load('closed');
    await site.worker.navigate('/', 'download');
    close(site, 'closed');
    for (const n of [1, 2]) {
      await site.update();
      await site.load(`page ${n}`);
    }
    await site.update();
    expect((await site.worker.updater.status()).isActivationWaiting).toBe(true);
    vi.advanceTimersByTime(60_001);
    expect(await site.load('page 3')).toBe((releases[2] as Published).entry.id);
    expect(first).not.toBe(await site.releaseOf('page 3'));
  });

  it('keeps a page that one list of the browser has and an older list lacks', async () => {
    const site = await createSite();
    const first = await site.load('open');
    await site.worker.navigate('/', 'page');
    const next = await site.update();
    // The browser answers with a list from before the page was listed, after it has answered with one that has the page.
    const late = site.worker.holdList();
    const navigation = site.worker.navigate('/', 'slow');
    site.listed.push('page');
    await site.worker.ask('/assets/logo.svg', 'page');
    late.send();
    await navigation;
    expect((await site.worker.updater.status()).running.id).toBe(next);
    expect(await site.releaseOf('page')).toBe(first);
  });

  it('forgets a page that sent a request and was closed before the next navigation', async () => {
    const site = await createSite();
    for (const n of [0, 1, 2, 3]) {
      const id = n === 0 ? undefined : await site.update();
      const loaded = await site.load(`page ${n}`);
      if (id !== undefined) expect(loaded).toBe(id);
      close(site, `page ${n}`);
    }
  });

  it('gives all requests of an unknown page one release while another page starts the next release', async () => {
    const store = memoryStore();
    const site = await createSite(store);
    await site.load('open');
    const next = await site.update();
    let hold = () => {};
    let free = () => {};
    const isHeld = new Promise<void>((resolve) => {
      hold = resolve;
    });
    let gate: Promise<void> | undefined = new Promise((resolve) => {
      free = resolve;
    });
    const held: ReleaseStore = {
      ...store,
      async lock(name, task) {
        const opens = gate;
        gate = undefined;
        hold();
        await opens;
        return store.lock(name, task);
      },
    };
    site.listed.push('unknown');
    // The state does not name the page, and the browser has restarted the worker.
    await site.worker.updater.keepClients(['open']);
    const restarted = await startWorker(held, fetchFrom(publisher.store), site.listed);
    const early = restarted.ask(STAMP, 'unknown');
    await isHeld;
    await restarted.navigate('/', 'new');
    expect((await restarted.updater.status()).running.id).toBe(next);
    const late = restarted.ask(STAMP, 'unknown');
    await Promise.race([late, new Promise((resolve) => setTimeout(resolve, 50))]);
    free();
    expect(await idOf(await early)).toBe(await idOf(await late));
  });

  it('keeps the release that a page got while a search for its release failed', async () => {
    let fail = (_: Error) => {};
    const reading = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const pages = createPages(
      { device: { read: () => reading } } as unknown as UpdateContext,
      { open: async (id: string) => ({ id }) } as unknown as Releases,
    );
    const early = pages.releaseOf('page', undefined);
    pages.remember('page', 'started');
    fail(new Error('no disk'));
    await expect(early).rejects.toThrow('no disk');
    expect(await pages.releaseOf('page', undefined)).toEqual({ id: 'started' });
  });

  it('tells once that the release of an open page is lost, and again after the page was closed', async () => {
    const events: unknown[] = [];
    const error = new Error('no files');
    const pages = createPages(
      {
        act: async () => ({}),
        emit: (event: unknown) => events.push(event),
      } as unknown as UpdateContext,
      { open: () => Promise.reject(error) } as unknown as Releases,
    );
    const ask = async () => {
      pages.remember('page', 'lost');
      await expect(pages.releaseOf('page', undefined)).rejects.toThrow('no files');
    };
    const told = { type: 'release-lost', id: 'lost', client: 'page', error };
    await ask();
    await pages.keep(['page']);
    await ask();
    expect(events).toEqual([told]);
    await pages.keep(['another']);
    await ask();
    expect(events).toEqual([told, told]);
  });

  it('starts a page although the browser cannot list its pages', async () => {
    const site = await createSite();
    const first = await site.load('open');
    site.worker.failList();
    expect(await site.load('new')).toBe(first);
  });
});
