import { describe, expect, it } from 'vitest';
import { createReleaseHandler, memoryStore } from '../../../src/update.ts';
import { AFTER, BEFORE } from '../../support/release.ts';
import { createDevice, createPublisher, fetchFrom, type Published } from '../../support/update.ts';
import { utf8 } from '../../support/zip.ts';

const withRollout = ({ entry, files }: Published, rollout: number): Published => ({
  entry: { ...entry, rollout },
  files,
});

describe('an update', () => {
  it('goes from the built-in release over a patch to the next one, and stays after confirm', async () => {
    const publisher = createPublisher();
    const next = await publisher.make(AFTER, [BEFORE]);
    await publisher.offer([next]);
    const releases = memoryStore();
    const request = fetchFrom(publisher.store);
    const { updater, events } = await createDevice(BEFORE, request, { releases });
    const shipped = await updater.start();
    expect(await updater.confirm(shipped.id)).toBe(true);

    const result = await updater.check();
    expect(result).toMatchObject({
      status: 'available',
      id: next.entry.id,
      way: { kind: 'patch' },
    });
    const { id, moved } = await updater.download();
    expect(id).toBe(next.entry.id);
    expect(moved).toBe(next.entry.patches[0]?.size);
    await updater.activate();
    expect((await updater.start()).id).toBe(shipped.id);
    expect(await updater.confirm(id)).toBe(false);

    const relaunched = await createDevice(BEFORE, request, { releases });
    const running = await relaunched.updater.start();
    expect(running.id).toBe(id);
    expect(await running.files.read('index.html')).toEqual(AFTER['index.html']);
    expect(await relaunched.updater.confirm(id)).toBe(true);
    expect(await relaunched.updater.check()).toMatchObject({ status: 'current', isStale: false });
    expect(events.map(({ type }) => type)).toContain('downloaded');
  });

  it('goes back to the previous release when its own is withdrawn, and in the end to the built-in release', async () => {
    const publisher = createPublisher();
    const releases = memoryStore();
    const request = fetchFrom(publisher.store);
    const launch = async () => {
      const { updater } = await createDevice(BEFORE, request, { releases });
      const { id } = await updater.start();
      await updater.confirm(id);
      const { check, id: next } = await updater.update();
      return { id, check, next };
    };
    const shipped = (await launch()).id;
    const first = await publisher.make(AFTER, [BEFORE]);
    const files = { ...AFTER, 'more.txt': utf8('more') };
    const second = await publisher.make(files, [AFTER]);
    await publisher.offer([first]);
    await launch();
    await publisher.offer([second, first]);
    expect((await launch()).id).toBe(first.entry.id);
    const withdrawn = [second.entry.id];
    await publisher.offer([second, first], { withdrawn });
    // The page runs its release until the next start. `update` reports a release to go back to as any other one.
    expect(await launch()).toMatchObject({ id: second.entry.id, next: first.entry.id });
    withdrawn.push(first.entry.id);
    await publisher.offer([second, first], { withdrawn });
    expect(await launch()).toMatchObject({ id: first.entry.id, next: shipped });
    expect(await launch()).toMatchObject({ id: shipped, check: { status: 'current' } });
  });

  it('goes back to the release before when three starts were not confirmed', async () => {
    const publisher = createPublisher();
    await publisher.offer([await publisher.make(AFTER)]);
    const releases = memoryStore();
    const request = fetchFrom(publisher.store);
    const first = await createDevice(BEFORE, request, { releases });
    const { id } = await first.updater.start();
    await first.updater.update();
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) {
      ids.push((await (await createDevice(BEFORE, request, { releases })).updater.start()).id);
    }
    expect(ids.slice(0, 3).every((one) => one !== id)).toBe(true);
    expect(ids[3]).toBe(id);
    const { updater } = await createDevice(BEFORE, request, { releases });
    expect(await updater.check()).toMatchObject({ status: 'current' });
    expect((await updater.status()).blocked).toHaveLength(1);
  });

  it.each<[string, (next: Published, running: Published) => readonly Published[], boolean]>([
    ['puts the running release in front', (next, running) => [running, next], false],
    ['stops its rollout', (next, running) => [withRollout(next, 0), running], false],
    ['removes it from the index', (_, running) => [running], false],
    ['offers it still', (next, running) => [withRollout(next, 1000), running], true],
  ])(
    'that was downloaded runs only if it is offered still: the publisher %s',
    async (_, reoffer, runs) => {
      const publisher = createPublisher();
      const [running, next] = [await publisher.make(AFTER), await publisher.make(BEFORE)];
      await publisher.offer([running]);
      const releases = memoryStore();
      const request = fetchFrom(publisher.store);
      const launch = async () => {
        const { updater } = await createDevice({ 'index.html': utf8('') }, request, { releases });
        const { id } = await updater.start();
        await updater.confirm(id);
        return { updater, id };
      };
      await (await launch()).updater.update();
      await publisher.offer([next, running]);
      const { updater, id } = await launch();
      expect(id).toBe(running.entry.id);
      await updater.update();
      expect((await updater.status()).next?.id).toBe(next.entry.id);
      await publisher.offer(reoffer(next, running));
      expect((await updater.check()).status).toBe(runs ? 'available' : 'current');
      await updater.activate();
      expect((await launch()).id).toBe((runs ? next : running).entry.id);
    },
  );

  it('that was downloaded is taken back without a further write of the state', async () => {
    const publisher = createPublisher();
    const running = await publisher.make(AFTER);
    await publisher.offer([running]);
    const memory = memoryStore();
    let writes = 0;
    const releases = {
      ...memory,
      writeState(bytes: Uint8Array) {
        writes += 1;
        return memory.writeState(bytes);
      },
    };
    const request = fetchFrom(publisher.store);
    const { updater } = await createDevice(BEFORE, request, { releases });
    await updater.start();
    await updater.idle();
    writes = 0;
    await updater.check();
    const withoutTakingBack = writes;
    await updater.update();
    await updater.idle();
    await publisher.offer([withRollout(running, 0)]);
    writes = 0;
    await updater.check();
    expect((await updater.status()).next).toBeUndefined();
    expect(writes).toBe(withoutTakingBack);
  });

  it('that was downloaded and taken back does not run when the download of its substitute fails', async () => {
    const publisher = createPublisher();
    const taken = await publisher.make(AFTER);
    const substitute = await publisher.make({ ...AFTER, 'more.txt': utf8('more') });
    await publisher.offer([taken]);
    const releases = memoryStore();
    const request = fetchFrom(publisher.store);
    const { updater } = await createDevice(BEFORE, request, { releases });
    const { id } = await updater.start();
    await updater.update();
    await publisher.offer([substitute]);
    publisher.store.delete(`objects/${substitute.entry.bundle.sha256}.sealed`);
    await expect(updater.update()).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' });
    const relaunched = await createDevice(BEFORE, request, { releases });
    expect((await relaunched.updater.start()).id).toBe(id);
  });

  it('that was downloaded runs also while a newer one that is offered has not been downloaded', async () => {
    const publisher = createPublisher();
    const first = await publisher.make(AFTER);
    const second = await publisher.make({ ...AFTER, 'more.txt': utf8('more') });
    await publisher.offer([first]);
    const releases = memoryStore();
    const request = fetchFrom(publisher.store);
    const { updater } = await createDevice(BEFORE, request, { releases });
    await updater.start();
    await updater.update();
    await publisher.offer([second, first]);
    expect(await updater.check()).toMatchObject({ status: 'available', id: second.entry.id });
    const relaunched = await createDevice(BEFORE, request, { releases });
    expect((await relaunched.updater.start()).id).toBe(first.entry.id);
  });

  it('takes the bundle where the patch is missing, and says so', async () => {
    const publisher = createPublisher();
    const next = await publisher.make(AFTER, [BEFORE]);
    await publisher.offer([next]);
    publisher.store.delete(`objects/${next.entry.patches[0]?.sha256}.sealed`);
    const { updater, events } = await createDevice(BEFORE, fetchFrom(publisher.store));
    await updater.start();
    const { id, moved } = await updater.download();
    expect(id).toBe(next.entry.id);
    expect(moved).toBe(next.entry.bundle.size);
    expect(events.find(({ type }) => type === 'way-failed')).toMatchObject({
      way: { kind: 'patch' },
    });
  });

  it('reports that the device is offline, and keeps the running release', async () => {
    const { updater } = await createDevice(BEFORE, async () => {
      throw new TypeError('fetch failed');
    });
    const { id } = await updater.start();
    expect(await updater.check()).toMatchObject({ status: 'offline' });
    expect((await updater.start()).id).toBe(id);
  });
});

