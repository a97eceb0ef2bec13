// Single calls of the updater: reasons, events, pages that ask for their release, and stores that throw.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { memoryBuiltIn, memoryStore, type ReleaseStore } from '../../../src/update.ts';
import { rejection } from '../../support/errors.ts';
import { AFTER, BEFORE } from '../../support/release.ts';
import { digestOf } from '../../support/release-index.ts';
import { BUILT_IN_TIME, createDevice, createPublisher, fetchFrom } from '../../support/update.ts';
import { published } from '../../support/update-published.ts';
import { keyA } from '../../support/vectors.ts';

afterEach(() => void vi.unstubAllGlobals());

/** A device that runs the published release on trial. */
async function onTrial(options: Parameters<typeof createDevice>[2] = {}) {
  const { request, next } = await published();
  const device = await createDevice(BEFORE, request, options);
  const shipped = await device.updater.start();
  await device.updater.update({ when: 'now' });
  await device.updater.start();
  return { ...device, next: next.entry, shipped: shipped.id };
}

describe('fail', () => {
  it('has a reason of its own if the app gives none', async () => {
    const { updater, events, next, shipped } = await onTrial();
    await updater.fail(next.id);
    const reason = 'the app called fail() without a reason';
    expect((await updater.status()).blocked).toEqual([{ id: next.id, reason }]);
    expect(events.slice(-2)).toEqual([
      { type: 'blocked', id: next.id, reason },
      { type: 'rolled-back', from: next.id, to: shipped },
    ]);
  });

  it('cuts a reason to 1000 characters, and refuses an id that is none', async () => {
    const { updater, next } = await onTrial();
    await updater.fail(next.id, 'x'.repeat(1001));
    expect((await updater.status()).blocked[0]?.reason).toBe('x'.repeat(1000));
    await expect(updater.fail('1.0.0')).rejects.toThrow(
      new TypeError('id expected a release id: 64 lower-case hex characters'),
    );
  });
});

describe('confirm', () => {
  it('tells the app once, and says whether the release runs', async () => {
    const { updater, events, next, shipped } = await onTrial();
    expect(await updater.confirm(shipped)).toBe(false);
    expect(await updater.confirm(next.id)).toBe(true);
    expect(await updater.confirm(next.id)).toBe(true);
    expect(events.filter(({ type }) => type === 'confirmed')).toEqual([
      { type: 'confirmed', id: next.id },
    ]);
    expect(await updater.status()).not.toHaveProperty('trial');
  });
});

describe('activate', () => {
  it('does nothing if no release is ready', async () => {
    const { request } = await published();
    const { updater, events } = await createDevice(BEFORE, request);
    await updater.start();
    await updater.activate();
    expect(events.map(({ type }) => type)).not.toContain('activated');
    expect(await updater.status()).not.toHaveProperty('next');
  });

  it('makes the next call of start in the process run the release, if it has to run now', async () => {
    const { request, next } = await published();
    const { updater } = await createDevice(BEFORE, request);
    const shipped = await updater.start();
    await updater.update();
    expect((await updater.start()).id).toBe(shipped.id);
    await updater.activate({ when: 'now' });
    expect((await updater.start()).id).toBe(next.entry.id);
  });

  it('tells when the release runs', async () => {
    const { request, next } = await published();
    const { updater, events } = await createDevice(BEFORE, request);
    await updater.start();
    await updater.update();
    await updater.activate({ when: 'now' });
    const activated = events.filter(({ type }) => type === 'activated');
    expect(activated).toEqual([
      { type: 'activated', id: next.entry.id, when: 'next-start' },
      { type: 'activated', id: next.entry.id, when: 'now' },
    ]);
  });
});

