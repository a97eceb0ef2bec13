// examples/capacitor in Chromium, over the web implementation of @capacitor/filesystem. The test stands in for the native
// part: it answers the calls of the WebView plugin, and serves the app at https://localhost/ as Capacitor's web view does.

import { rmSync } from 'node:fs';
import { lookup } from 'mrmime';
import type { Browser, BrowserContext, Page, Route } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { stampRelease } from '../../src/node.ts';
import { closePages, openBrowser } from '../support/browser.ts';
import { buildExample, openSite, type Site } from '../support/site.ts';

const TIMEOUT = 300_000;
/** Long: the machines that run the tests are busy. */
const WAIT = { timeout: 60_000 };
const APP = 'https://localhost/';
const STORE = 'https://updates.example.com/app/';
const WEB_FOLDER = 'public';
const ROOT = '/LIBRARY_NO_CLOUD/bundleseal';

const builds: string[] = [];
let browser: Browser;
let site: Site;
let device: Device;

beforeAll(async () => {
  for (const n of [1, 2, 3, 4]) {
    builds.push(await buildExample('capacitor', { name: `version ${n}`, isBroken: n === 3 }));
  }
  browser = await openBrowser();
}, TIMEOUT);

async function closeDevice(): Promise<void> {
  await device?.context.close();
  site?.close();
}

afterAll(async () => {
  await closePages();
  for (const build of builds) rmSync(build, { recursive: true, force: true });
});

interface Device {
  readonly context: BrowserContext;
  /** The errors of the app's pages. */
  readonly errors: string[];
  isOffline: boolean;
  /** What the store keeps about the device. */
  state(): Promise<Record<string, unknown>>;
  /** Replaces the content of the file whose path ends like this. */
  alter(end: string): Promise<void>;
  /** Ends the app, if it runs, and opens it. */
  launch(): Promise<Page>;
}

/** A file, as the plugin's web implementation keeps it. */
interface StoredFile {
  readonly path: string;
  readonly content?: string;
}

/** The functions that the init script gives to every page. */
interface PageGlobals {
  callNative(method: string, options: unknown): Promise<unknown>;
  /** Calls a method of the database of the plugin's web implementation. `getAll` gets the files whose paths begin so. */
  askFiles<T>(method: 'get' | 'getAll' | 'put', given: unknown): Promise<T>;
}

// The server may close a connection while it is used again.
const AGAIN = { maxRetries: 3 };

