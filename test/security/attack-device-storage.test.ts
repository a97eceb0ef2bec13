// What a script of the same origin does to the storage of a device, and what the device does then.

import { describe, expect, it } from 'vitest';
import { AFTER, BEFORE, type Files } from '../support/release.ts';
import { createDevice, createPublisher, fetchFrom, updatedDevice } from '../support/update.ts';
import { utf8 } from '../support/zip.ts';

describe('another script that writes to the storage of the device', () => {
  const installed = async () => {
    const publisher = createPublisher();
    await publisher.offer([await publisher.make(AFTER)]);
    const request = fetchFrom(publisher.store);
    const { releases, id } = await updatedDevice(BEFORE, request);
    const reader = await releases.open(id);
    const list = await reader.read('bundleseal-release.json');
    const write = (files: Files, stamp: Uint8Array) =>
      releases.write(
        id,
        (async function* () {
          for (const [path, bytes] of Object.entries(files)) yield { path, bytes };
          yield { path: 'bundleseal-release.json', bytes: stamp };
        })(),
      );
    const launch = () => createDevice(BEFORE, request, { releases });
    return { id, list, write, launch };
  };
  const altered: Files = { ...AFTER, 'index.html': utf8('<script src="//evil.example"></script>') };

  it('cannot make the device read an altered file, and the next start runs the previous release', async () => {
    const { id, list, write, launch } = await installed();
    await write(altered, list);
    const { updater } = await launch();
    const { files } = await updater.start();
    await expect(files.read('index.html')).rejects.toMatchObject({ code: 'ERR_STORE' });
    await expect.poll(async () => (await (await launch()).updater.start()).id).not.toBe(id);
  });

  it('cannot make the device start a release whose list of files it altered too', async () => {
    const { id, list, write, launch } = await installed();
    const stamp = JSON.parse(new TextDecoder().decode(list));
    const bytes = altered['index.html'] as Uint8Array;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource));
    const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    stamp.files = stamp.files.map((file: { path: string }) =>
      file.path === 'index.html' ? { path: file.path, size: bytes.length, sha256 } : file,
    );
    await write(altered, utf8(JSON.stringify(stamp)));
    const { updater } = await launch();
    expect((await updater.start()).id).not.toBe(id);
  });
});
