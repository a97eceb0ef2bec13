// The launch of a Capacitor app over the stand-ins for the native bridge: its own page decides which release runs, and the
// web view loads the page of that one.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { capacitorStore, memoryBuiltIn } from '../../../../src/update.ts';
import { openBridge, type Platform } from '../../../support/capacitor-bridge.ts';
import { AFTER, BEFORE } from '../../../support/release.ts';
import {
  BUILT_IN_TIME,
  createDevice,
  createPublisher,
  fetchFrom,
  STORE,
} from '../../../support/update.ts';

const ORIGIN = 'https://localhost/';

beforeEach(() => vi.stubGlobal('location', { href: ORIGIN }));
afterEach(() => vi.unstubAllGlobals());

/** A phone with the app. `page` is what the web view has loaded. */
async function openPhone(platform: Platform) {
  const publisher = createPublisher();
  const next = await publisher.make(AFTER);
  await publisher.offer([next]);
  const bridge = openBridge(platform);
  const build = bridge.served();
  const shipped = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
  const web: Readonly<Record<string, Uint8Array>> = {
    ...BEFORE,
    'bundleseal-release.json': await shipped.readStamp(),
  };
  let base = build;
  let loaded = () => {};
  const plugins = {
    ...bridge.plugins,
    WebView: {
      getServerBasePath: async () => ({ path: base }),
      async setServerBasePath(options: { path: string }) {
        await bridge.plugins.WebView.setServerBasePath(options);
        base = options.path;
        loaded();
      },
    },
  };
  /** The files of the page's origin: those of the folder that the web view serves. */
  const served = async (path: string): Promise<Response> => {
    if (base === build) return new Response(web[path] as BodyInit);
    const folder = base.slice(base.indexOf('bundleseal/')).replace(/\/$/, '');
    const { data } = await bridge.plugins.Filesystem.readFile({
      path: `${folder}/${path}`,
      directory: 'LIBRARY_NO_CLOUD',
    });
    return new Response(Buffer.from(data as string, 'base64'));
  };
  const store = fetchFrom(publisher.store);
  const request = (async (input: RequestInfo | URL, init?: RequestInit) => {
    const url = String(input);
    return url.startsWith(STORE) ? store(input, init) : served(url.slice(ORIGIN.length));
  }) as typeof fetch;
  vi.stubGlobal('fetch', request);
  const page = async () => {
    const releases = capacitorStore(plugins);
    const { updater } = await createDevice(BEFORE, request, {
      releases,
      builtIn: releases.builtIn,
    });
    return { updater, releases, boot: () => releases.boot(updater) };
  };
  /** Opens the app: the first page is always that of the build. Resolves with the page that stays. */
  const launch = async () => {
    base = build;
    const first = await page();
    const left = new Promise<'left'>((resolve) => {
      loaded = () => resolve('left');
    });
    const id = await Promise.race([first.boot(), left]);
    if (id !== 'left') return { ...first, id, isBuild: true };
    const second = await page();
    return { ...second, id: await second.boot(), isBuild: false };
  };
  return {
    launch,
    next,
    builtIn: JSON.parse(String(new TextDecoder().decode(await shipped.readStamp()))).id,
  };
}

describe.each<Platform>(['android', 'ios'])('the launch of an app on %s', (platform) => {
  it('stays in the page of the build until a release is there, and goes to that one at the next', async () => {
    const { launch, next, builtIn } = await openPhone(platform);
    const first = await launch();
    expect(first).toMatchObject({ id: builtIn, isBuild: true });
    expect(await first.updater.update()).toMatchObject({ id: next.entry.id });
    const second = await launch();
    expect(second).toMatchObject({ id: next.entry.id, isBuild: false });
    // Two pages were loaded, and one start was counted.
    expect((await second.updater.status()).trial).toEqual({ starts: 1 });
    expect(await second.updater.confirm(second.id)).toBe(true);
    expect(await second.updater.check()).toMatchObject({ status: 'current', isStale: false });
    expect(await launch()).toMatchObject({ id: next.entry.id, isBuild: false });
  });

  it('stays in the page of the build when the store has lost the release, and installs it again', async () => {
    const { launch, next, builtIn } = await openPhone(platform);
    await (await launch()).updater.update();
    const second = await launch();
    await second.updater.confirm(second.id);
    await second.releases.remove(second.id);
    const third = await launch();
    expect(third).toMatchObject({ id: builtIn, isBuild: true });
    await third.updater.update();
    expect(await launch()).toMatchObject({ id: next.entry.id, isBuild: false });
  });

  it('goes back to the page of the build after three launches that did not confirm', async () => {
    const { launch, next, builtIn } = await openPhone(platform);
    await (await launch()).updater.update();
    for (let n = 0; n < 3; n++) expect((await launch()).id).toBe(next.entry.id);
    const fourth = await launch();
    expect(fourth).toMatchObject({ id: builtIn, isBuild: true });
    expect((await fourth.updater.status()).blocked).toMatchObject([{ id: next.entry.id }]);
  });
});
