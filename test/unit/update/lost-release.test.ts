// A store that has lost the files of the release that a page runs: the page never gets a file of another release.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createReleaseHandler,
  memoryBuiltIn,
  memoryStore,
  type ReleaseStore,
} from '../../../src/update.ts';
import { rejection } from '../../support/errors.ts';
import { AFTER, BEFORE } from '../../support/release.ts';
import { idOf, publishAfter, startWorker } from '../../support/service-worker.ts';
import { BUILT_IN_TIME, createDevice, NOW, timeOf } from '../../support/update.ts';

const STAMP = '/bundleseal-release.json';
const WEBSITE = 'a file of the website';

const website = vi.fn<typeof fetch>();
beforeEach(() => {
  website.mockReset();
  website.mockImplementation(async () => new Response(WEBSITE));
  vi.stubGlobal('fetch', website);
});
afterEach(() => vi.unstubAllGlobals());

/** A store that can lose a release, also while readers of it are open. */
function losingStore() {
  const inner = memoryStore();
  const lost = new Set<string>();
  const lose = async (id: string) => {
    lost.add(id);
    await inner.remove(id);
  };
  /** The store loses one file of the release. */
  const loseFile = (id: string, path: string) => void lost.add(`${id}/${path}`);
  const releases: ReleaseStore = {
    ...inner,
    async write(id, files) {
      await inner.write(id, files);
      lost.delete(id);
    },
    async open(id) {
      const reader = await inner.open(id);
      return {
        list: () => reader.list(),
        async read(path) {
          if (lost.has(id) || lost.has(`${id}/${path}`)) throw new Error('the folder is gone');
          return reader.read(path);
        },
      };
    },
  };
  return { releases, lose, loseFile };
}

const unwritable = (releases: ReleaseStore): ReleaseStore => ({
  ...releases,
  writeState: () => Promise.reject(new DOMException('no room', 'QuotaExceededError')),
});

/** A worker whose page `open` runs the release of the channel. */
async function pageOfUpdate() {
  const { releases, lose, loseFile } = losingStore();
  const request = await publishAfter();
  const start = () => startWorker(releases, request, ['open']);
  const first = await start();
  await first.fire('install');
  await first.fire('activate');
  const shipped = (await first.updater.status()).running.id;
  const { id = '' } = await first.updater.update();
  const worker = await start();
  expect((await worker.navigate('/', 'open'))?.status).toBe(200);
  expect(await idOf(await worker.ask(STAMP, 'open'))).toBe(id);
  return { releases, lose, loseFile, start, worker, shipped, id };
}

const textOf = async (answer: Response | undefined) => (await answer?.text()) ?? '';

describe('a service worker whose store has lost the release of a page', () => {
  it.each([
    ['while the worker runs', false],
    ['before the browser restarted the worker', true],
  ])('%s answers the page with status 500, and never from the website', async (_, isRestarted) => {
    const { lose, start, worker: running, id } = await pageOfUpdate();
    await lose(id);
    const worker = isRestarted ? await start() : running;
    for (const path of ['/index.html', '/index.html', '/assets/logo.svg', STAMP]) {
      expect((await worker.ask(path, 'open'))?.status, path).toBe(500);
    }
    expect(website).not.toHaveBeenCalled();
  });

  it('tells the app once for each page', async () => {
    const { lose, start, id } = await pageOfUpdate();
    await lose(id);
    const worker = await start();
    for (let n = 0; n < 3; n++) await worker.ask('/index.html', 'open');
    const told = worker.events.filter(({ type }) => type === 'release-lost');
    expect(told).toMatchObject([{ id, client: 'open', error: { code: 'ERR_STORE' } }]);
  });

  it('answers a worker of the page with status 500', async () => {
    const { lose, start, id } = await pageOfUpdate();
    await lose(id);
    const { updater } = await start();
    await rejection(updater.releaseOf('open', 'worker of open'), 'ERR_STORE');
    await rejection(updater.releaseOf('worker of open'), 'ERR_STORE');
  });

  it('gives the release before to a page that is loaded again, and the lost one again after an update', async () => {
    const { lose, start, shipped, id } = await pageOfUpdate();
    await lose(id);
    const worker = await start();
    expect((await worker.navigate('/', 'again'))?.status).toBe(200);
    expect(await idOf(await worker.ask(STAMP, 'again'))).toBe(shipped);
    expect(await worker.updater.update()).toMatchObject({ id });
    expect(await idOf(await worker.ask(STAMP, 'again'))).toBe(shipped);
    expect(await idOf(await worker.ask(STAMP, 'open'))).toBe(id);
    expect(website).not.toHaveBeenCalled();
  });

  it('answers an open page with status 500 if the store cannot be read at all', async () => {
    const { releases } = await pageOfUpdate();
    const broken = {
      ...releases,
      readState: () => Promise.reject(new Error('the storage is broken')),
    };
    const worker = await startWorker(broken, await publishAfter(), ['open']);
    expect((await worker.ask('/index.html', 'open'))?.status).toBe(500);
    expect(website).not.toHaveBeenCalled();
  });
});

