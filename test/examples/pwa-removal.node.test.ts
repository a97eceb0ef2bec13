// The worker that removes the service worker of examples/pwa, in Chromium.

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closePages, openBrowser } from '../support/browser.ts';
import { ROOT } from '../support/docs.ts';
import { withNextWorker } from '../support/next-worker.ts';
import { expectVersion, install } from '../support/pwa.ts';
import { buildExample, openSite, type Site } from '../support/site.ts';

const TIMEOUT = 300_000;
const WAIT = { timeout: 60_000 };
const sites: Site[] = [];
let build: string;
let without: string;
let browser: Browser;

beforeAll(async () => {
  build = await buildExample('pwa', { name: 'version 1' });
  without = mkdtempSync(join(tmpdir(), 'bundleseal-site-'));
  // The page tells the server how many caches it finds, because no debugger reads it in one of the tests.
  const script = `setInterval(async () => fetch('/caches/' + (await caches.keys()).length), 200);`;
  writeFileSync(
    join(without, 'index.html'),
    `<!doctype html><p>without updates</p><script>${script}</script>`,
  );
  copyFileSync(join(ROOT, 'examples/pwa/remove/sw.js'), join(without, 'sw.js'));
  browser = await openBrowser();
}, TIMEOUT);

afterAll(async () => {
  await closePages();
  for (const site of sites) site.close();
  for (const folder of [build, without]) rmSync(folder, { recursive: true, force: true });
});

async function newSite(): Promise<Site> {
  const site = await openSite(build);
  sites.push(site);
  return site;
}

describe('the worker that removes the worker of a website', { timeout: TIMEOUT }, () => {
  it('reloads an open page and leaves nothing, and reloads no page that the website lacks', async () => {
    const site = await newSite();
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(60_000);
    await install(site, page);
    // The worker serves this route, and the web server has no such file.
    const route = await page.context().newPage();
    await route.goto(`${site.origin}/route`);
    await expectVersion(route, 'version 1');
    // Chromium ends the old worker when the next one is installed, and starts the old one again for these requests.
    await route.evaluate(async () => {
      let isOver = false;
      const registration = await navigator.serviceWorker.ready;
      registration.addEventListener('updatefound', () => {
        setTimeout(() => {
          isOver = true;
        }, 1000);
      });
      const ask = async () => {
        while (!isOver) await (await fetch('/bundleseal-release.json')).text();
      };
      ask().catch(() => {});
    });
    site.deploy(without);
    await withNextWorker(page, async () => {
      // The new worker reloads the page, which ends this call.
      await page.evaluate(() => {
        const update = () =>
          navigator.serviceWorker.ready.then((found) => found.update()).catch(() => {});
        update();
        // The first call gets the old worker if the browser is just looking for a new one by itself.
        setInterval(update, 1000);
      });
      await expectVersion(page, 'without updates');
    });
    await expect.poll(() => page.evaluate(() => caches.keys()), WAIT).toEqual([]);
    expect(await page.evaluate(() => navigator.serviceWorker.getRegistrations())).toEqual([]);
    await page.reload();
    await expectVersion(page, 'without updates');
    expect(site.requests).toContain('/route');
    await expectVersion(route, 'version 1');
  });

  it('removes the stored releases also if no page is open when it becomes active', async () => {
    const site = await newSite();
    const count = (path: string) => site.requests.filter((found) => found === path).length;
    // Playwright attaches no debugger in a context that it does not know. With a debugger, Chromium does not end the worker.
    const session = await browser.newBrowserCDPSession();
    const { browserContextId } = await session.send('Target.createBrowserContext');
    const open = async () =>
      (await session.send('Target.createTarget', { url: site.origin, browserContextId })).targetId;
    const close = (targetId: string) => session.send('Target.closeTarget', { targetId });
    const workers = async () => {
      const { targetInfos } = await session.send('Target.getTargets');
      return targetInfos.filter(
        ({ type, url }) => type === 'service_worker' && url.startsWith(site.origin),
      );
    };
    const first = await open();
    await expect.poll(() => count('/updates/channels/production.sealed'), WAIT).toBe(1);
    await close(first);
    site.deploy(without);
    const before = count('/sw.js');
    const second = await open();
    // The browser looks for a new worker a while after it has loaded a page.
    await expect.poll(() => count('/sw.js'), { ...WAIT, interval: 5 }).toBeGreaterThan(before);
    await close(second);
    await expect.poll(workers, WAIT).toEqual([]);
    await open();
    await expect.poll(() => count('/caches/0'), WAIT).toBeGreaterThan(0);
    await session.send('Target.disposeBrowserContext', { browserContextId });
    await session.detach();
  });
});