describe('start', () => {
  it('is counted once in a process, and again after a failure', async () => {
    const { request } = await published();
    let isBroken = true;
    const shipped = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    const builtIn = {
      ...shipped,
      readStamp: async () => {
        if (isBroken) throw new Error('no stamp');
        return shipped.readStamp();
      },
    };
    const { updater, events } = await createDevice(BEFORE, request, { builtIn });
    await rejection(updater.start(), 'ERR_STORE');
    isBroken = false;
    const first = await updater.start();
    expect(await updater.start()).toBe(first);
    expect(events.filter(({ type }) => type === 'started')).toHaveLength(1);
  });

  it('writes nothing if it changes nothing', async () => {
    const { request } = await published();
    const memory = memoryStore();
    let writes = 0;
    const releases: ReleaseStore = {
      ...memory,
      writeState(bytes) {
        writes += 1;
        return memory.writeState(bytes);
      },
    };
    const launch = async () => {
      const { updater } = await createDevice(BEFORE, request, { releases });
      await updater.start();
      await updater.keepClients([]);
      await updater.idle();
    };
    // The first start makes the state, and the second one records the stamp of the build.
    for (let n = 0; n < 2; n++) await launch();
    expect(writes).toBeGreaterThan(0);
    writes = 0;
    await launch();
    expect(writes).toBe(0);
  });

  it('runs the built-in release if the lock of the store throws instead of rejecting', async () => {
    const releases: ReleaseStore = {
      ...memoryStore(),
      lock() {
        throw new Error('no locks here');
      },
    };
    const { updater, events } = await createDevice(BEFORE, fetch, { releases });
    expect(await (await updater.start()).files.read('index.html')).toEqual(BEFORE['index.html']);
    expect(events[0]).toMatchObject({
      type: 'error',
      error: {
        code: 'ERR_STORE',
        message: expect.stringMatching(/^the state could not be locked: /),
        cause: new Error('no locks here'),
      },
    });
  });
});

describe('a failure of the work in the background', () => {
  it.each([false, true])(
    'is told once, and not after the updater was disposed of: %s',
    async (isDisposed) => {
      const { request } = await published();
      const releases = memoryStore();
      await (await createDevice(BEFORE, request, { releases })).updater.start();
      let fail = (_: Error) => {};
      const list = () => new Promise<never>((_, reject) => (fail = reject));
      const { updater, events } = await createDevice(BEFORE, request, {
        releases: { ...releases, list },
      });
      await updater.start();
      if (isDisposed) updater.dispose();
      fail(new Error('no list'));
      await updater.idle();
      const told = {
        type: 'error',
        error: expect.objectContaining({ cause: new Error('no list') }),
      };
      expect(events.filter(({ type }) => type === 'error')).toEqual(isDisposed ? [] : [told]);
    },
  );
});

describe('download', () => {
  it('tells the progress of its own object, up to the size in the index', async () => {
    const { request, next } = await published();
    const { updater, events } = await createDevice(BEFORE, request);
    await updater.start();
    const told: unknown[] = [];
    await updater.download({ onProgress: (progress) => told.push(progress) });
    const size = next.entry.patches[0]?.size as number;
    expect(told.at(-1)).toEqual({ done: size, total: size });
    const progress = events.filter(({ type }) => type === 'progress');
    expect(progress.at(-1)).toEqual({
      ...{ type: 'progress', id: next.entry.id, done: size, total: size },
    });
    told.length = 0;
    // The release is ready: nothing moves, and nothing is told again.
    expect(await updater.download({ onProgress: (one) => told.push(one) })).toEqual({
      ...{ id: next.entry.id, moved: 0 },
    });
    expect(told).toEqual([]);
    expect(events.filter(({ type }) => type === 'downloaded')).toHaveLength(1);
  });

  it('does not read the base of a patch that another key has sealed', async () => {
    const { publisher, next } = await published();
    const other = createPublisher(keyA.pkcs8, publisher.store);
    const { patches } = (await other.make(AFTER, [BEFORE])).entry;
    await publisher.offer([{ ...next, entry: { ...next.entry, patches } }]);
    const shipped = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    const read: string[] = [];
    const files = {
      ...shipped.files,
      read: (path: string) => {
        read.push(path);
        return shipped.files.read(path);
      },
    };
    const { updater, events } = await createDevice(BEFORE, fetchFrom(publisher.store), {
      builtIn: { ...shipped, files },
    });
    await updater.start();
    expect((await updater.download()).id).toBe(next.entry.id);
    expect(events.filter(({ type }) => type === 'way-failed')).toMatchObject([
      { way: { kind: 'patch' }, error: { code: 'ERR_KEY_MISMATCH' } },
    ]);
    expect(read).toEqual([]);
  });

  it('rejects if the device is offline, and resolves with the running release if there is none', async () => {
    const offline = await createDevice(BEFORE, async () => {
      throw new TypeError('fetch failed');
    });
    await offline.updater.start();
    await rejection(offline.updater.download(), 'ERR_SOURCE_FAILED');
    const { publisher, request } = await published();
    await publisher.offer([]);
    const { updater } = await createDevice(BEFORE, request);
    const { id } = await updater.start();
    expect(await updater.download()).toEqual({ id, moved: 0 });
  });
});

