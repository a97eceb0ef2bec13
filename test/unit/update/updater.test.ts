import { describe, expect, it } from 'vitest';
import { createReleaseHandler, memoryStore } from '../../../src/update.ts';
import { AFTER, BEFORE } from '../../support/release.ts';
import { createDevice, createPublisher, fetchFrom } from '../../support/update.ts';
import { utf8 } from '../../support/zip.ts';

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

  it('says that the device is offline, and goes on with what runs', async () => {
    const { updater } = await createDevice(BEFORE, async () => {
      throw new TypeError('fetch failed');
    });
    const { id } = await updater.start();
    expect(await updater.check()).toMatchObject({ status: 'offline' });
    expect((await updater.start()).id).toBe(id);
  });
});

describe('the handler', () => {
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
