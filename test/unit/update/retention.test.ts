// What the storage of a device keeps, and how it reads what it keeps.

import { describe, expect, it } from 'vitest';
import { memoryStore, type ReleaseStore } from '../../../src/update.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { AFTER, BEFORE } from '../../support/release.ts';
import { createDevice, createPublisher, fetchFrom } from '../../support/update.ts';
import { published } from '../../support/update-published.ts';
import { utf8 } from '../../support/zip.ts';

describe('the storage of a device', () => {
  it('keeps the running release, the one before and nothing else after a third update', async () => {
    const publisher = createPublisher();
    const releases = memoryStore();
    const request = fetchFrom(publisher.store);
    const ids: string[] = [];
    for (const text of ['one', 'two', 'three']) {
      const { entry, files } = await publisher.make({ 'index.html': utf8(text) });
      await publisher.offer([{ entry, files }]);
      const before = await createDevice(BEFORE, request, { releases });
      await before.updater.start();
      await before.updater.update();
      const { updater } = await createDevice(BEFORE, request, { releases });
      const { id } = await updater.start();
      await updater.confirm(id);
      await updater.idle();
      ids.push(id);
      expect((await releases.list()).sort()).toEqual(ids.slice(-2).sort());
    }
    expect(new Set(ids).size).toBe(3);
  });
});

describe('a bundle', () => {
  it('is written file by file while it arrives, so that the memory has one file at a time', async () => {
    const publisher = createPublisher();
    const size = 1_000_000;
    const names = ['a.bin', 'b.bin', 'c.bin', 'd.bin', 'e.bin', 'f.bin'];
    const files = Object.fromEntries(names.map((name) => [name, bytesOf(size)]));
    const { entry } = await publisher.make(files);
    await publisher.offer([{ entry, files }]);
    let done = 0;
    const memory = memoryStore();
    const arrived: number[] = [];
    const releases: ReleaseStore = {
      ...memory,
      write: (id, written) =>
        memory.write(
          id,
          (async function* () {
            for await (const file of written) {
              arrived.push(done);
              yield file;
            }
          })(),
        ),
    };
    const request = fetchFrom(publisher.store, (path, _, whole) => {
      if (!path.startsWith('objects/')) return whole();
      const object = publisher.store.get(path) as Uint8Array<ArrayBuffer>;
      const pull = (controller: ReadableStreamDefaultController) => {
        controller.enqueue(object.slice(done, done + 65_536));
        done = Math.min(done + 65_536, object.length);
        if (done === object.length) controller.close();
      };
      return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
    });
    const { updater } = await createDevice(BEFORE, request, { releases });
    await updater.update();
    // The six files and their list.
    expect(arrived).toHaveLength(7);
    // Some 2 MB are decrypted ahead.
    expect(arrived[0]).toBeLessThan(entry.bundle.size - size);
    expect(arrived[6]).toBe(entry.bundle.size);
  });
});

describe('an installed file', () => {
  it('is read without a comparison if the app turns that off', async () => {
    const { request, next } = await published();
    const memory = memoryStore();
    const altered = utf8('altered');
    const releases = {
      ...memory,
      async open(id: string) {
        const reader = await memory.open(id);
        const read = async (path: string) => (path === 'index.html' ? altered : reader.read(path));
        return { ...reader, read };
      },
    };
    const first = await createDevice(BEFORE, request, { releases });
    await first.updater.start();
    await first.updater.update();
    const launch = async (verifyFiles: boolean) => {
      const { updater } = await createDevice(BEFORE, request, { releases, verifyFiles });
      return updater.start();
    };
    const unverified = await launch(false);
    expect(unverified.id).toBe(next.entry.id);
    expect(await unverified.files.read('index.html')).toEqual(altered);
    expect(await unverified.files.read('assets/new.css')).toEqual(AFTER['assets/new.css']);
    await rejection((await launch(true)).files.read('index.html'), 'ERR_STORE');
  });
});
