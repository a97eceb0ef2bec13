// What a store answers in place of the objects that a device asks for, and what the device does then.

import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/update.ts';
import { rejection } from '../support/errors.ts';
import { AFTER, BEFORE, type Files } from '../support/release.ts';
import { createDevice, createPublisher, fetchFrom } from '../support/update.ts';
import { utf8 } from '../support/zip.ts';

const THIRD: Files = { ...AFTER, 'new.txt': utf8('third') };

describe('a device whose store mixes genuine objects', () => {
  it('does not install a release from the objects of another release', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    const two = await publisher.make(THIRD);
    await publisher.offer([two]);
    const other = publisher.store.get(`objects/${one.entry.bundle.sha256}.sealed`) as Uint8Array;
    publisher.store.set(`objects/${two.entry.bundle.sha256}.sealed`, other);
    const { updater, events } = await createDevice(BEFORE, fetchFrom(publisher.store));
    const { id } = await updater.start();
    await expect(updater.update()).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' });
    expect((await updater.start()).id).toBe(id);
    expect(events.filter(({ type }) => type === 'way-failed').length).toBeGreaterThan(0);
  });

  it.each([
    ['a web page', 0, () => utf8('<!doctype html>'.repeat(20))],
    ['an altered header', 60, undefined],
    ['an altered chunk', -20, undefined],
  ])('names the object in its error if it gets %s in place of a bundle', async (_, at, page) => {
    const publisher = createPublisher();
    const { entry, files } = await publisher.make(AFTER);
    await publisher.offer([{ entry, files }]);
    const path = `objects/${entry.bundle.sha256}.sealed`;
    const bytes = page?.() ?? (publisher.store.get(path) as Uint8Array).slice();
    const place = (at + bytes.length) % bytes.length;
    if (page === undefined) bytes[place] = (bytes[place] as number) ^ 0xff;
    publisher.store.set(path, bytes);
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store));
    await updater.start();
    const error = await rejection(updater.update(), 'ERR_SOURCE_FAILED');
    expect(error.message).toContain(`${path} is not the bundle that the index names`);
  });

  it('installs nothing if the bundle that the index names has other files than the release id says', async () => {
    const publisher = createPublisher();
    const one = await publisher.make(AFTER);
    const two = await publisher.make(THIRD);
    const { bundle, size, files } = two.entry;
    await publisher.offer([{ ...one, entry: { ...one.entry, bundle, size, files } }]);
    const releases = memoryStore();
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), { releases });
    await updater.start();
    await expect(updater.update()).rejects.toThrow(/not the release that the index names/);
    expect(await releases.list()).toEqual([]);
  });
});