describe('a page that no release could be given to', () => {
  it('gets all its files from the website, also when the store works again', async () => {
    const { releases } = losingStore();
    const request = await publishAfter();
    const first = await startWorker(releases, request, []);
    await first.fire('install');
    let isBroken = true;
    const shipped = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    const builtIn = {
      ...shipped,
      isRemote: true,
      readStamp: async () => {
        if (isBroken) throw new TypeError('the network is away');
        return shipped.readStamp();
      },
    };
    const flaky: ReleaseStore = {
      ...releases,
      list: async () => {
        if (isBroken) throw new Error('the storage is broken');
        return releases.list();
      },
    };
    const worker = await startWorker(flaky, request, ['page'], builtIn);
    expect(await textOf(await worker.navigate('/', 'page'))).toBe(WEBSITE);
    isBroken = false;
    expect(await textOf(await worker.ask('/index.html', 'page'))).toBe(WEBSITE);
    const restarted = await startWorker(flaky, request, ['page'], builtIn);
    expect(await textOf(await restarted.ask('/index.html', 'page'))).toBe(WEBSITE);
    expect((await restarted.navigate('/', 'next'))?.headers.get('etag')).toMatch(
      /^"[0-9a-f]{64}"$/,
    );
  });

  it('because the release does not have it gets all its files from the website', async () => {
    const { start } = await pageOfUpdate();
    const worker = await start();
    expect(await textOf(await worker.navigate('/about.html', 'about'))).toBe(WEBSITE);
    expect(await textOf(await worker.ask('/index.html', 'about'))).toBe(WEBSITE);
    const restarted = await start();
    expect(await textOf(await restarted.ask('/index.html', 'about'))).toBe(WEBSITE);
  });
});

describe('a page that could not be stored', () => {
  it('keeps the confirmed release that it got, also after the browser restarted the worker', async () => {
    const { releases, shipped, id } = await pageOfUpdate();
    const request = await publishAfter();
    const worker = await startWorker(unwritable(releases), request, ['page']);
    expect((await worker.updater.status()).running.id).toBe(id);
    await worker.navigate('/', 'page');
    expect(await idOf(await worker.ask(STAMP, 'page'))).toBe(shipped);
    const restarted = await startWorker(unwritable(releases), request, ['page']);
    expect(await idOf(await restarted.ask(STAMP, 'page'))).toBe(shipped);
  });
});

describe('a built-in release of a website that the store has lost', () => {
  it.each([true, false])(
    'is not mixed with the files of a new deploy, with verifyFiles: %s',
    async (verifyFiles) => {
      let files = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
      const shipped = files;
      const builtIn = {
        isRemote: true,
        readStamp: () => files.readStamp(),
        files: { list: () => files.files.list(), read: (path: string) => files.files.read(path) },
      };
      // The copy of the release fails, so that its files come from the website.
      const releases: ReleaseStore = {
        ...memoryStore(),
        write: () => Promise.reject(new DOMException('no room', 'QuotaExceededError')),
      };
      const { updater } = await createDevice(BEFORE, fetch, { releases, builtIn, verifyFiles });
      const release = await updater.start({ client: 'page' });
      expect(await release.files.read('index.html')).toEqual(
        await shipped.files.read('index.html'),
      );
      files = await memoryBuiltIn(AFTER, { createdAt: timeOf(NOW) });
      await rejection(release.files.read('index.html'), 'ERR_STORE');
      const handle = createReleaseHandler(updater);
      const request = new Request('https://app.example.com/index.html');
      expect((await handle(request, { clientId: 'page' }))?.status).toBe(500);
    },
  );
});

