// examples/pwa in Chromium: a service worker, real storage and a static server.

import { rmSync } from 'node:fs';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stampRelease } from '../../src/node.ts';
import { closePages, openBrowser } from '../support/browser.ts';
import { withNextWorker } from '../support/next-worker.ts';
import {
  expectConfirmed,
  expectOffer,
  expectState,
  expectVersion,
  install,
  stateOf,
} from '../support/pwa.ts';
import { buildExample, openSite, type Site } from '../support/site.ts';

const TIMEOUT = 300_000;
const builds: string[] = [];
const sites: Site[] = [];
let browser: Browser;

beforeAll(async () => {
  for (const n of [1, 2, 3, 4]) {
    builds.push(await buildExample('pwa', { name: `version ${n}`, isBroken: n === 3 }));
  }
  // The website's next deploy has another service worker.
  builds.push(await buildExample('pwa', { name: 'version 5', worker: 'console.log(5);' }));
  browser = await openBrowser();
}, TIMEOUT);

afterAll(async () => {
  await closePages();
  for (const site of sites) site.close();
  for (const build of builds) rmSync(build, { recursive: true, force: true });
});

const buildOf = (n: number) => builds[n - 1] as string;

async function newSite(): Promise<Site> {
  const site = await openSite(buildOf(1));
  sites.push(site);
  return site;
}

async function newPage(): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(60_000);
  return page;
}

/** The browser ends workers when it likes. */
async function stopWorkers(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.stopAllWorkers');
  await session.detach();
}

/**
 * Waits until the next worker serves the page. On a busy machine, Chromium sometimes never answers a navigation that the old
 * worker gets in the second before.
 */
function updateWorker(page: Page): Promise<void> {
  return withNextWorker(page, () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      const isServed = new Promise((resolve) => {
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true });
      });
      await registration.update();
      await isServed;
    }),
  );
}

/** Alters every script of a release in the store. */
async function alter(page: Page, id: string): Promise<void> {
  const altered = await page.evaluate(async (release) => {
    let count = 0;
    for (const name of await caches.keys()) {
      if (!name.startsWith(`bundleseal ${release}`)) continue;
      const cache = await caches.open(name);
      for (const key of await cache.keys()) {
        if (!/index-.*\.js$/.test(key.url)) continue;
        await cache.put(key, new Response('alert("altered")'));
        count += 1;
      }
    }
    return count;
  }, id);
  expect(altered).toBe(1);
}

/** Holds the lock of the state, because the page and the worker may still write the state that they read before. */
async function loseState(page: Page): Promise<void> {
  await page.evaluate(() =>
    navigator.locks.request('bundleseal cache bundleseal state', async () => {
      const cache = await caches.open('bundleseal');
      for (const key of await cache.keys())
        if (key.url.includes('/state/')) await cache.delete(key);
    }),
  );
}

describe('the example of a website', { timeout: TIMEOUT }, () => {
  it('takes a release as a patch, leaves a broken one, takes the next one, and starts offline', async () => {
    const site = await newSite();
    const page = await newPage();
    await install(site, page);
    const second = await site.publish(buildOf(2), '2.0.0');
    await page.reload();
    await expectOffer(page);
    await expectVersion(page, 'version 1');
    const objects = site.requests.filter((path) => path.startsWith('/updates/objects/'));
    const [patch] = second.release.patches;
    expect(objects).toEqual([`/updates/objects/${patch?.sha256}.sealed`]);
    await page.reload();
    await expectVersion(page, 'version 2');
    await expectConfirmed(page);

    await site.publish(buildOf(3), '3.0.0');
    await page.reload();
    await expectVersion(page, 'version 2');
    await expectOffer(page);
    const thrown: string[] = [];
    const count = ({ message }: Error) => thrown.push(message);
    page.on('pageerror', count);
    // An offline page does not load itself again: what has failed may need the network.
    await page.context().setOffline(true);
    await page.reload();
    await page.getByText('This version did not start').waitFor();
    expect((await stateOf(page))['trial']).toMatchObject({ starts: 1 });
    await page.context().setOffline(false);
    await page.reload();
    // The page loads itself again after the second start and after the third one.
    await expectVersion(page, 'version 2');
    expect(thrown).toEqual(Array.from({ length: 3 }, () => 'this version is broken'));
    expect((await stateOf(page))['blocked']).toHaveLength(1);
    page.off('pageerror', count);

    site.isDown = true;
    await page.reload();
    await expectVersion(page, 'version 2');
    await stopWorkers(page);
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    await page.goto(`${site.origin}/some/route`);
    await expectVersion(page, 'version 2');
    await expectState(
      page,
      ({ lastCheck }) => (lastCheck as { result: string }).result === 'offline',
    );
    expect(errors).toEqual([]);
    site.isDown = false;

    await site.publish(buildOf(4), '4.0.0');
    await page.goto(site.origin);
    await expectVersion(page, 'version 2');
    await expectOffer(page);
    await page.reload();
    await expectVersion(page, 'version 4');
    await expectConfirmed(page);
  });
});

