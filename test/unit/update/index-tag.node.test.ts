// The tag with which a device asks whether an index has changed. In a page, the HTTP cache of the browser does this.

import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/update.ts';
import { BEFORE } from '../../support/release.ts';
import { createDevice, createPublisher, fetchFrom, NOW, timeOf } from '../../support/update.ts';
import { published } from '../../support/update-published.ts';

const DAY = 86_400_000;

describe('the tag of an index', () => {
  it('is sent to the mirror that it came from, and to no other one', async () => {
    const publisher = createPublisher();
    await publisher.offer([]);
    const asked: (string | null)[] = [];
    const request = (async (input: string, init?: RequestInit) => {
      const { hostname, pathname } = new URL(input);
      asked.push(`${hostname} ${new Headers(init?.headers).get('if-none-match')}`);
      const bytes = publisher.store.get(pathname.slice(1)) as Uint8Array<ArrayBuffer>;
      return new Response(bytes, { headers: { etag: `"of ${hostname}"`.replace(' ', '-') } });
    }) as typeof fetch;
    const hosts = ['one.example.com', 'two.example.com'];
    const { updater } = await createDevice(BEFORE, request, {
      store: hosts.map((host) => `https://${host}/`),
    });
    await updater.start();
    await updater.check();
    expect(asked.sort()).toEqual(hosts.map((host) => `${host} null`));
    asked.length = 0;
    await updater.check();
    expect(asked.sort()).toEqual(hosts.map((host) => `${host} "of-${host}"`));
  });

  it('is not sent any more from the moment at which the index expires', async () => {
    const publisher = createPublisher();
    await publisher.offer([], { expiresAt: timeOf(NOW + DAY) });
    const statuses: number[] = [];
    const request = fetchFrom(publisher.store, (_path, _request, whole) => {
      const answer = whole();
      statuses.push(answer.status);
      return answer;
    });
    let now = NOW;
    const { updater } = await createDevice(BEFORE, request, { now: () => now });
    await updater.start();
    await updater.check();
    now = NOW + DAY - 1;
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
    now = NOW + DAY;
    expect(await updater.check()).toMatchObject({ error: { code: 'ERR_INDEX_EXPIRED' } });
    expect(statuses).toEqual([200, 304, 200]);
  });

  it('is not sent any more a week after the index was fetched as a whole', async () => {
    const publisher = createPublisher();
    await publisher.offer([]);
    const tags: (string | null)[] = [];
    const request = fetchFrom(publisher.store, (_path, asked, whole) => {
      tags.push(asked.headers.get('if-none-match'));
      return whole();
    });
    let now = NOW;
    const { updater } = await createDevice(BEFORE, request, { now: () => now });
    await updater.start();
    for (const time of [0, 7 * DAY - 1, 7 * DAY, 14 * DAY - 1, 14 * DAY]) {
      now = NOW + time;
      await updater.check();
    }
    const etag = expect.any(String);
    // The check a millisecond before the week does not begin another one.
    expect(tags).toEqual([null, etag, null, etag, null]);
  });

  it('is not sent any more from the moment at which a release is no longer blocked', async () => {
    const { request, next } = await published();
    const releases = memoryStore();
    let now = NOW;
    const launch = async () => {
      const options = { releases, maxStarts: 1, now: () => now };
      const { updater } = await createDevice(BEFORE, request, options);
      await updater.start();
      return updater;
    };
    await (await launch()).update();
    await launch();
    const updater = await launch();
    expect((await updater.status()).blocked.map(({ id }) => id)).toEqual([next.entry.id]);
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
    now += DAY - 1;
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
    now += 1;
    expect(await updater.check()).toMatchObject({ status: 'available', id: next.entry.id });
  });

  it('is left out of a second request if another page changes the channel meanwhile', async () => {
    const publisher = createPublisher();
    await publisher.offer([]);
    const releases = memoryStore();
    const other = await createDevice(BEFORE, fetchFrom(publisher.store), { releases });
    const statuses: number[] = [];
    const request = fetchFrom(publisher.store, async (_path, _request, whole) => {
      const answer = whole();
      statuses.push(answer.status);
      if (answer.status === 304) await other.updater.setChannel('beta');
      return answer;
    });
    const { updater } = await createDevice(BEFORE, request, { releases });
    await updater.start();
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
    expect(await updater.check()).toEqual({ status: 'current', isStale: true });
    expect(statuses).toEqual([200, 304, 200]);
  });
});
