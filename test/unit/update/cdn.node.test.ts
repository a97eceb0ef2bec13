// Updates over HTTP from servers and caches that misbehave as real ones do.

import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryStore, type ReleaseStore, type UpdaterOptions } from '../../../src/update.ts';
import { type Answer, type Cdn, type Fault, openCdn } from '../../support/cdn.ts';
import { AFTER, BEFORE, type Files } from '../../support/release.ts';
import { createDevice, createPublisher, type Device, NOW, timeOf } from '../../support/update.ts';
import { utf8 } from '../../support/zip.ts';

const INDEX = 'channels/production.sealed';
const PAGE = utf8('<!doctype html><title>Not found</title>'.padEnd(600, ' '));
const isObject = (path: string) => path.startsWith('objects/');

const cdns: Cdn[] = [];
afterEach(() => {
  for (const cdn of cdns.splice(0)) cdn.close();
});

async function newCdn(store: Parameters<typeof openCdn>[0], fault?: Fault): Promise<Cdn> {
  const cdn = await openCdn(store, fault);
  cdns.push(cdn);
  return cdn;
}

/** A store that offers AFTER, with a patch from BEFORE unless `from` is empty. */
async function publish(from: readonly Files[] = [BEFORE]) {
  const publisher = createPublisher();
  const next = await publisher.make(AFTER, from);
  await publisher.offer([next]);
  return { publisher, next, id: next.entry.id };
}

const deviceAt = (
  cdn: Cdn | readonly Cdn[],
  releases: ReleaseStore = memoryStore(),
  more: Partial<UpdaterOptions> = {},
): Promise<Device> =>
  createDevice(BEFORE, fetch, {
    store: [cdn].flat().map(({ url }) => url),
    releases,
    retries: 4,
    ...more,
  });

/** Updates a device, launches it again, and compares every file of the release that runs. */
async function expectUpdated(cdn: Cdn | readonly Cdn[], releases = memoryStore()): Promise<Device> {
  const device = await deviceAt(cdn, releases);
  await device.updater.start();
  await device.updater.update();
  await expectRuns(cdn, releases, AFTER);
  return device;
}

async function expectRuns(cdn: Cdn | readonly Cdn[], releases: ReleaseStore, files: Files) {
  const { updater } = await deviceAt(cdn, releases);
  const release = await updater.start();
  for (const [path, bytes] of Object.entries(files)) {
    expect(new Uint8Array(await release.files.read(path)), path).toEqual(bytes);
  }
  await updater.confirm(release.id);
}

const waysFailed = ({ events }: Device) =>
  events.flatMap((event) => (event.type === 'way-failed' ? [event.way.kind] : []));