describe('a release of another channel', () => {
  it('does not become ready when the device is moved while it is downloaded', async () => {
    const publisher = createPublisher();
    const production = await publisher.make(AFTER);
    await publisher.offer([production], { channel: 'beta' });
    await publisher.offer([]);
    const { updater } = await createDevice(
      BEFORE,
      fetchFrom(publisher.store, async (path, _, whole) => {
        if (path.startsWith('objects/')) await updater.setChannel('production');
        return whole();
      }),
      { channel: 'beta' },
    );
    const { id: shipped } = await updater.start();
    const { check } = await updater.update();
    expect(check).toMatchObject({ status: 'available', id: production.entry.id });
    const { channel, ready, next } = await updater.status();
    expect({ channel, ready, next }).toEqual({ channel: 'production' });
    expect((await updater.download()).id).toBe(shipped);
  });
});

describe('a device that is moved to another channel', () => {
  it('stays in it after a restart, takes its release, and goes back when it is moved back', async () => {
    const publisher = createPublisher();
    const production = await publisher.make(AFTER);
    const beta = await publisher.make({ ...AFTER, 'beta.txt': utf8('beta') }, [AFTER]);
    await publisher.offer([production]);
    await publisher.offer([beta, production], { channel: 'beta' });
    const releases = memoryStore();
    const request = fetchFrom(publisher.store);
    const launch = async () => (await createDevice(BEFORE, request, { releases })).updater;
    const first = await launch();
    await first.start();
    await first.update();
    await first.setChannel('beta');
    const second = await launch();
    // What waited in the channel before does not run.
    expect((await second.start()).id).not.toBe(production.entry.id);
    expect(await second.update()).toMatchObject({ id: beta.entry.id });
    const third = await launch();
    const { id } = await third.start();
    expect(id).toBe(beta.entry.id);
    await third.confirm(id);
    await third.setChannel('production');
    // The channel does not list the release that runs, and has none that was made later: the device keeps it.
    expect(await third.check()).toMatchObject({ status: 'current', isStale: false });
    const later = await publisher.make({ 'index.html': utf8('later') });
    await publisher.offer([later, production]);
    expect(await third.update()).toMatchObject({ id: later.entry.id });
    expect(request.paths.filter((path) => path.startsWith('channels/'))).toContain(
      'channels/beta.sealed',
    );
  });
});

