// examples/capacitor in Chromium, over the web implementation of @capacitor/filesystem. The test stands in for the native
// part: it answers the calls of the WebView plugin, and serves the app at http://localhost as Capacitor's web view does.

import { readFileSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { lookup } from 'mrmime';
import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stampRelease } from '../../src/node.ts';
import { closePages, openBrowser } from '../support/browser.ts';
import { buildExample, openSite, type Site } from '../support/site.ts';

const TIMEOUT = 300_000;
/** Long: the machines that run the tests are busy. Each look at the state takes as much computing as loading a script. */
const WAIT = { timeout: 60_000, interval: 200 };
const WEB_FOLDER = 'public';
const ROOT = '/LIBRARY_NO_CLOUD/bundleseal';

const builds: string[] = [];
let browser: Browser;
let site: Site;
let device: Device;

interface Device {
  readonly context: BrowserContext;
  /** The errors of the app's pages. */
  readonly errors: string[];
  /** The build inside the native app. */
  webFolder: string;
  /** Whether nothing more can be written from the moment that the app has drawn its screen. */
  setFull(isFull: boolean): Promise<void>;
  /** What the store keeps about the device. */
  state(): Promise<Record<string, unknown>>;
  /** Replaces the content of the file whose path ends like this. */
  alter(end: string): Promise<void>;
  /** Ends the app, if it runs, and opens it. */
  launch(): Promise<Page>;
  close(): Promise<void>;
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
  askFiles<T>(method: 'getAll' | 'put', given: unknown): Promise<T>;
}

