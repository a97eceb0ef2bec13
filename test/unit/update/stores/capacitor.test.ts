// capacitorStore over stand-ins for the native bridge of both platforms, and in Chromium over the plugin's web implementation.

import { describe, expect, it } from 'vitest';
import {
  type CapacitorPlugins,
  capacitorStore,
  type ReleaseStore,
} from '../../../../src/update.ts';
import { storeTests } from '../../../../src/update-testing.ts';
import { type Bridge, openBridge, type Platform } from '../../../support/capacitor-bridge.ts';
import { AFTER, BEFORE } from '../../../support/release.ts';
import { createDevice, createPublisher, fetchFrom } from '../../../support/update.ts';
import { utf8 } from '../../../support/zip.ts';

const ID = 'a'.repeat(64);

async function* one(text: string) {
  yield { path: 'index.html', bytes: utf8(text) };
}

function expectPassed(open: (place: string) => ReleaseStore) {
  let made = 0;
  const places = new WeakMap<ReleaseStore, string>();
  const openAt = (place: string) => {
    const store = open(place);
    places.set(store, place);
    return store;
  };
  it.each(
    storeTests({
      create: () => openAt(`test-${made++}`),
      reopen: (store) => openAt(places.get(store) as string),
    }),
  )('$name', ({ run }) => run());
}

describe.each<Platform>(['android', 'ios'])('capacitorStore over the bridge of %s', (platform) => {
  const bridges = new Map<string, Bridge>();
  expectPassed((place) => {
    const bridge = bridges.get(place) ?? openBridge(platform);
    bridges.set(place, bridge);
    return capacitorStore(bridge.plugins);
  });

  it('has the web view serve the complete folder of a release', async () => {
    const bridge = openBridge(platform);
    const store = capacitorStore(bridge.plugins);
    await store.write(ID, one('served'));
    async function* unfinished() {
      yield* one('unfinished');
      await store.serve(ID);
    }
    await store.write(ID, unfinished());
    expect(bridge.served()).toMatch(new RegExp(`/bundleseal/releases/${ID}\\.[^/]+/files/?$`));
    const first = bridge.served();
    await store.serve(ID);
    expect(bridge.served()).not.toBe(first);
  });

  it('rejects for a missing release, and the web view keeps serving the build', async () => {
    const bridge = openBridge(platform);
    const before = bridge.served();
    await expect(capacitorStore(bridge.plugins).serve(ID)).rejects.toThrow(/no release/);
    expect(bridge.served()).toBe(before);
  });

  it('refuses the files of the build while the web view serves a release', async () => {
    const store = capacitorStore(openBridge(platform).plugins);
    await store.write(ID, one('served'));
    await store.serve(ID);
    await expect(store.builtIn.files.read('index.html')).rejects.toThrow(/another release/);
    await expect(store.builtIn.readStamp()).rejects.toThrow(/restart the app/);
  });
});

describe('the folder of the releases', () => {
  const foldersOf = async (Directory: CapacitorPlugins['Directory']) => {
    const { plugins } = openBridge('ios');
    const directories = new Set<string | undefined>();
    const readdir: CapacitorPlugins['Filesystem']['readdir'] = async ({ directory }) => {
      directories.add(directory);
      return { files: [] };
    };
    const Filesystem = { ...plugins.Filesystem, readdir };
    const store = capacitorStore({ ...plugins, Directory, Filesystem });
    expect(await store.list()).toEqual([]);
    return [...directories];
  };

  it('is the one without backups if the plugin has it, and the library otherwise', async () => {
    const [library, noCloud] = ['LIBRARY', 'LIBRARY_NO_CLOUD'];
    expect(await foldersOf({ Library: library, LibraryNoCloud: noCloud })).toEqual([noCloud]);
    expect(await foldersOf({ Library: library })).toEqual([library]);
  });
});

it.each(['Filesystem', 'Directory', 'WebView'])(
  'capacitorStore refuses plugins without %s by name',
  (name) => {
    const { plugins } = openBridge('android');
    expect(() => capacitorStore({ ...plugins, [name]: undefined })).toThrow(
      new RegExp(`^plugins\\.${name}`),
    );
  },
);

it('an updater leaves a release at its start when a file is not whole, because the web view compares nothing', async () => {
  const publisher = createPublisher();
  const { entry, files } = await publisher.make(AFTER);
  await publisher.offer([{ entry, files }]);
  const bridge = openBridge('android');
  const launch = (more = {}) =>
    createDevice(BEFORE, fetchFrom(publisher.store), {
      releases: capacitorStore(bridge.plugins),
      ...more,
    });
  const first = await launch();
  const shipped = await first.updater.start();
  await first.updater.update();
  const second = await launch();
  expect((await second.updater.start()).id).toBe(entry.id);
  await second.updater.confirm(entry.id);
  bridge.empty('files/index.html');
  const unverified = await launch({ verifyFiles: false });
  expect((await unverified.updater.start()).id).toBe(entry.id);
  const third = await launch();
  expect((await third.updater.start()).id).toBe(shipped.id);
  expect(third.events).toContainEqual(expect.objectContaining({ type: 'error' }));
  expect(await third.updater.update()).toMatchObject({ id: entry.id });
  expect((await (await launch()).updater.start()).id).toBe(entry.id);
});

describe.runIf(typeof indexedDB !== 'undefined')('capacitorStore in a browser', async () => {
  if (typeof indexedDB === 'undefined') return;
  const { Directory, Filesystem } = await import('@capacitor/filesystem');
  const { plugins } = openBridge('android');
  expectPassed((place) =>
    capacitorStore({ Filesystem, Directory, WebView: plugins.WebView }, place),
  );
});