describe('a device of the example that has no update yet', { timeout: TIMEOUT }, () => {
  let site: Site;
  let page: Page;

  beforeAll(async () => {
    site = await newSite();
    page = await newPage();
    await page.clock.install();
    await install(site, page);
  }, TIMEOUT);

  it('takes the built-in release from the website when the stored copy was altered', async () => {
    const { builtIn } = await stateOf(page);
    await alter(page, String(builtIn));
    await stopWorkers(page);
    await page.reload();
    await page.reload();
    await expectVersion(page, 'version 1');
  });

  it('keeps working when a download fails, and says why in the console', async () => {
    await site.publish(buildOf(2), '2.0.0');
    site.hasNoObjects = true;
    const errors: Error[] = [];
    page.on('pageerror', (error) => errors.push(error));
    const told = page.waitForEvent('console', {
      predicate: (message) => /BundleSealError.*objects\//.test(message.text()),
    });
    await page.reload();
    await told;
    await expectVersion(page, 'version 1');
    expect(errors).toEqual([]);
    site.hasNoObjects = false;
    await page.reload();
    await expectOffer(page);
    await page.reload();
    await expectVersion(page, 'version 2');
    await expectConfirmed(page);
    await expectState(
      page,
      (state) => (state['lastCheck'] as { result: string }).result === 'current',
    );
  });

  it('offers a release in a tab that stays open', async () => {
    const shown = (await page.locator('main').textContent()) ?? '';
    expect(await page.getByRole('button').isVisible()).toBe(false);
    await site.publish(buildOf(4), '4.0.0');
    await page.clock.fastForward('01:00:00');
    await expectOffer(page);
    await expectVersion(page, shown);
  });
});

describe('a device of the example', { timeout: TIMEOUT }, () => {
  let site: Site;
  /** It installed the worker, and was not loaded again. */
  let installing: Page;
  /** It was opened before the second release came, and was not loaded again. */
  let kept: Page;
  let page: Page;
  let second: string;

  beforeAll(async () => {
    site = await newSite();
    installing = await newPage();
    await install(site, installing);
    await installing.waitForFunction(() => navigator.serviceWorker.controller !== null);
    kept = await installing.context().newPage();
    await kept.goto(site.origin);
    await expectVersion(kept, 'version 1');
    const { release } = await site.publish(buildOf(2), '2.0.0');
    second = release.id;
    page = await installing.context().newPage();
    await page.goto(site.origin);
    await expectOffer(page);
    await page.reload();
    await expectVersion(page, 'version 2');
    await expectConfirmed(page);
  }, TIMEOUT);

  it('keeps serving the release of a page until the page is loaded again', async () => {
    const scripts = (of: Page) =>
      of.evaluate(async () => {
        const { id } = await (await fetch('/bundleseal-release.json')).json();
        const [script] = document.querySelectorAll('script');
        const { status, headers } = await fetch(script?.src ?? '', { cache: 'no-store' });
        return { id, status, etag: headers.get('etag') };
      });
    const old = await scripts(kept);
    const current = await scripts(page);
    expect([old.status, current.status]).toEqual([200, 200]);
    expect(old.id).not.toBe(current.id);
    // The browser may end the worker, and begins it anew with the next request.
    await stopWorkers(kept);
    expect(await scripts(kept)).toEqual(old);
    expect(await scripts(page)).toEqual(current);
    await kept.reload();
    await expectVersion(kept, 'version 2');
    expect(await scripts(kept)).toEqual(current);
    await kept.close();
  });

  it('keeps serving the release of the page that installed the worker', async () => {
    await stopWorkers(installing);
    const idOf = (of: Page) =>
      of.evaluate(async () => (await (await fetch('/bundleseal-release.json')).json()).id);
    expect(await idOf(installing)).not.toBe(await idOf(page));
    await installing.close();
  });

  it('runs the release before when a stored file was altered, and then installs the release anew', async () => {
    await alter(page, second);
    await stopWorkers(page);
    await page.reload();
    await expectState(page, ({ running }) => running !== second);
    await page.reload();
    await expectVersion(page, 'version 1');
    await expectOffer(page);
    await page.reload();
    await expectVersion(page, 'version 2');
    await expectConfirmed(page);
    await page.reload();
    await expectVersion(page, 'version 2');
  });

  it('finds the installed release again when the state was lost', async () => {
    const { builtIn } = await stateOf(page);
    const fetched = site.requests.filter((path) => path.startsWith('/updates/objects/')).length;
    await loseState(page);
    await page.reload();
    await expectVersion(page, 'version 1');
    await expectOffer(page);
    await page.reload();
    await expectVersion(page, 'version 2');
    await expectState(page, (state) => state['running'] === second);
    expect((await stateOf(page))['builtIn']).toBe(builtIn);
    expect(site.requests.filter((path) => path.startsWith('/updates/objects/'))).toHaveLength(
      fetched,
    );
  });

  it('starts from the release that runs when the website is deployed anew', async () => {
    await stampRelease(buildOf(5));
    // The browser looks for a new worker by itself, a while after a page was loaded.
    site.deploy(buildOf(5), '/sw.js');
    await page.reload();
    await expectVersion(page, 'version 2');
    site.deploy(buildOf(5));
    await updateWorker(page);
    await expectState(page, ({ running, builtIn }) => running === builtIn);
    await page.reload();
    await expectVersion(page, 'version 5');
  });
});
