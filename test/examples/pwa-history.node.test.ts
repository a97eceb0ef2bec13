// What a browser does with pages of examples/pwa besides loading them: it keeps them for the back button, and prepares them before
// the visitor opens them.

import { rmSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM_ARGUMENTS, CHROMIUM_PATH } from '../support/chromium.js';
import {
  expectConfirmed,
  expectOffer,
  expectState,
  expectVersion,
  stateOf,
} from '../support/pwa.ts';
import { buildExample, openSite, type Site } from '../support/site.ts';

const TIMEOUT = 300_000;

const builds: string[] = [];
const sites: Site[] = [];
let browser: Browser;

beforeAll(async () => {
  for (const n of [1, 2]) builds.push(await buildExample('pwa', { name: `version ${n}` }));
  browser = await chromium.launch({
    executablePath: CHROMIUM_PATH,
    args: CHROMIUM_ARGUMENTS,
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
}, TIMEOUT);

afterAll(async () => {
  await browser?.close();
  for (const site of sites) site.close();
  for (const build of builds) rmSync(build, { recursive: true, force: true });
});

/** A page of a new site, which the service worker serves. */
async function install(): Promise<{ readonly site: Site; readonly page: Page }> {
  const site = await openSite(builds[0] as string);
  sites.push(site);
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(site.origin);
  await expectVersion(page, 'version 1');
  await page.evaluate(() => navigator.serviceWorker.ready);
  await expectState(page, (state) => state['lastCheck'] !== undefined);
  return { site, page };
}

const idOf = (page: Page) =>
  page.evaluate(async () => (await (await fetch('/bundleseal-release.json')).json()).id as string);

/** Has the browser prepare a page, and waits until it has asked for it. */
const prepare = (page: Page, how: 'prefetch' | 'prerender') =>
  page.evaluate(async (name) => {
    const rules = document.createElement('script');
    rules.type = 'speculationrules';
    const urls = [`/${name}-${Math.random()}`];
    rules.textContent = JSON.stringify({ [name]: [{ urls, eagerness: 'immediate' }] });
    document.head.append(rules);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return urls[0] as string;
  }, how);

describe('a browser', { timeout: TIMEOUT }, () => {
  it('gives a page of the back button the files of the release that it ran before', async () => {
    const { site, page } = await install();
    await page.goto(`${site.origin}/again`);
    const first = await idOf(page);
    await page.evaluate(() => {
      addEventListener('pageshow', ({ persisted }) => {
        document.title = persisted ? 'kept' : 'loaded';
      });
    });
    await site.publish(builds[1] as string, '2.0.0');
    const other = await page.context().newPage();
    await other.goto(site.origin);
    await expectOffer(other);
    await page.goto(`${site.origin}/next`);
    await expectVersion(page, 'version 2');
    await expectConfirmed(page);
    expect(await idOf(page)).not.toBe(first);
    // The worker compares its list of pages with that of the browser, which does not have the first page.
    await other.reload();
    await page.evaluate(() => setTimeout(() => history.back()));
    await expect.poll(() => page.title().catch(() => '')).toBe('kept');
    expect(await idOf(page)).toBe(first);
    await page.context().close();
  });

  it('gives a page that it has prepared the files of one release', async () => {
    const { site, page } = await install();
    for (const how of ['prefetch', 'prerender'] as const) await prepare(page, how);
    await site.publish(builds[1] as string, '2.0.0');
    await page.reload();
    await expectOffer(page);
    await page.reload();
    await expectVersion(page, 'version 2');
    await expectConfirmed(page);
    for (const how of ['prefetch', 'prerender'] as const) {
      const address = await prepare(page, how);
      // The browser takes what it has prepared only if the page itself goes there.
      await page.evaluate((to) => {
        setTimeout(() => location.assign(to));
      }, address);
      await page.waitForURL(`**${address}`);
      await expectVersion(page, 'version 2');
      expect(await idOf(page), how).toBe((await stateOf(page))['running']);
    }
    await page.context().close();
  });
});
