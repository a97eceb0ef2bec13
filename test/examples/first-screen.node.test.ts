// Releases of a website that `init` has set up: which ones a device confirms, and which ones it leaves. Each app does what a
// framework does in a production build. test/consumers/frameworks.js plays the same with the frameworks themselves.

import { rmSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM_ARGUMENTS, CHROMIUM_PATH } from '../support/chromium.js';
import { buildInitSite } from '../support/init-site.ts';
import {
  expectConfirmed,
  expectOffer,
  expectState,
  expectVersion,
  stateOf,
} from '../support/pwa.ts';
import { openSite } from '../support/site.ts';

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
const SLOW = `${ROOT}
  setTimeout(() => Promise.reject(new Error('no advertisement')), 2000);
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

beforeAll(async () => {
  first = await built(FIRST);
  browser = await chromium.launch({ executablePath: CHROMIUM_PATH, args: CHROMIUM_ARGUMENTS });
}, TIMEOUT);

afterAll(async () => {
  await browser?.close();
  for (const build of builds) rmSync(build, { recursive: true, force: true });
});

async function built(app: string, timeout?: number): Promise<string> {
  const build = await buildInitSite(app, timeout);
  builds.push(build);
  return build;
}

/** Runs `play` in a page that loads this release as its next one, on a device that runs the first release. */
async function withRelease(
  build: string,
  play: (page: Page, id: string) => Promise<void>,
): Promise<void> {
  const site = await openSite(first);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(site.origin);
    await expectVersion(page, 'version 1');
    await page.evaluate(() => navigator.serviceWorker.ready);
    await expectState(page, (state) => state['lastCheck'] !== undefined);
    const { release } = await site.publish(build, '2.0.0');
    await page.reload();
    await expectOffer(page);
    await play(page, release.id);
  } finally {
    await context.close();
    site.close();
  }
}

describe('a release that shows nothing', { timeout: TIMEOUT }, () => {
  it.each([
    ['logs the error of a component', LOGGED],
    ['reports the error of a later task', REPORTED],
    ['throws out of its mount', THROWN],
    ['shows nothing without an error', ROOT],
  ])('is left after three starts if it %s', async (_, app) => {
    await withRelease(await built(app, 3000), async (page, id) => {
      let loads = 0;
      page.on('domcontentloaded', () => {
        loads += 1;
      });
      await page.reload();
      await expectVersion(page, 'version 1');
      expect(loads).toBe(4);
      expect((await stateOf(page))['blocked']).toMatchObject([{ id }]);
    });
  });
});

describe('a release that shows something', { timeout: TIMEOUT }, () => {
  it.each([
    ['after eight seconds, beside an error that has nothing to do with it', SLOW],
    ['on a canvas', CANVAS],
  ])('is confirmed if it does so %s', async (_, app) => {
    await withRelease(await built(app), async (page, id) => {
      let loads = 0;
      page.on('domcontentloaded', () => {
        loads += 1;
      });
      await page.reload();
      await expectConfirmed(page);
      expect(await stateOf(page)).toMatchObject({ running: id, blocked: [] });
      expect(loads).toBe(1);
    });
  });
});