describe('attach', () => {
  const trialOf = async (answer: (url: string) => Promise<Response>) => {
    vi.stubGlobal('location', { href: 'https://app.example.com/a/route' });
    const { request, next } = await published();
    const asked: string[] = [];
    const both = (async (input: string | URL, init?: RequestInit) => {
      if (!String(input).startsWith('https://app.example.com/')) return request(input, init);
      asked.push(`${init?.cache} ${input}`);
      return answer(String(input));
    }) as typeof fetch;
    const { updater } = await createDevice(BEFORE, both);
    return { updater, asked, next: next.entry };
  };

  it('asks the server of the page for its release', async () => {
    const stamp = await (await memoryBuiltIn(AFTER, { createdAt: BUILT_IN_TIME })).readStamp();
    const { updater, asked, next } = await trialOf(
      async () => new Response(stamp as Uint8Array<ArrayBuffer>),
    );
    expect(await updater.attach()).toBe(next.id);
    expect(asked).toEqual(['no-store https://app.example.com/a/bundleseal-release.json']);
  });

  it('rejects if the server does not know the release', async () => {
    const { updater } = await trialOf(async () => new Response('', { status: 500 }));
    const error = await rejection(updater.attach(), 'ERR_STORE');
    expect(error.message).toBe(
      'the release of this page is not known, because its server answered bundleseal-release.json with status 500: load the page again',
    );
  });

  it('takes the release of the website if no service worker controls the page', async () => {
    const shipped = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    const builtIn = { ...shipped, isRemote: true };
    const { updater } = await createDevice(BEFORE, fetch, { builtIn });
    for (const navigator of [undefined, {}, { serviceWorker: { controller: null } }]) {
      vi.stubGlobal('navigator', navigator);
      expect(await updater.attach()).toBe((await updater.start()).id);
    }
    vi.stubGlobal('navigator', { serviceWorker: { controller: {} } });
    vi.stubGlobal('location', { href: 'https://app.example.com/' });
    const answer = async () => new Response('', { status: 404 });
    const controlled = await createDevice(BEFORE, answer, { builtIn });
    await rejection(controlled.updater.attach(), 'ERR_STORE');
  });
});

describe('a page that is closed', () => {
  it('no longer keeps its release, but another page does', async () => {
    const { updater, next, shipped } = await onTrial();
    const pinned = async (client: string) => (await updater.releaseOf(client))?.id;
    await updater.start({ client: 'one' });
    await updater.start({ client: 'two' });
    expect(await pinned('one')).toBe(next.id);
    await updater.fail(next.id);
    expect(await pinned('two')).toBe(next.id);
    await updater.keepClients(['two']);
    expect(await pinned('two')).toBe(next.id);
    // The browser may show a closed page again. A page that nobody knows gets the running release.
    expect(await pinned('one')).toBe(next.id);
    expect(await pinned('three')).toBe(shipped);
    await updater.leaveToWebsite('one');
    expect(await updater.releaseOf('one', 'worker of one')).toBeUndefined();
    expect(await updater.releaseOf('worker of one')).toBeUndefined();
  });

  it('is bound to its release, and nothing else is bound', async () => {
    const { request } = await published();
    const releases = memoryStore();
    const { updater, events } = await createDevice(BEFORE, request, { releases });
    const { id } = await updater.start();
    await updater.releaseOf('page');
    const pinned = async () =>
      JSON.parse(new TextDecoder().decode(await releases.readState())).pinned;
    expect(await pinned()).toEqual([{ client: 'page', id }]);
    await updater.releaseOf('page', 'worker');
    expect(await pinned()).toEqual([
      { client: 'page', id },
      { client: 'worker', id },
    ]);
    expect(events.map(({ type }) => type)).toEqual(['started']);
  });

  it('stays with the website if the search for its release fails afterwards', async () => {
    const memory = memoryStore();
    let fail = () => {};
    const broken = new Promise<undefined>((_, reject) => {
      fail = () => reject(new Error('the storage is broken'));
    });
    let reads = 0;
    const releases: ReleaseStore = {
      ...memory,
      readState() {
        reads += 1;
        return broken;
      },
    };
    const { updater } = await createDevice(BEFORE, fetch, { releases });
    const searching = rejection(updater.releaseOf('page'), 'ERR_STORE');
    await expect.poll(() => reads).toBe(1);
    const left = updater.leaveToWebsite('page');
    fail();
    await searching;
    await left;
    expect(await updater.releaseOf('page')).toBeUndefined();
  });

  it('is refused with the type of its id', async () => {
    const { updater } = await createDevice(BEFORE, fetch);
    await expect(updater.releaseOf(digestOf(1), 5 as never)).rejects.toThrow(
      new TypeError('client expected the id of a page, got a number'),
    );
    await expect(updater.leaveToWebsite(5 as never)).rejects.toThrow(
      new TypeError('client expected the id of a page, got a number'),
    );
  });
});