describe('a worker that lives on', () => {
  it.each(['all files', 'the page', 'all files of both releases', 'the page of both releases'])(
    'gives a new page the release before if the store has lost %s, and open pages no file of it',
    async (what) => {
      const { lose, loseFile, start, worker, shipped, id } = await pageOfUpdate();
      const { length } = worker.events;
      for (const one of what.endsWith('both releases') ? [id, shipped] : [id]) {
        if (what.startsWith('the page')) loseFile(one, 'index.html');
        else await lose(one);
      }
      const answer = await worker.navigate('/', 'new');
      expect(new Uint8Array((await answer?.arrayBuffer()) ?? [])).toEqual(BEFORE['index.html']);
      expect(await idOf(await worker.ask(STAMP, 'new'))).toBe(shipped);
      expect((await worker.ask('/index.html', 'open'))?.status).toBe(500);
      expect(website).not.toHaveBeenCalled();
      expect(worker.events.slice(length)).toContainEqual(
        expect.objectContaining({ type: 'rolled-back', from: id, to: shipped }),
      );
      const { running, trial } = await worker.updater.status();
      expect([running.id, trial]).toEqual([shipped, undefined]);
      const restarted = await start();
      expect(await idOf(await restarted.ask(STAMP, 'new'))).toBe(shipped);
    },
  );

  it('keeps the other files of a damaged release for the page that runs it', async () => {
    const { releases, loseFile, worker, shipped, id } = await pageOfUpdate();
    loseFile(id, 'index.html');
    await worker.navigate('/', 'new');
    expect(await idOf(await worker.ask(STAMP, 'new'))).toBe(shipped);
    expect(await releases.list()).toContain(id);
    expect(worker.events).toContainEqual({
      type: 'error',
      error: expect.objectContaining({
        code: 'ERR_STORE',
        message: expect.stringMatching(/^"index\.html" could not be read/),
      }),
    });
    expect((await worker.ask('/assets/logo.svg', 'open'))?.status).toBe(200);
  });

  it('gives a new page the release before also if the loss cannot be stored', async () => {
    const { releases, loseFile, shipped, id, worker: first } = await pageOfUpdate();
    await first.updater.confirm(id);
    const worker = await startWorker(unwritable(releases), await publishAfter(), ['open']);
    await worker.navigate('/', 'early');
    expect(await idOf(await worker.ask(STAMP, 'early'))).toBe(id);
    loseFile(id, 'index.html');
    for (const page of ['new', 'newer']) {
      expect((await worker.navigate('/', page))?.status).toBe(200);
      expect(await idOf(await worker.ask(STAMP, page))).toBe(shipped);
    }
  });

  it('removes a damaged copy of the built-in release once, before it starts new pages', async () => {
    const { releases, loseFile } = losingStore();
    const remove = vi.fn<ReleaseStore['remove']>(async (id) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await releases.remove(id);
    });
    const slow: ReleaseStore = { ...releases, remove };
    const worker = await startWorker(slow, await publishAfter(), ['one', 'two']);
    await worker.fire('install');
    const [id = ''] = await releases.list();
    loseFile(id, 'index.html');
    const answers = await Promise.all(['one', 'two'].map((page) => worker.navigate('/', page)));
    expect(answers.map((answer) => answer?.status)).toEqual([200, 200]);
    expect(remove.mock.calls).toEqual([[id]]);
  });

  it('answers a new page with status 500 if no release can be read and the loss cannot be stored', async () => {
    const { releases, loseFile, shipped, id } = await pageOfUpdate();
    const worker = await startWorker(unwritable(releases), await publishAfter(), ['open']);
    loseFile(id, 'index.html');
    expect((await worker.navigate('/', 'new'))?.status).toBe(200);
    expect(await idOf(await worker.ask(STAMP, 'new'))).toBe(shipped);
    loseFile(shipped, 'index.html');
    expect((await worker.navigate('/', 'newer'))?.status).toBe(500);
  });

  it('copies the built-in release again when the store has lost it', async () => {
    const { releases, lose } = losingStore();
    const worker = await startWorker(releases, await publishAfter(), ['page']);
    await worker.fire('install');
    expect((await worker.navigate('/', 'page'))?.status).toBe(200);
    for (let again = 0; again < 2; again++) {
      const [id = ''] = await releases.list();
      await lose(id);
      expect((await worker.ask('/index.html', 'page'))?.status).toBe(200);
      expect(await releases.list()).toEqual([id]);
    }
  });
});

describe('a process that serves one release, as the main process of an Electron app', () => {
  it('answers with status 500 when its store has lost the release, and its next start runs the one before', async () => {
    const { releases, lose } = losingStore();
    const request = await publishAfter();
    const first = await createDevice(BEFORE, request, { releases });
    const shipped = await first.updater.start();
    const { id = '' } = await first.updater.update();
    const second = await createDevice(BEFORE, request, { releases });
    const handle = createReleaseHandler(second.updater, { fallback: 'index.html' });
    const get = (path: string) => handle(new Request(`https://app.example.com${path}`));
    expect((await get('/'))?.status).toBe(200);
    expect((await second.updater.start()).id).toBe(id);
    await lose(id);
    for (const path of ['/', '/index.html', '/index.html']) {
      expect((await get(path))?.status, path).toBe(500);
    }
    await second.updater.idle();
    expect(second.events).toContainEqual(
      expect.objectContaining({ type: 'rolled-back', from: id, to: shipped.id }),
    );
    const third = await createDevice(BEFORE, request, { releases });
    expect((await third.updater.start()).id).toBe(shipped.id);
    await second.updater.activate({ when: 'now' });
    expect((await get('/'))?.status).toBe(200);
    expect((await second.updater.start()).id).toBe(shipped.id);
  });
});