describe('a device updates', () => {
  /** Each fault is that of one object or of every answer; the device gets the release all the same. */
  const faults: Readonly<Record<string, { readonly fault: Fault; readonly ways?: string[] }>> = {
    'from a server without validators': {
      fault: (_asked, { headers: _, ...answer }) => ({ ...answer, headers: {} }),
    },
    'from a proxy that compresses every answer': {
      fault: (_asked, answer) => (answer.status === 200 ? compressed(answer) : answer),
    },
    'from a proxy that sends no length': {
      fault: (_asked, answer) => chunked(answer),
    },
    'from a proxy that cuts every object after 300 bytes': {
      fault: ({ path }, answer) => (isObject(path) ? { ...answer, cutAt: 300 } : answer),
    },
    'from a proxy that cuts bodies and answers a range with the whole object': {
      fault: ({ path, times }, answer, ask) => {
        if (!isObject(path)) return answer;
        return times < 3 ? { ...ask({}), cutAt: 300 * (times + 1) } : ask({});
      },
    },
    'from a proxy that cuts bodies and answers with another range': {
      fault: ({ path, range, times }, answer, ask) => {
        if (!isObject(path)) return answer;
        if (range === undefined) return times === 0 ? { ...answer, cutAt: 500 } : answer;
        return times === 1 ? ask({ range: 'bytes=100-' }) : ask({});
      },
    },
    'from a proxy that ends bodies too early and names that length': {
      fault: ({ path, range }, answer) =>
        isObject(path) && range === undefined
          ? { ...answer, body: answer.body.subarray(0, 400) }
          : answer,
    },
    'from a proxy that answers the first request for each file with 503': {
      fault: ({ times }, answer) =>
        times === 0 && answer.status === 200
          ? { status: 503, headers: {}, body: new Uint8Array(0) }
          : answer,
    },
    'by the bundle when the patch is a page that says "not found" with status 200': {
      fault: (asked, answer) => (asked.path === patchPath ? page(answer) : answer),
      ways: ['patch'],
    },
    'by the bundle when the patch is missing on the server that answers': {
      fault: (asked, answer) =>
        asked.path === patchPath ? { status: 404, headers: {}, body: PAGE } : answer,
      ways: ['patch'],
    },
    'by the bundle when the patch has more bytes than the index names': {
      fault: (asked, answer) =>
        asked.path === patchPath
          ? { ...answer, body: new Uint8Array([...answer.body, ...PAGE]) }
          : answer,
      ways: ['patch'],
    },
    'by the bundle when a cache has altered the patch': {
      fault: (asked, answer) =>
        asked.path === patchPath
          ? { ...answer, body: answer.body.map((byte) => byte ^ 1) }
          : answer,
      ways: ['patch'],
    },
    'by the bundle when the object is replaced between two parts of it': {
      fault: (asked, answer) => {
        if (asked.path !== patchPath) return answer;
        if (asked.range === undefined) return { ...answer, cutAt: 500 };
        return { ...answer, body: answer.body.map(() => 0) };
      },
      ways: ['patch'],
    },
    'by the bundle when a range is compressed although the length says otherwise': {
      fault: (asked, answer) => {
        if (asked.path !== patchPath) return answer;
        if (asked.range === undefined) return { ...answer, cutAt: 500 };
        // A compressed part looks like a part of the compressed file.
        return { ...answer, body: gzipSync(answer.body) };
      },
      ways: ['patch'],
    },
  };
  let patchPath = '';

  it.each(Object.entries(faults))('%s', async (_name, { fault, ways = [] }) => {
    const { publisher, next } = await publish();
    const [patch] = next.entry.patches;
    patchPath = `objects/${patch?.sha256}.sealed`;
    const cdn = await newCdn(publisher.store, fault);
    expect(waysFailed(await expectUpdated(cdn))).toEqual(ways);
    // At most what the index names is read of each object, although more may be sent.
    const objects = new Map([patch, next.entry.bundle].map((one) => [one?.sha256, one?.size]));
    for (const { path } of cdn.asked.filter((one) => isObject(one.path))) {
      expect([...objects.keys()]).toContain(path.slice('objects/'.length, -'.sealed'.length));
    }
  });

  it.each([
    ['first', []],
    // Which mirror has the wrong object shows only when it has come, so the way counts as failed once.
    ['last', ['patch']],
  ])(
    'from a mirror with everything, asked %s, beside one with nothing but pages with status 200',
    async (place, ways) => {
      const { publisher, next } = await publish();
      const broken = await newCdn(publisher.store, (_asked, answer) => page(answer));
      const sound = await newCdn(publisher.store);
      const device = await expectUpdated(place === 'first' ? [sound, broken] : [broken, sound]);
      expect(waysFailed(device)).toEqual(ways);
      expect(device.events).toContainEqual(expect.objectContaining({ type: 'mirror-failed' }));
      const [patch] = next.entry.patches;
      // Never the bundle. The patch is asked for twice if the page is shorter, because the rest of it is asked for first.
      const fetched = sound.asked.filter(({ path }) => isObject(path)).map(({ path }) => path);
      expect(new Set(fetched)).toEqual(new Set([`objects/${patch?.sha256}.sealed`]));
    },
  );

  it('by the bundle of the only mirror that has not altered it', async () => {
    const { publisher, next } = await publish([]);
    const altered: Fault = ({ path }, answer) =>
      isObject(path) ? { ...answer, body: answer.body.map((byte) => byte ^ 1) } : answer;
    const mirrors = [
      await newCdn(publisher.store, altered),
      await newCdn(publisher.store, altered),
      await newCdn(publisher.store),
    ];
    const device = await expectUpdated(mirrors);
    expect(waysFailed(device)).toEqual(['bundle', 'bundle']);
    const alone = await deviceAt(mirrors.slice(0, 2));
    await alone.updater.start();
    // Each mirror is asked once, and anew by the next download.
    for (let n = 0; n < 2; n++) {
      await expect(alone.updater.update()).rejects.toThrow();
      expect(waysFailed(alone)).toHaveLength(2 * (n + 1));
    }
    expect(next.entry.patches).toEqual([]);
  });

  it('from the other mirror when the first one breaks in the middle of an object for good', async () => {
    const { publisher, next } = await publish();
    const [patch] = next.entry.patches;
    const broken = await newCdn(publisher.store, ({ path, range }, answer) => {
      if (!isObject(path)) return answer;
      if (range === undefined) return { ...answer, cutAt: answer.body.length >> 1 };
      return { status: 500, headers: {}, body: new Uint8Array(0) };
    });
    const sound = await newCdn(publisher.store);
    await expectUpdated([broken, sound]);
    const rest = sound.asked.filter(({ path }) => isObject(path));
    expect(rest).toHaveLength(1);
    expect(rest[0]?.status).toBe(206);
    expect(rest[0]?.sent).toBeLessThan(patch?.size ?? 0);
  });
});

