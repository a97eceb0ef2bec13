// A downloaded release that a later index does not offer, and orders of the app beside it.

import { describe, expect, it } from 'vitest';
import { memoryStore, type ReleaseStore } from '../../../src/update.ts';
import { AFTER, BEFORE } from '../../support/release.ts';
import { createDevice, createPublisher, fetchFrom } from '../../support/update.ts';
import { utf8 } from '../../support/zip.ts';

const stateOf = (bytes: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(bytes));

describe('a release that the publisher removes', () => {
  it('does not become ready when another page accepts the later index during its download', async () => {
    const publisher = createPublisher();
    const removed = await publisher.make(AFTER);
    await publisher.offer([removed]);
    const releases = memoryStore();
    const plain = fetchFrom(publisher.store);
    const { updater: other } = await createDevice(BEFORE, plain, { releases });
    let isRemoved = false;
    const request = fetchFrom(publisher.store, async (path, _, whole) => {
      if (path.startsWith('objects/') && !isRemoved) {
        isRemoved = true;
        await publisher.offer([]);
        await other.check();
      }
      return whole();
    });
    const { updater } = await createDevice(BEFORE, request, { releases });
    const { id: shipped } = await updater.start();
    await updater.update();
    expect(isRemoved).toBe(true);
    expect((await updater.status()).ready).toBeUndefined();
    const next = await createDevice(BEFORE, plain, { releases });
    expect((await next.updater.start()).id).toBe(shipped);
    await next.updater.idle();
    expect(await releases.list()).toEqual([]);
  });

  it('is downloaded once when the later index that another page accepts still offers it', async () => {
    const publisher = createPublisher();
    const kept = await publisher.make(AFTER);
    await publisher.offer([kept]);
    const releases = memoryStore();
    const { updater: other } = await createDevice(BEFORE, fetchFrom(publisher.store), { releases });
    let isRefreshed = false;
    const request = fetchFrom(publisher.store, async (path, _, whole) => {
      if (path.startsWith('objects/') && !isRefreshed) {
        isRefreshed = true;
        await publisher.offer([kept]);
        await other.check();
      }
      return whole();
    });
    const { updater } = await createDevice(BEFORE, request, { releases });
    await updater.start();
    expect(await updater.update()).toMatchObject({ id: kept.entry.id });
    expect((await updater.status()).next?.id).toBe(kept.entry.id);
    expect(request.paths.filter((path) => path.startsWith('objects/'))).toHaveLength(1);
  });

  it('is in no stored state that has accepted the later index, so a kill cannot keep it', async () => {
    const publisher = createPublisher();
    const removed = await publisher.make(AFTER);
    await publisher.offer([removed]);
    const inner = memoryStore();
    const states: Record<string, unknown>[] = [];
    const releases: ReleaseStore = {
      ...inner,
      async writeState(bytes) {
        states.push(stateOf(bytes));
        await inner.writeState(bytes);
      },
    };
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), { releases });
    await updater.start();
    await updater.update();
    expect(states.at(-1)).toMatchObject({ next: removed.entry.id });
    const { sequence } = await publisher.offer([]);
    await updater.check();
    const later = states.filter(({ accepted }) =>
      (accepted as { sequence: number }[]).some((index) => index.sequence === sequence),
    );
    expect(later.length).toBeGreaterThan(0);
    for (const { ready, next } of later) expect({ ready, next }).toEqual({});
  });
});

describe('a release that is ready', () => {
  it('is taken back when the index withdraws it and offers another one', async () => {
    const publisher = createPublisher();
    const other = await publisher.make({ 'index.html': utf8('other') });
    const ready = await publisher.make(AFTER);
    await publisher.offer([ready, other]);
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store));
    await updater.start();
    expect(await updater.update()).toMatchObject({ id: ready.entry.id });
    await publisher.offer([ready, other], { withdrawn: [ready.entry.id] });
    expect(await updater.check()).toMatchObject({ status: 'available', id: other.entry.id });
    expect(await updater.status()).not.toHaveProperty('next');
  });
});

describe('an order of the app to run the built-in release', () => {
  it.each(['before', 'after'])(
    'holds when the app gives it %s it switches the channel',
    async (when) => {
      const publisher = createPublisher();
      const release = await publisher.make({ 'index.html': utf8('next') });
      await publisher.offer([release]);
      const releases = memoryStore();
      const request = fetchFrom(publisher.store);
      const { updater } = await createDevice(BEFORE, request, { releases });
      const { id: shipped } = await updater.start();
      await updater.update({ when: 'now' });
      const { id } = await updater.start();
      expect(id).toBe(release.entry.id);
      await updater.confirm(id);
      if (when === 'before') await updater.useBuiltIn();
      await updater.setChannel('beta');
      if (when === 'after') await updater.useBuiltIn();
      const next = await createDevice(BEFORE, request, { releases });
      expect((await next.updater.start()).id).toBe(shipped);
    },
  );
});
