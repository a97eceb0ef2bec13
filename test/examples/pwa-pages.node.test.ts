// The releases of open pages of examples/pwa in Chromium: a page is found at its address, keeps its release while it is loaded and until it
// is closed, and each new release runs at the first load after its activation.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closePages, openBrowser } from '../support/browser.ts';
import {
  expectConfirmed,
  expectOffer,
  expectState,
  expectVersion,
  stateOf,
} from '../support/pwa.ts';
import { buildExample, openSite, type Site } from '../support/site.ts';

const TIMEOUT = 300_000;
/** Runs before the code of the service worker. The browser gets a slow response when the page sends a message. */
const SLOW_RESPONSES = `
  const listen = self.addEventListener.bind(self);
  const message = new Promise((resolve) => listen('message', resolve));
  const later = async (answer) => {
    const response = await answer;
    await message;
    return response;
  };
  self.addEventListener = (type, listener) =>
    listen(type, (event) => {
      if (type === 'fetch' && event.request.url.includes('slow')) {
        const respond = event.respondWith.bind(event);
        Object.defineProperty(event, 'respondWith', { value: (answer) => respond(later(answer)) });
      }
      listener(event);
    });
`;
const WORKER = `
  const stamp = await (await fetch('/bundleseal-release.json')).json();
  postMessage(stamp.id);
`;

const builds: string[] = [];
let browser: Browser;
let site: Site;
let page: Page;
/** The version that the device runs. */
let version = 1;

beforeAll(async () => {
  for (const n of [1, 2, 3, 4]) {
    const build = await buildExample('pwa', { name: `version ${n}`, worker: SLOW_RESPONSES });
    writeFileSync(join(build, 'slow.js'), WORKER);
    writeFileSync(join(build, 'faq.html'), `<p>faq ${n}</p>`);
    mkdirSync(join(build, 'about'));
    writeFileSync(join(build, 'about/index.html'), `<p>about ${n}</p>`);
    builds.push(build);
  }
  browser = await openBrowser();
  site = await openSite(builds[0] as string);
  page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(site.origin);
  await expectVersion(page, 'version 1');
  await page.evaluate(() => navigator.serviceWorker.ready);
  await expectState(page, (state) => state['lastCheck'] !== undefined);
}, TIMEOUT);

afterAll(async () => {
  await closePages();
  site?.close();
  for (const build of builds) rmSync(build, { recursive: true, force: true });
});

/** Publishes the next versions, lets the page download and activate each of them, and loads the page again. */
async function updateTo(last: number): Promise<void> {
  while (version < last) {
    version += 1;
    await site.publish(builds[version - 1] as string, `${version}.0.0`);
    await page.reload();
    await expectOffer(page);
    await page.reload();
    await expectVersion(page, `version ${version}`);
    await expectConfirmed(page);
  }
}

/** What a page gets for the file of its own address. */
const indexFor = (page: Page) =>
  page.evaluate(async () => {
    const answer = await fetch('/index.html');
    return { status: answer.status, text: await answer.text() };
  });

/** Removes what the store has of the running release, or of everything. */
const evict = (page: Page, what: string) =>
  page.evaluate(async (lost) => {
    const { id } = await (await fetch('/bundleseal-release.json')).json();
    for (const name of await caches.keys()) {
      if (lost === 'everything') await caches.delete(name);
      else if (!name.includes(id)) continue;
      else if (lost === 'its release') await caches.delete(name);
      else {
        const cache = await caches.open(name);
        for (const { url } of await cache.keys()) {
          if (url.endsWith('index.html')) await cache.delete(url);
        }
      }
    }
  }, what);

/** The pages and workers whose release is chosen. */
const clientsOf = ({ pinned }: Record<string, unknown>) =>
  (pinned as { readonly client: string }[]).map(({ client }) => client);

const idOf = (page: Page) =>
  page.evaluate(async () => (await (await fetch('/bundleseal-release.json')).json()).id as string);

// One device runs from test to test, as installing it takes most of the time. Each test can also run alone.
describe('the pages of a website', { timeout: TIMEOUT }, () => {
  it('are found without their extension and the slash of their folder, which counts one start', async () => {
    await site.publish(builds[1] as string, '2.0.0');
    await page.reload();
    await expectOffer(page);
    await page.goto(`${site.origin}/about?a=b`);
    await expectVersion(page, 'about 2');
    expect(page.url()).toBe(`${site.origin}/about/?a=b`);
    expect((await stateOf(page))['trial']).toMatchObject({ starts: 1 });
    await page.goto(`${site.origin}/faq`);
    await expectVersion(page, 'faq 2');
    expect(page.url()).toBe(`${site.origin}/faq`);
    version = 2;
    await page.goto(site.origin);
    await expectVersion(page, 'version 2');
    await expectConfirmed(page);
  });

  it('run the release before at their next load if the store has lost their release, its page or everything while the worker runs', async () => {
    await updateTo(2);
    for (const what of ['its release', 'the page of its release', 'everything']) {
      const open = await page.context().newPage();
      await open.goto(site.origin);
      await expectVersion(open, 'version 2');
      const own = await indexFor(open);
      await evict(page, what);
      const answer = await page.reload();
      expect([answer?.status(), answer?.fromServiceWorker()], what).toEqual([200, true]);
      await expectVersion(page, 'version 1');
      // The page that was loaded installs the lost release again, maybe already.
      const { status, text } = await indexFor(open);
      if (status !== 500) expect(text, what).toBe(own.text);
      await expectOffer(page);
      await page.reload();
      await expectVersion(page, 'version 2');
      await expectConfirmed(page);
      await open.close();
    }
  });

  it('keep their release while they and their workers are loaded, and other pages start the next release', async () => {
    await updateTo(2);
    const current = await idOf(page);
    const known = new Set(clientsOf(await stateOf(page)));
    const open = await page.context().newPage();
    await open.goto(site.origin);
    await expectVersion(open, 'version 2');
    const slow = await page.context().newPage();
    const loaded = slow.goto(`${site.origin}/?slow`, { timeout: TIMEOUT });
    const working = open.evaluate(
      () =>
        new Promise<string>((resolve) => {
          const worker = new Worker('/slow.js', { type: 'module' });
          worker.onmessage = ({ data }) => resolve(data);
        }),
    );
    // The release of the three is chosen, and the browser waits for the responses of two.
    await expectState(page, (state) => clientsOf(state).filter((id) => !known.has(id)).length >= 3);
    await updateTo(3);
    await page.reload();
    expect(await idOf(page)).not.toBe(current);
    await page.evaluate(() => navigator.serviceWorker.controller?.postMessage('go on'));
    await loaded;
    await expectVersion(slow, 'version 2');
    expect(await idOf(slow)).toBe(current);
    expect(await working).toBe(current);
    await slow.close();
    await open.close();
  });

  it('run each of three releases at the first load after its activation', () => updateTo(4));
});