describe('a stale index', () => {
  /** A cache that keeps the first answer for ever. */
  function stale(): Fault {
    const kept = new Map<string, Answer>();
    return ({ path }, answer, ask) => {
      if (isObject(path)) return answer;
      const known = kept.get(path) ?? ask({});
      kept.set(path, known);
      return known;
    };
  }

  it('leaves a device where it is, and another mirror brings it on', async () => {
    const publisher = createPublisher();
    await publisher.offer([await publisher.make(BEFORE)]);
    const old = await newCdn(publisher.store, stale());
    const releases = memoryStore();
    const first = await deviceAt(old, releases);
    await first.updater.start();
    expect(await first.updater.check()).toEqual({ status: 'current', isStale: false });
    await publisher.offer([await publisher.make(AFTER, [BEFORE])]);
    expect(await first.updater.check()).toEqual({ status: 'current', isStale: false });
    await expectUpdated([old, await newCdn(publisher.store)], releases);
  });

  it('below the accepted index changes nothing, and the check reports it', async () => {
    const publisher = createPublisher();
    await publisher.offer([await publisher.make(BEFORE)]);
    const old = await newCdn(publisher.store, stale());
    await (await deviceAt(old)).updater.check();
    await publisher.offer([await publisher.make(AFTER, [BEFORE])]);
    const releases = memoryStore();
    await expectUpdated(await newCdn(publisher.store), releases);
    const { updater } = await deviceAt(old, releases);
    expect(await updater.check()).toMatchObject({
      status: 'current',
      isStale: true,
      error: { code: 'ERR_INDEX_ROLLED_BACK' },
    });
    await expectRuns(old, releases, AFTER);
  });

  it('that expires is refused', async () => {
    const { publisher } = await publish();
    const cdn = await newCdn(publisher.store, stale());
    const releases = memoryStore();
    await expectUpdated(cdn, releases);
    const later = await deviceAt(cdn, releases, { now: () => NOW + 31 * 86_400_000 });
    expect(await later.updater.check()).toMatchObject({
      isStale: true,
      error: { code: 'ERR_INDEX_EXPIRED' },
    });
  });

  it('that is a page with status 200 is refused, and the device keeps its release', async () => {
    const { publisher } = await publish();
    const cdn = await newCdn(publisher.store, ({ path }, answer) =>
      path === INDEX ? page(answer) : answer,
    );
    const releases = memoryStore();
    const { updater } = await deviceAt(cdn, releases);
    expect(await updater.update()).toMatchObject({
      check: { status: 'offline', error: { code: 'ERR_SOURCE_FAILED' } },
    });
    await expectRuns(cdn, releases, BEFORE);
  });
});

