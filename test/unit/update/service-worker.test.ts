import { describe, expect, it, vi } from 'vitest';
import { writeStamp } from '../../../src/release.ts';
import {
  fetchBuiltIn,
  memoryBuiltIn,
  memoryStore,
  type ReleaseStore,
} from '../../../src/update.ts';
import { rejection } from '../../support/errors.ts';
import { AFTER, BEFORE } from '../../support/release.ts';
import { idOf, ORIGIN, publishAfter, startWorker } from '../../support/service-worker.ts';
import {
  BUILT_IN_TIME,
  createDevice,
  createPublisher,
  fetchFrom,
  NOW,
  timeOf,
} from '../../support/update.ts';
import { utf8 } from '../../support/zip.ts';

describe('a built-in release behind fetch', () => {
  it.each<[string, () => Promise<Response>]>([
    ['never answers', () => new Promise(() => {})],
    ['stops in the middle', async () => new Response(new ReadableStream({ pull: () => {} }))],
  ])('rejects if the website %s', async (_, answer) => {
    const builtIn = fetchBuiltIn({ base: `${ORIGIN}/`, timeout: 20, fetch: answer });
    for (const read of [() => builtIn.readStamp(), () => builtIn.files.read('index.html')]) {
      await rejection(read(), 'ERR_STORE');
    }
  });

  it('requests the stamp again for a list of files if the first request failed', async () => {
    const stamp = writeStamp({
      ...{ format: 'bundleseal-stamp', version: 1, id: 'a'.repeat(64) },
      ...{ createdAt: timeOf(NOW), files: [{ path: 'a', size: 1, sha256: 'b'.repeat(64) }] },
    });
    let isOnline = false;
    const answer = async () => {
      if (!isOnline) throw new TypeError('no network');
      return new Response(stamp as BodyInit);
    };
    const builtIn = fetchBuiltIn({ base: ORIGIN, fetch: answer });
    await expect(builtIn.files.list()).rejects.toThrow('no network');
    isOnline = true;
    expect(await builtIn.files.list()).toEqual([{ path: 'a', size: 1 }]);
  });

  it('takes files of any size, and an empty one', async () => {
    for (const size of [0, 1_000_000]) {
      const bytes = new Uint8Array(size).fill(7);
      const builtIn = fetchBuiltIn({ base: ORIGIN, fetch: async () => new Response(bytes) });
      expect(await builtIn.files.read('a')).toEqual(bytes);
    }
  });
});

