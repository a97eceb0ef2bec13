// Built-in releases in memory and on a website: their requests, their lists, and the copies in a store.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { readStamp, releaseId, writeStamp } from '../../../src/release.ts';
import {
  fetchBuiltIn,
  memoryBuiltIn,
  memoryStore,
  type ReleaseStore,
} from '../../../src/update.ts';
import { rejection } from '../../support/errors.ts';
import { AFTER, BEFORE } from '../../support/release.ts';
import { BUILT_IN_TIME, createDevice, createPublisher, fetchFrom } from '../../support/update.ts';
import { utf8 } from '../../support/zip.ts';

const BASE = 'https://app.example.com/app/';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A website that answers each request by `answer`, and the requests that it got. */
function websiteOf(answer: (url: string) => Response | Promise<Response>, options = {}) {
  const asked: { url: string; cache: RequestCache | undefined }[] = [];
  const builtIn = fetchBuiltIn({
    ...{ base: BASE, timeout: 1000, ...options },
    fetch: (async (url: URL, init?: RequestInit) => {
      asked.push({ url: String(url), cache: init?.cache });
      return answer(String(url));
    }) as typeof fetch,
  });
  return { builtIn, asked };
}

const stampOf = (files?: readonly { path: string; size: number; sha256: string }[]) =>
  writeStamp({
    ...{ format: 'bundleseal-stamp', version: 1, id: 'a'.repeat(64), createdAt: BUILT_IN_TIME },
    ...(files !== undefined && { files }),
  });

describe('a built-in release in memory', () => {
  it('has a stamp with its id, its runtime, and the digest of each file', async () => {
    const builtIn = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME, runtime: '3' });
    const stamp = readStamp(await builtIn.readStamp());
    expect(stamp).toMatchObject({
      ...{ format: 'bundleseal-stamp', version: 1, createdAt: BUILT_IN_TIME, runtime: '3' },
      id: await releaseId(BEFORE),
    });
    const listed = await builtIn.files.list();
    expect(listed).toEqual(stamp.files?.map(({ path, size }) => ({ path, size })));
    expect(listed.map(({ path }) => path).sort()).toEqual(Object.keys(BEFORE).sort());
    expect(builtIn.isRemote).toBeUndefined();
  });

  it('returns bytes that the caller may change', async () => {
    const builtIn = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    (await builtIn.files.read('index.html')).fill(0);
    expect(await builtIn.files.read('index.html')).toEqual(BEFORE['index.html']);
  });

  it('refuses an unknown option by name', async () => {
    await expect(memoryBuiltIn(BEFORE, { createdat: BUILT_IN_TIME } as never)).rejects.toThrow(
      'memoryBuiltIn does not know the option "createdat"',
    );
  });
});

