// Releases of a website that `init` has set up: which ones a device confirms, and which ones it leaves. Each app does what a
// framework does in a production build. frameworks.node.test.ts plays the same with the
// frameworks themselves.

import { rmSync } from 'node:fs';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { closePages, openBrowser } from '../support/browser.ts';
import {
  type Device,
  expectKept,
  expectLeft,
  expectUntouched,
  openDevice,
} from '../support/init-release.ts';
import { buildInitSite, type InitSite } from '../support/init-site.ts';

const TIMEOUT = 300_000;

const ROOT = "const root = document.querySelector('#root');";
const FIRST = `${ROOT} root.textContent = 'version 1';`;
const DIES = "JSON.parse('{}').user.name";

/** Vue 3 logs the error of a component, and leaves a comment in its place. */
const LOGGED = `${ROOT} try { ${DIES} } catch (error) { console.error(error); root.innerHTML = '<!---->'; }`;
/** React 19 renders in a later task, removes everything, and reports the error. */
const REPORTED = `${ROOT}
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    try { ${DIES} } catch (error) { root.replaceChildren(); reportError(error); }
  };
  port2.postMessage('render');`;
/** Svelte 5 throws out of its mount. */
const THROWN = `${ROOT} ${DIES};`;
/** The page has a header before a component throws out of the mount. */
const HEADER = `${ROOT} root.textContent = 'My shop';`;
const SLOW = `${ROOT}
  setTimeout(() => Promise.reject(new Error('no advertisement')), 7500);
  setTimeout(() => { root.textContent = 'version 2'; }, 8000);`;
const CANVAS = `${ROOT}
  const canvas = document.createElement('canvas');
  root.append(canvas);
  const gl = canvas.getContext('webgl');
  gl?.clearColor(1, 0, 0, 1);
  gl?.clear(gl.COLOR_BUFFER_BIT);`;

const builds: string[] = [];
let first: string;
let browser: Browser;
/** Leaves the first releases, and keeps the last ones. */
let device: Device;

beforeAll(async () => {
  first = await built(FIRST);
  browser = await openBrowser();
  device = await openDevice(browser, first);
}, TIMEOUT);

afterAll(async () => {
  await device?.close();
  await closePages();
  for (const build of builds) rmSync(build, { recursive: true, force: true });
});

async function built(app: string, options?: InitSite): Promise<string> {
  const build = await buildInitSite(app, options);
  builds.push(build);
  return build;
}

describe('a release that shows nothing', { timeout: TIMEOUT }, () => {
  it.each([
    ['reports the error of a later task', REPORTED],
    ['throws out of its mount', THROWN],
  ])('is left after three starts if it %s', async (_, app) => {
    await expectLeft(device, await built(app, { timeout: 3000 }));
  });

  // No event tells the page of these, so it waits out the time.
  it.each([
    ['logs the error of a component', LOGGED],
    ['shows nothing without an error', ROOT],
  ])('is left after three starts if it %s', async (_, app) => {
    await expectLeft(device, await built(app, { timeout: 500 }));
  });
});

describe('a release of one chunk that throws below its header', { timeout: TIMEOUT }, () => {
  it('is left after three starts, for which the page loads itself again', async () => {
    await expectLeft(device, await built(`${HEADER} ${DIES};`, { hasVite: true }));
  });

  // The device runs the first release no more.
  it('keeps running with its header if it was confirmed before', async () => {
    const app = `${HEADER} if (localStorage.getItem('fault')) ${DIES};`;
    await expectUntouched(device, await built(app, { hasVite: true }), 'My shop');
  });
});

describe('a release that shows something', { timeout: TIMEOUT }, () => {
  it.each([
    ['on a canvas', CANVAS],
    ['after eight seconds, beside an error that has nothing to do with it', SLOW],
  ])('is confirmed if it does so %s', async (_, app) => {
    await expectKept(device, await built(app));
  });
});