describe('a release over a limit of the app', () => {
  it.each([{ releaseSize: 10 }, { files: 1 }])('is not downloaded: %j', async (limits) => {
    const publisher = createPublisher();
    await publisher.offer([await publisher.make(AFTER)]);
    const request = fetchFrom(publisher.store);
    const { updater } = await createDevice(BEFORE, request, { limits });
    await updater.start();
    await expect(updater.download()).rejects.toMatchObject({
      ...{ code: 'ERR_LIMIT_EXCEEDED', limit: Object.keys(limits)[0] },
    });
    expect(request.paths.filter((path) => path.startsWith('objects/'))).toEqual([]);
  });
});

describe('the arguments of an app', () => {
  const id = 'a'.repeat(64);

  it.each<[string, unknown]>([
    ['an error', new Error('the page is white')],
    ['half of a surrogate pair', '\ud800'],
    ['a text longer than a state', 'x'.repeat(5_000_000)],
    ['nothing that says why', ''],
  ])('as the reason of a failure leaves the state readable: %s', async (_, reason) => {
    const { updater } = await createDevice(BEFORE, fetch);
    await updater.setChannel('beta');
    await updater.fail(id, reason as string);
    const { channel, blocked } = await updater.status();
    expect([channel, blocked.map((one) => one.id)]).toEqual(['beta', [id]]);
    expect(blocked[0]?.reason.length).toBeLessThanOrEqual(1000);
  });

  it('as an id or a client is refused where the state could not hold it', async () => {
    const { updater } = await createDevice(BEFORE, fetch);
    await updater.setChannel('beta');
    for (const wrong of ['\udc00', {}, 7]) {
      const client = wrong as string;
      await expect(updater.fail(client)).rejects.toThrow(TypeError);
      await expect((async () => updater.start({ client }))()).rejects.toThrow(TypeError);
      await expect(updater.releaseOf(client)).rejects.toThrow(TypeError);
      await expect(updater.releaseOf('page', client)).rejects.toThrow(TypeError);
    }
    expect((await updater.status()).channel).toBe('beta');
  });

  it('as a clock before 1970 leaves the state readable', async () => {
    const { updater } = await createDevice(BEFORE, fetch, { now: () => -1 });
    await updater.setChannel('beta');
    await updater.fail(id);
    expect((await updater.status()).blocked).toHaveLength(1);
  });

  it.each([
    'https://user:secret@updates.example.com/',
    'https://updates.example.com/?token=secret',
    'https://updates.example.com/#secret',
  ])('as an address that requests cannot keep is refused, and not shown: %s', async (store) => {
    await expect(createDevice(BEFORE, fetch, { store })).rejects.toThrow(
      /^options\.store expected addresses without(?!.*secret)/,
    );
  });
});

describe('the handler', () => {
  it('puts a header of the app in the place of its own, in any spelling', async () => {
    const { updater } = await createDevice(BEFORE, fetch);
    const headers = { 'Cache-Control': 'no-store', 'X-Frame-Options': 'DENY' };
    const answer = await createReleaseHandler(updater, { headers })(
      new Request('https://app.example.com/'),
    );
    expect(answer?.headers.get('cache-control')).toBe('no-store');
    expect(answer?.headers.get('x-frame-options')).toBe('DENY');
  });

  it('serves files, the fallback and ranges of the running release', async () => {
    const { updater } = await createDevice({ ...BEFORE, 'a b.txt': utf8('0123456789') }, fetch);
    const handle = createReleaseHandler(updater, { fallback: 'index.html' });
    const get = (path: string, headers = {}) =>
      handle(new Request(`https://app.example.com${path}`, { headers }));
    const page = await get('/');
    expect(page?.headers.get('content-type')).toBe('text/html;charset=utf-8');
    expect((await get('/some/route', { accept: 'text/html' }))?.status).toBe(200);
    expect(await get('/missing.js')).toBeUndefined();
    expect(await get('/%2e%2e%2fsecret')).toBeUndefined();
    const part = await get('/a%20b.txt', { range: 'bytes=2-4' });
    expect([part?.status, await part?.text()]).toEqual([206, '234']);
    const etag = page?.headers.get('etag') ?? '';
    expect((await get('/', { 'if-none-match': etag }))?.status).toBe(304);
  });
});