describe('an index that has not changed', () => {
  /** A device that runs what the index wants, and has said so. */
  async function settled() {
    const { publisher, next } = await publish();
    const cdn = await newCdn(publisher.store);
    const releases = memoryStore();
    await expectUpdated(cdn, releases);
    const check = async (more: Partial<UpdaterOptions> = {}) => {
      const { updater } = await deviceAt(cdn, releases, more);
      await updater.start();
      cdn.asked.length = 0;
      const result = await updater.check();
      return { result, updater, asked: cdn.asked.filter(({ path }) => path === INDEX) };
    };
    const { result, asked } = await check();
    expect(result).toEqual({ status: 'current', isStale: false });
    expect(asked).toMatchObject([{ status: 200 }]);
    return { publisher, next, cdn, check };
  }

  it('is not fetched again, and the answer is the same', async () => {
    const { check } = await settled();
    for (let i = 0; i < 2; i++) {
      const { result, updater, asked } = await check({ now: () => NOW + 1000 });
      expect(result).toEqual({ status: 'current', isStale: false });
      expect(asked).toMatchObject([{ status: 304, sent: 0 }]);
      expect((await updater.status()).lastCheck).toEqual({
        at: timeOf(NOW + 1000),
        result: 'current',
      });
    }
  });

  it('is fetched when it has changed', async () => {
    const { publisher, next, check } = await settled();
    await publisher.offer([next], { withdrawn: [next.entry.id] });
    const { result, asked } = await check();
    expect(asked).toMatchObject([{ status: 200 }]);
    expect(result.status).toBe('available');
  });

  it.each<[string, Partial<UpdaterOptions>]>([
    ['the app has another runtime', { runtime: '2' }],
    ['the app knows another feature', { features: ['dark'] }],
    ['a week has passed', { now: () => NOW + 7 * 86_400_000 }],
    ['the clock was set back', { now: () => NOW - 1 }],
  ])('is fetched again when %s', async (_name, more) => {
    const { check } = await settled();
    expect((await check(more)).asked).toMatchObject([{ status: 200 }]);
  });

  it('is fetched again when the running release failed', async () => {
    const { check, next } = await settled();
    const { updater } = await check();
    await updater.fail(next.entry.id);
    const { asked, result } = await check();
    expect(asked).toMatchObject([{ status: 200 }]);
    expect(result).toEqual({ status: 'current', isStale: false });
  });

  it('is refused when it has expired, whatever the server says of its tag', async () => {
    const { check, cdn } = await settled();
    cdn.fault = (_asked, answer, ask) => (answer.status === 304 ? answer : ask({}));
    const { result, asked } = await check({ now: () => NOW + 31 * 86_400_000 });
    expect(asked).toMatchObject([{ status: 200 }]);
    expect(result).toMatchObject({ isStale: true, error: { code: 'ERR_INDEX_EXPIRED' } });
  });

  it('is not taken for unchanged by a device that did not ask', async () => {
    const { publisher } = await publish();
    const cdn = await newCdn(publisher.store, (_asked, answer) => ({ ...answer, status: 304 }));
    const { updater } = await deviceAt(cdn);
    expect(await updater.check()).toMatchObject({
      status: 'offline',
      error: { code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('answered 304') },
    });
  });
});

function compressed(answer: Answer): Answer {
  const { etag, ...headers } = answer.headers;
  return {
    ...answer,
    headers: { ...headers, 'content-encoding': 'gzip', etag: `W/${etag}` },
    body: gzipSync(answer.body),
  };
}

const chunked = (answer: Answer): Answer => ({
  ...answer,
  headers: { ...answer.headers, 'transfer-encoding': 'chunked' },
});

const page = (answer: Answer): Answer => ({
  ...answer,
  status: 200,
  headers: { 'content-type': 'text/html' },
  body: PAGE,
});