/** Runs in every page before its scripts. */
function preparePage(storeAddress: string): void {
  const methods = ['getServerBasePath', 'setServerBasePath'].map((name) => ({
    name,
    rtype: 'promise',
  }));
  Object.assign(globalThis, {
    storeAddress,
    Capacitor: {
      PluginHeaders: [{ name: 'WebView', methods }],
      nativePromise: (_plugin: string, method: string, options: unknown) =>
        (globalThis as unknown as PageGlobals).callNative(method, options),
    },
    async askFiles(method: 'getAll' | 'put', given: unknown) {
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
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (...given) {
    // The app has drawn its screen, and confirms itself next.
    const isDrawn = (document.querySelector('main')?.textContent ?? '') !== '';
    if (isDrawn && localStorage.getItem('isFull') === 'true') {
      throw new DOMException('no space', 'QuotaExceededError');
    }
    return put.apply(this, given);
  };
}

/** A phone with the app. */
async function newDevice(webFolder: string): Promise<Device> {
  const context = await browser.newContext();
  let base = WEB_FOLDER;
  let app: Page | undefined;
  /** The files of the release that the web view serves, by path. */
  let served: Promise<ReadonlyMap<string, StoredFile>> | undefined;

  const read = async (path: string): Promise<Uint8Array | undefined> => {
    if (path === '/files') return new Uint8Array();
    if (base === WEB_FOLDER) return readFileSync(join(device.webFolder, path));
    const folder = base;
    served ??= ask<StoredFile[]>('getAll', `${folder}/`).then(
      (found) => new Map(found.map((file) => [file.path, file])),
    );
    const file = (await served).get(`${folder}${path}`);
    return file && Buffer.from(file.content ?? '', 'base64');
  };
  const answer = async (path: string, response: ServerResponse) => {
    // The app may be ended, or load another page, while the test asks for a file.
    const content = await read(path).catch(() => undefined);
    const type = path === '/files' ? 'text/html' : (lookup(path) ?? 'application/octet-stream');
    response.writeHead(content === undefined ? 404 : 200, {
      'Content-Type': type,
      'Cache-Control': 'no-store',
    });
    response.end(content);
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    answer(pathname === '/' ? '/index.html' : pathname, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}/`;

  await context.exposeFunction('callNative', async (method: string, options: { path: string }) => {
    if (method === 'getServerBasePath') return { path: base };
    base = options.path;
    served = undefined;
    // The native code loads the page after it has answered the call.
    setTimeout(() => app?.goto(origin).catch(() => {}), 0);
    return undefined;
  });
  await context.addInitScript(preparePage, `${site.origin}/updates/`);
  // Another page of the origin reaches the files while the app is loading.
  const files = await context.newPage();
  const ask = <T>(method: 'getAll' | 'put', given: unknown) =>
    files.evaluate(
      ([name, value]) => (globalThis as unknown as PageGlobals).askFiles<T>(name, value),
      [method, given] as const,
    );
  await files.goto(`${origin}files`);

  const device: Device = {
    context,
    errors: [],
    webFolder,
    setFull: (isFull) =>
      files.evaluate((value) => localStorage.setItem('isFull', `${value}`), isFull),
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
      served = undefined;
      app = await context.newPage();
      app.on('pageerror', ({ message }) => device.errors.push(message));
      // The app may load another page meanwhile.
      await app.goto(origin).catch(() => {});
      return app;
    },
    async close() {
      await context.close();
      server.closeAllConnections();
      server.close();
    },
  };
  return device;
}

const expectState = (holds: (state: Record<string, unknown>) => boolean) =>
  // `expect.poll` works in tests alone, not in hooks.
  vi.waitFor(async () => expect(await device.state().catch(() => ({}))).toSatisfy(holds), WAIT);

const expectVersion = (page: Page, version: string) =>
  page.getByText(version, { exact: true }).waitFor(WAIT);

const publish = async (n: number) =>
  (await site.publish(builds[n - 1] as string, `${n}.0.0`)).release;

/** The device goes through all of it, in this order. */
describe('the example of a Capacitor app', { timeout: TIMEOUT }, () => {
  let second: string;
  let patch: string | undefined;
  let third: string;

  beforeAll(async () => {
    for (const n of [1, 2, 3, 4]) {
      const version = { name: `version ${n}`, address: 'globalThis.storeAddress' };
      builds.push(await buildExample('capacitor', { ...version, isBroken: n === 3 }));
    }
    browser = await openBrowser();
    site = await openSite(builds[0] as string);
    device = await newDevice(builds[0] as string);
    await expectVersion(await device.launch(), 'version 1');
    await expectState(({ lastCheck }) => lastCheck !== undefined);
  }, TIMEOUT);

  afterAll(async () => {
    await device?.close();
    site?.close();
    await closePages();
    for (const build of builds) rmSync(build, { recursive: true, force: true });
  });

  /** Expects an error of the library in the console. */
  const expectTold = (text: RegExp) =>
    device.context.waitForEvent('console', {
      predicate: (message) => text.test(message.text()),
      timeout: WAIT.timeout,
    });

  it('keeps working when a download fails, and says why in the console', async () => {
    const { id, patches } = await publish(2);
    second = id;
    patch = patches[0]?.sha256;
    site.hasNoObjects = true;
    const told = expectTold(/BundleSealError.*objects\//);
    await expectVersion(await device.launch(), 'version 1');
    await told;
    expect(device.errors).toEqual([]);
    site.hasNoObjects = false;
  });

  it('takes a release as a patch', async () => {
    const before = site.requests.length;
    await device.launch();
    await expectState(({ next }) => next === second);
    const requests = site.requests.slice(before);
    const objects = requests.filter((path) => path.startsWith('/updates/objects/'));
    expect(objects).toEqual([`/updates/objects/${patch}.sealed`]);
  });

  it('runs on when its confirmation cannot be stored, and says why in the console', async () => {
    await device.setFull(true);
    const told = expectTold(/BundleSealError.*state/);
    await expectVersion(await device.launch(), 'version 2');
    await told;
    expect(device.errors).toEqual([]);
    expect(await device.state()).toMatchObject({ running: second, trial: { starts: 1 } });
    await device.setFull(false);
    await expectVersion(await device.launch(), 'version 2');
    await expectState(({ running, trial }) => running === second && trial === undefined);
  });

  it('runs the release before when a stored file was altered, and installs the release anew', async () => {
    await device.alter('/files/index.html');
    await expectVersion(await device.launch(), 'version 1');
    await expectState(({ next }) => next === second);
    third = (await publish(3)).id;
    await expectVersion(await device.launch(), 'version 2');
    await expectState(({ next, trial }) => next === third && trial === undefined);
  });

  it('leaves a broken release, starts offline, and takes the next release', async () => {
    for (let start = 1; start <= 3; start++) {
      await device.launch();
      await expect.poll(() => device.errors, WAIT).toHaveLength(start);
    }
    expect(new Set(device.errors)).toEqual(new Set(['this version is broken']));
    site.isDown = true;
    await expectVersion(await device.launch(), 'version 2');
    await expectState(({ lastCheck }) => (lastCheck as { result: string }).result === 'offline');
    expect(await device.state()).toMatchObject({ running: second, blocked: [{ id: third }] });
    site.isDown = false;

    const { id: fourth } = await publish(4);
    await device.launch();
    await expectState(({ next }) => next === fourth);
    await expectVersion(await device.launch(), 'version 4');
    await expectState(({ running, trial }) => running === fourth && trial === undefined);
  });

  it('runs the build of a native update that was made later than the release', async () => {
    const later = builds[1] as string;
    await stampRelease(later);
    device.webFolder = later;
    await expectVersion(await device.launch(), 'version 2');
    await expectState(({ running, builtIn }) => running === builtIn);
  });
});