describe('a built-in release on a website', () => {
  it('is requested through the cache of the browser only if no deploy replaces it', async () => {
    for (const [isRemote, cache] of [
      [undefined, 'default'],
      [false, 'default'],
      [true, 'no-cache'],
    ] as const) {
      const options = isRemote === undefined ? {} : { isRemote };
      const { builtIn, asked } = websiteOf(() => new Response('x'), options);
      expect(builtIn.isRemote).toBe(isRemote ?? false);
      await builtIn.files.read('a/b.js');
      expect(asked).toEqual([{ url: `${BASE}a/b.js`, cache }]);
    }
  });

  it('is in the folder of the page if no address is given', async () => {
    vi.stubGlobal('location', { href: `${BASE}page.html` });
    const { builtIn, asked } = websiteOf(() => new Response('x'), { base: undefined });
    await builtIn.readStamp();
    expect(asked.map(({ url }) => url)).toEqual([`${BASE}bundleseal-release.json`]);
  });

  it('calls the fetch of the runtime that is there at the time of the request', async () => {
    const builtIn = fetchBuiltIn({ base: BASE });
    vi.stubGlobal('fetch', async (url: URL) => new Response(`answer to ${url}`));
    expect(await builtIn.files.read('a')).toEqual(utf8(`answer to ${BASE}a`));
  });

  it('requests the stamp once for all lists, and lists nothing without a list in it', async () => {
    const files = [{ path: 'a', size: 1, sha256: 'b'.repeat(64) }];
    const { builtIn, asked } = websiteOf(() => new Response(stampOf(files) as BodyInit));
    for (let n = 0; n < 2; n++)
      expect(await builtIn.files.list()).toEqual([{ path: 'a', size: 1 }]);
    expect(asked).toHaveLength(1);
    const short = websiteOf(() => new Response(stampOf() as BodyInit));
    expect(await short.builtIn.files.list()).toEqual([]);
  });

  it('rejects with the error of the network as it is, and with ERR_STORE if it is too slow', async () => {
    const failure = new TypeError('no network');
    const { builtIn } = websiteOf(() => {
      throw failure;
    });
    await expect(builtIn.files.read('a')).rejects.toBe(failure);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const slow = websiteOf(() => new Promise(() => {})).builtIn.files.read('a.js');
    const rejected = rejection(slow, 'ERR_STORE');
    await vi.advanceTimersByTimeAsync(1000);
    expect(await rejected).toMatchObject({
      ...{ path: 'a.js', cause: { name: 'TimeoutError' } },
      message: '"a.js" of the build was sent too slowly: try again when the network is better',
    });
  });

  it('may take longer than the timeout while enough bytes arrive, and leaves no timer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let sent = 0;
    const { builtIn } = websiteOf(
      () =>
        new Response(
          new ReadableStream({
            async pull(controller) {
              await new Promise((resolve) => setTimeout(resolve, 900));
              sent += 1;
              if (sent > 4) controller.close();
              else controller.enqueue(new Uint8Array(16_384).fill(sent));
            },
          }),
        ),
    );
    const read = builtIn.files.read('a');
    await vi.advanceTimersByTimeAsync(5000);
    const bytes = await read;
    expect([bytes.length, bytes[0], bytes.at(-1)]).toEqual([4 * 16_384, 1, 4]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('cancels the body of an answer that it does not read', async () => {
    let isCancelled = false;
    const body = new ReadableStream({
      cancel() {
        isCancelled = true;
      },
    });
    const { builtIn } = websiteOf(() => new Response(body, { status: 500 }));
    await rejection(builtIn.files.read('a'), 'ERR_STORE');
    await expect.poll(() => isCancelled).toBe(true);
  });

  it.each<[object, string]>([
    [{ timeout: 0 }, 'options.timeout expected a positive integer, got 0'],
    [{ timeout: 1.5 }, 'options.timeout expected a positive integer, got 1.5'],
    [{ fetch: 'x' }, 'options.fetch expected a function, got a string'],
    [{ url: BASE }, 'fetchBuiltIn does not know the option "url"'],
  ])('refuses a wrong option: %o', (options, message) => {
    expect(() => fetchBuiltIn({ base: BASE, ...options } as never)).toThrow(message);
  });
});

describe('the copy of a built-in release in the store', () => {
  const shipped = () => memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });

  it('has every file and its stamp, and is made once', async () => {
    const releases = memoryStore();
    const builtIn = { ...(await shipped()), isRemote: true };
    let writes = 0;
    const counting: typeof releases = {
      ...releases,
      write(id, files) {
        writes += 1;
        return releases.write(id, files);
      },
    };
    const { updater } = await createDevice(BEFORE, fetch, { releases: counting, builtIn });
    await updater.installBuiltIn();
    await updater.installBuiltIn();
    expect(writes).toBe(1);
    const id = await releaseId(BEFORE);
    const copy = await releases.open(id);
    for (const [path, bytes] of Object.entries(BEFORE)) {
      expect(await copy.read(path)).toEqual(bytes);
    }
    expect(readStamp(await copy.read('bundleseal-release.json'))).toMatchObject({ id });
    const state = JSON.parse(new TextDecoder().decode(await releases.readState()));
    expect(state).toMatchObject({ builtIn: id, running: id });
    expect(state).not.toHaveProperty('fetching');
  });

  it('is not made of files that differ from the list in the stamp', async () => {
    for (const altered of [utf8('longer than the file in the list'), utf8('x')]) {
      const builtIn = await shipped();
      const releases = memoryStore();
      const read = async (path: string) => {
        const bytes = await builtIn.files.read(path);
        if (path !== 'index.html') return bytes;
        return altered.length > 1 ? altered : bytes.fill(0);
      };
      const { updater } = await createDevice(BEFORE, fetch, {
        releases,
        builtIn: { ...builtIn, isRemote: true, files: { ...builtIn.files, read } },
      });
      const error = await rejection(updater.installBuiltIn(), 'ERR_STORE');
      expect(error).toMatchObject({
        path: 'index.html',
        message:
          '"index.html" differs from the list in the stamp: write the stamp as the last step of the build, and serve the files unchanged',
      });
      expect(await releases.list()).toEqual([]);
    }
  });

  it.each<[string, (stamp: ReturnType<typeof readStamp>) => object]>([
    ['has no list', ({ files: _, ...stamp }) => stamp],
    ['has a list of another release', (stamp) => ({ ...stamp, id: 'c'.repeat(64) })],
  ])('is not made if the stamp %s', async (_, change) => {
    const builtIn = await shipped();
    const stamp = writeStamp(change(readStamp(await builtIn.readStamp())) as never);
    const { updater } = await createDevice(BEFORE, fetch, {
      builtIn: { ...builtIn, isRemote: true, readStamp: async () => stamp },
    });
    const error = await rejection(updater.installBuiltIn(), 'ERR_STORE');
    expect(error.message).toBe(
      'the stamp of the built-in release has no list of files, or the list does not match the id: write it again with `npx bundleseal release stamp DIR`, as the last step of the build',
    );
  });

  it('is not made after an abort, and no timer is left', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const builtIn = { ...(await shipped()), isRemote: true };
    const releases = memoryStore();
    const { updater } = await createDevice(BEFORE, fetch, { builtIn, releases });
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(updater.installBuiltIn({ signal })).rejects.toThrow('enough');
    expect(vi.getTimerCount()).toBe(0);
    expect(await releases.list()).toEqual([]);
  });

  it('names the call of the store that failed', async () => {
    const builtIn = { ...(await shipped()), isRemote: true };
    for (const [method, message] of [
      ['list', /^the releases could not be listed: the member cause/],
      ['write', /^the built-in release could not be copied: the member cause/],
    ] as const) {
      const releases = { ...memoryStore(), [method]: () => Promise.reject(new Error('broken')) };
      const broken = await createDevice(BEFORE, fetch, { builtIn, releases });
      const error = await rejection(broken.updater.installBuiltIn(), 'ERR_STORE');
      expect(error.message, method).toMatch(message);
    }
  });
});