/** A phone with the app. */
async function newDevice(): Promise<Device> {
  const context = await browser.newContext();
  let base = WEB_FOLDER;
  let app: Page | undefined;
  await context.exposeFunction('callNative', async (method: string, options: { path: string }) => {
    if (method === 'getServerBasePath') return { path: base };
    base = options.path;
    // The native code loads the page after it has answered the call.
    setTimeout(() => app?.goto(APP).catch(() => {}), 0);
    return undefined;
  });
  await context.addInitScript(() => {
    const methods = ['getServerBasePath', 'setServerBasePath'].map((name) => ({
      name,
      rtype: 'promise',
    }));
    Object.assign(globalThis, {
      Capacitor: {
        PluginHeaders: [{ name: 'WebView', methods }],
        nativePromise: (_plugin: string, method: string, options: unknown) =>
          (globalThis as unknown as PageGlobals).callNative(method, options),
      },
      async askFiles(method: 'get' | 'getAll' | 'put', given: unknown) {
        const settled = (request: IDBRequest) =>
          new Promise((resolve, reject) => {
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
          });
        const database = (await settled(indexedDB.open('Disc'))) as IDBDatabase;
        try {
          const files = database.transaction('FileStorage', 'readwrite').objectStore('FileStorage');
          const asked = method === 'getAll' ? IDBKeyRange.bound(given, `${given}\uffff`) : given;
          return await settled(files[method](asked as never));
        } finally {
          database.close();
        }
      },
    });
  });

  // Another page of the origin reaches the files while the app is loading.
  const files = await context.newPage();
  const ask = <T>(method: 'get' | 'getAll' | 'put', given: unknown) =>
    files.evaluate(
      ([name, value]) => (globalThis as unknown as PageGlobals).askFiles<T>(name, value),
      [method, given] as const,
    );
  const answer = (url: string, give: (route: Route) => Promise<void>) =>
    // A page that was closed meanwhile waits for no answer.
    context.route(url, (route) => give(route).catch(() => {}));
  await answer(`${APP}**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/files') return route.fulfill({ contentType: 'text/html', body: '' });
    const path = pathname === '/' ? '/index.html' : pathname;
    if (base === WEB_FOLDER) {
      return route.fulfill({
        response: await route.fetch({ url: `${site.origin}${path}`, ...AGAIN }),
      });
    }
    const file = await ask<StoredFile | undefined>('get', `${base}${path}`);
    if (file === undefined) return route.fulfill({ status: 404 });
    const contentType = lookup(path) ?? 'application/octet-stream';
    return route.fulfill({ contentType, body: Buffer.from(file.content ?? '', 'base64') });
  });
  await answer(`${STORE}**`, async (route) => {
    if (device.isOffline) return route.abort();
    const url = route.request().url().replace(STORE, `${site.origin}/updates/`);
    const response = await route.fetch({ url, ...AGAIN });
    const headers = { ...response.headers(), 'access-control-allow-origin': '*' };
    return route.fulfill({ response, headers });
  });
  await files.goto(`${APP}files`);

  const device: Device = {
    context,
    errors: [],
    isOffline: false,
    async state() {
      const states = await ask<StoredFile[]>('getAll', `${ROOT}/state/`);
      const numberOf = ({ path }: StoredFile) => Number(path.split('/').at(-1));
      const last = states.sort((x, y) => numberOf(x) - numberOf(y)).at(-1);
      // Behind the SHA-256 of the text.
      const text = Buffer.from(last?.content ?? '', 'base64')
        .subarray(32)
        .toString();
      return JSON.parse(text === '' ? '{}' : text);
    },
    async alter(end) {
      const found = (await ask<StoredFile[]>('getAll', ROOT)).filter(({ path }) =>
        path.endsWith(end),
      );
      expect(found).toHaveLength(1);
      await ask('put', { ...found[0], content: btoa('altered') });
    },
    async launch() {
      await app?.close();
      base = WEB_FOLDER;
      app = await context.newPage();
      app.on('pageerror', ({ message }) => device.errors.push(message));
      // The app may load another page meanwhile.
      await app.goto(APP).catch(() => {});
      return app;
    },
  };
  return device;
}

const expectState = (holds: (state: Record<string, unknown>) => boolean) =>
  // `expect.poll` works in tests alone, not in hooks.
  vi.waitFor(async () => expect(holds(await device.state().catch(() => ({})))).toBe(true), WAIT);

const expectVersion = (page: Page, version: string) =>
  page.getByText(version, { exact: true }).waitFor(WAIT);

async function install(): Promise<void> {
  site = await openSite(builds[0] as string);
  device = await newDevice();
  await expectVersion(await device.launch(), 'version 1');
  await expectState(({ lastCheck }) => lastCheck !== undefined);
}

/** Publishes a build, and has the running app find it. The next launch takes it. */
async function publish(n: number): Promise<string> {
  const { release } = await site.publish(builds[n - 1] as string, `${n}.0.0`);
  await device.launch();
  await expectState(({ next }) => next === release.id);
  return release.id;
}

describe('the example of a Capacitor app', { timeout: TIMEOUT }, () => {
  afterEach(closeDevice);

  it('takes a release as a patch, leaves a broken one, takes the next one, and starts offline', async () => {
    await install();
    const second = await publish(2);
    const objects = site.requests.filter((path) => path.startsWith('/updates/objects/'));
    expect(objects).toHaveLength(1);
    await expectVersion(await device.launch(), 'version 2');
    await expectState(({ running, trial }) => running === second && trial === undefined);

    await publish(3);
    for (let start = 1; start <= 3; start++) {
      await device.launch();
      await expect.poll(() => device.errors, WAIT).toHaveLength(start);
    }
    expect(new Set(device.errors)).toEqual(new Set(['this version is broken']));
    device.isOffline = true;
    await expectVersion(await device.launch(), 'version 2');
    await expectState(({ lastCheck }) => (lastCheck as { result: string }).result === 'offline');
    expect(await device.state()).toMatchObject({ running: second, blocked: [{}] });
    device.isOffline = false;

    const fourth = await publish(4);
    await expectVersion(await device.launch(), 'version 4');
    await expectState(({ running, trial }) => running === fourth && trial === undefined);
  });

  it('keeps working when a download fails, and says why in the console', async () => {
    await install();
    await site.publish(builds[1] as string, '2.0.0');
    site.hasNoObjects = true;
    const told = device.context.waitForEvent('console', {
      predicate: (message) => /BundleSealError.*objects\//.test(message.text()),
      ...WAIT,
    });
    await device.launch();
    await told;
    expect(device.errors).toEqual([]);
    site.hasNoObjects = false;
    await device.launch();
    await expectState(({ next }) => next !== undefined);
  });

  it('runs on when its confirmation cannot be stored, and says why in the console', async () => {
    await install();
    const second = await publish(2);
    await device.context.addInitScript(() => {
      const { put } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.put = function (...given) {
        // The app has drawn its screen, and confirms itself next.
        const isDrawn = (document.querySelector('main')?.textContent ?? '') !== '';
        if (isDrawn) throw new DOMException('no space', 'QuotaExceededError');
        return put.apply(this, given);
      };
    });
    const told = device.context.waitForEvent('console', {
      predicate: (message) => /BundleSealError.*state/.test(message.text()),
      ...WAIT,
    });
    await expectVersion(await device.launch(), 'version 2');
    await told;
    expect(device.errors).toEqual([]);
    expect(await device.state()).toMatchObject({ running: second, trial: { starts: 1 } });
  });
});

describe('a device with a release', { timeout: TIMEOUT }, () => {
  let second: string;

  beforeAll(async () => {
    await install();
    second = await publish(2);
    await expectVersion(await device.launch(), 'version 2');
    await expectState(({ trial }) => trial === undefined);
  }, TIMEOUT);

  afterAll(closeDevice);

  it('runs the release before when a stored file was altered, and installs the release anew', async () => {
    await device.alter('/files/index.html');
    await expectVersion(await device.launch(), 'version 1');
    await expectState(({ next }) => next === second);
    await expectVersion(await device.launch(), 'version 2');
  });

  it('runs the build of a native update that was made later than the release', async () => {
    await stampRelease(builds[3] as string);
    site.deploy(builds[3] as string);
    await expectVersion(await device.launch(), 'version 4');
    await expectState(({ running, builtIn }) => running === builtIn);
  });
});