describe('a service worker', () => {
  it('that is not installed says why in the console, because the browser does not', async () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => {});
    const shipped = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    const read = () => Promise.reject(new Error('no network'));
    const worker = await startWorker(memoryStore(), await publishAfter(), [], {
      ...{ ...shipped, isRemote: true, files: { ...shipped.files, read } },
    });
    const error = await rejection(worker.fire('install'), 'ERR_STORE');
    expect(error.message).toMatch(/^"[^"]+" of the built-in release could not be read: /);
    expect(told.mock.calls).toEqual([['The service worker was not installed:', error]]);
    told.mockRestore();
  });

  it('keeps serving the release of an older page after the browser restarted the worker', async () => {
    const releases = memoryStore();
    const request = await publishAfter();
    const first = await startWorker(releases, request, ['old']);
    await first.fire('install');
    await first.fire('activate');
    const shipped = (await first.updater.status()).running.id;
    const { id } = await first.updater.update();
    const restarted = await startWorker(releases, request, ['old', 'new']);
    expect((await restarted.navigate('/', 'new'))?.status).toBe(200);
    const again = await startWorker(releases, request, ['old', 'new']);
    expect(await idOf(await again.ask('/bundleseal-release.json', 'new'))).toBe(id);
    expect(await idOf(await again.ask('/bundleseal-release.json', 'old'))).toBe(shipped);
  });

  it('gives a page the release of its navigation, also in a restarted worker while another release runs', async () => {
    const releases = memoryStore();
    const request = await publishAfter();
    const pages = ['older', 'newer'];
    const first = await startWorker(releases, request, pages);
    await first.fire('install');
    await first.navigate('/', 'older');
    const shipped = (await first.updater.status()).running.id;
    const { id } = await first.updater.update();
    const second = await startWorker(releases, request, pages);
    await second.navigate('/', 'newer');
    const third = await startWorker(releases, request, pages);
    expect(await idOf(await third.ask('/bundleseal-release.json', 'older'))).toBe(shipped);
    expect(await idOf(await third.ask('/bundleseal-release.json', 'newer'))).toBe(id);
  });

  it('does not count visits that the website answered as starts of a trial', async () => {
    vi.stubGlobal('fetch', async () => new Response('a page of the website'));
    try {
      const worker = await startWorker(memoryStore(), await publishAfter(), []);
      await worker.fire('install');
      const { id } = await worker.updater.update();
      for (let n = 0; n < 5; n++) {
        const answer = await worker.navigate('/blog/', `visit ${n}`);
        expect(await answer?.text()).toBe('a page of the website');
      }
      expect((await worker.updater.status()).trial).toMatchObject({ starts: 0 });
      expect((await worker.navigate('/', 'app'))?.status).toBe(200);
      expect(await idOf(await worker.ask('/bundleseal-release.json', 'app'))).toBe(id);
      expect((await worker.updater.status()).trial).toMatchObject({ starts: 1 });
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('says to a page at any address of its own which release it is', async () => {
    const worker = await startWorker(memoryStore(), await publishAfter(), []);
    await worker.fire('install');
    const { id } = await worker.updater.start();
    for (const path of ['/bundleseal-release.json', '/a/route/bundleseal-release.json']) {
      expect(await idOf(await worker.ask(path, 'page'))).toBe(id);
    }
  });

  it('lets a page read the files of the website', async () => {
    const urls: string[] = [];
    const builtIn = fetchBuiltIn({
      base: `${ORIGIN}/`,
      isRemote: true,
      fetch: async (url) => {
        urls.push(String(url));
        return new Response('{}');
      },
    });
    const hadDocument = 'document' in globalThis;
    if (!hadDocument) Object.assign(globalThis, { document: {} });
    try {
      await builtIn.readStamp();
      await builtIn.files.read('a b.js');
    } finally {
      if (!hadDocument) Reflect.deleteProperty(globalThis, 'document');
    }
    const worker = await startWorker(memoryStore(), await publishAfter(), []);
    await worker.fire('install');
    const [stamp = '', file = ''] = urls.map((url) => url.slice(ORIGIN.length));
    expect(stamp).toMatch(/^\/bundleseal-release\.json\?/);
    expect(file).toMatch(/^\/a%20b\.js\?/);
    expect(await worker.ask(stamp, 'page')).toBeUndefined();
    expect(await worker.ask('/bundleseal-release.json', 'page')).toBeDefined();
  });

  it('copies the built-in release anew when the copy was altered', async () => {
    const releases = memoryStore();
    const request = await publishAfter();
    const first = await startWorker(releases, request, []);
    await first.fire('install');
    const { id } = await first.updater.start();
    const copy = await releases.open(id);
    const stamp = await copy.read('bundleseal-release.json');
    await releases.write(
      id,
      (async function* () {
        for (const path of Object.keys(BEFORE)) yield { path, bytes: utf8('altered') };
        yield { path: 'bundleseal-release.json', bytes: stamp };
      })(),
    );
    const worker = await startWorker(releases, request, ['page']);
    const mended = await worker.navigate('/', 'page');
    expect(new Uint8Array((await mended?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(
      BEFORE['index.html'],
    );
    await expect.poll(() => releases.list()).toContain(id);
    const check = await worker.updater.check();
    expect(check).toMatchObject({ status: 'available', way: { kind: 'patch', from: id } });
  });

  it('keeps its copy of a newly deployed release when a page starts before the state names the copy', async () => {
    const inner = memoryStore();
    const request = await publishAfter();
    const first = await startWorker(inner, request, []);
    await first.fire('install');
    await first.updater.start();
    const releases: ReleaseStore = {
      ...inner,
      async write(id, files) {
        await inner.write(id, files);
        const other = await startWorker(inner, request, ['page']);
        await other.navigate('/', 'page');
        await other.updater.idle();
      },
    };
    const deployed = await memoryBuiltIn(AFTER, { createdAt: timeOf(NOW) });
    const worker = await startWorker(releases, request, [], { ...deployed, isRemote: true });
    await worker.fire('install');
    const { builtIn, running } = await worker.updater.status();
    expect(running.id).toBe(builtIn.id);
    expect(await inner.list()).toContain(builtIn.id);
  });

  it('waits with its installation for a download until that has ended, which a store cannot put off', async () => {
    const releases = memoryStore();
    const publisher = createPublisher();
    await publisher.offer([await publisher.make(AFTER, [BEFORE])]);
    let isAsked = () => {};
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    // A store that never answers when it is asked for an object.
    const silent = fetchFrom(publisher.store, (path, _, whole) => {
      if (!path.startsWith('objects/')) return whole();
      isAsked();
      return new Promise(() => {});
    });
    const page = await createDevice(BEFORE, silent, { releases, timeout: 500, retries: 1 });
    await page.updater.start();
    const update = page.updater.update();
    const failed = rejection(update, 'ERR_SOURCE_FAILED');
    await asked;
    const order: string[] = [];
    const download = failed.then(() => order.push('download'));
    const worker = await startWorker(releases, silent, []);
    await worker.fire('install');
    order.push('installation');
    await download;
    expect(order).toEqual(['download', 'installation']);
    expect(await releases.list()).toEqual([(await worker.updater.status()).builtIn.id]);
  });

  it('is kept alive until it has copied a lost built-in release again', async () => {
    const releases = memoryStore();
    const request = await publishAfter();
    const first = await startWorker(releases, request, []);
    await first.fire('install');
    const { id } = await first.updater.start();
    await releases.remove(id);
    const shipped = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    let isAnswered = false;
    const read = async (path: string) => {
      // The files for the copy come after the response.
      if (isAnswered) await new Promise((resolve) => setTimeout(resolve, 10));
      isAnswered = true;
      return shipped.files.read(path);
    };
    const builtIn = { ...shipped, isRemote: true, files: { ...shipped.files, read } };
    const worker = await startWorker(releases, request, ['page'], builtIn);
    // Resolves when the browser may end the worker.
    expect((await worker.navigate('/', 'page'))?.status).toBe(200);
    expect(await releases.list()).toEqual([id]);
  });

  it('keeps serving a release that is installed again and again, each time in another place of the store', async () => {
    const inner = memoryStore();
    let installs = 0;
    const releases: ReleaseStore = {
      ...inner,
      async write(id, files) {
        await inner.write(id, files);
        installs += 1;
      },
      async open(id) {
        const opened = installs;
        const reader = await inner.open(id);
        return {
          list: () => reader.list(),
          async read(path) {
            if (opened !== installs) throw new Error('this place is gone');
            return reader.read(path);
          },
        };
      },
    };
    const worker = await startWorker(releases, await publishAfter(), ['page']);
    await worker.fire('install');
    expect((await worker.navigate('/', 'page'))?.status).toBe(200);
    for (let again = 0; again < 4; again++) {
      installs += 1;
      expect((await worker.ask('/index.html', 'page'))?.status).toBe(200);
    }
    const { running, builtIn } = await worker.updater.status();
    expect(running.id).toBe(builtIn.id);
    expect((await worker.updater.check()).status).toBe('available');
    expect(await releases.list()).toEqual([running.id]);
  });
});