describe('a website that cannot be reached after the state was lost', () => {
  const unreachable = () => Promise.reject(new TypeError('no network'));

  it.each(['first', 'last'])(
    'is served from the oldest release, which is the copy of its release and %s in the list of the store',
    async (place) => {
      const publisher = createPublisher();
      const next = await publisher.make(AFTER);
      await publisher.offer([next]);
      const inner = memoryStore();
      const releases: ReleaseStore = {
        ...inner,
        async list() {
          const ids = [...(await inner.list())];
          const oldest = await releaseId(BEFORE);
          const others = ids.filter((id) => id !== oldest);
          if (others.length === ids.length) return ids;
          return place === 'first' ? [oldest, ...others] : [...others, oldest];
        },
      };
      const builtIn = {
        ...(await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME })),
        isRemote: true,
      };
      const first = await createDevice(BEFORE, fetchFrom(publisher.store), { releases, builtIn });
      await first.updater.installBuiltIn();
      await first.updater.start();
      await first.updater.update();
      await releases.writeState(utf8('lost'));
      const lost = { ...builtIn, readStamp: unreachable };
      const { updater } = await createDevice(BEFORE, fetch, { releases, builtIn: lost });
      const { id, files } = await updater.start();
      expect(id).toBe(await releaseId(BEFORE));
      expect(await files.read('index.html')).toEqual(BEFORE['index.html']);
      expect(await files.list()).toHaveLength(Object.keys(BEFORE).length);
      expect(await updater.status()).toMatchObject({
        ...{ builtIn: { id }, ready: { id: next.entry.id } },
      });
      // The build of an installed app cannot be away, so its error counts.
      const local = { ...lost, isRemote: false };
      const other = await createDevice(BEFORE, fetch, { releases, builtIn: local });
      await expect(other.updater.status()).rejects.toMatchObject({ code: 'ERR_STORE' });
    },
  );

  it('cannot be started from an empty store', async () => {
    const builtIn = {
      ...(await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME })),
      ...{ isRemote: true, readStamp: unreachable },
    };
    const { updater } = await createDevice(BEFORE, fetch, { builtIn });
    const error = await rejection(updater.start(), 'ERR_STORE');
    expect(error.message).toMatch(/^the stamp of the built-in release could not be read: /);
  });
});
