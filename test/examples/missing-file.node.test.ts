// A website in Chromium whose web server lacks a file of the stamp, so that the browser cannot install the service worker.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closePages, openBrowser } from '../support/browser.ts';
import { buildInitSite } from '../support/init-site.ts';
import { buildExample, openSite } from '../support/site.ts';

const TIMEOUT = 300_000;
let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
}, TIMEOUT);

afterAll(async () => {
  await closePages();
});

const SHOWN = "document.querySelector('#root').textContent = 'version 1';";

describe.each([
  ['examples/pwa', () => buildExample('pwa', { name: 'version 1' })],
  ['init', () => buildInitSite(SHOWN)],
])('the page of %s', { timeout: TIMEOUT }, (_, build) => {
  it('says that the service worker was not installed, and the worker names the file', async () => {
    const folder = await build();
    writeFileSync(join(folder, '.nojekyll'), 'a');
    const site = await openSite(folder);
    // The web server got no hidden files.
    rmSync(join(folder, '.nojekyll'));
    const context = await browser.newContext();
    try {
      const said: string[] = [];
      context.on('console', (message) => said.push(message.text()));
      const page = await context.newPage();
      await page.goto(site.origin);
      await expect
        .poll(() => said.join('\n'), { timeout: 60_000 })
        .toMatch(
          /The browser did not install the service worker\. Often the web server lacks a file/,
        );
      await expect
        .poll(() => said.join('\n'), { timeout: 60_000 })
        .toMatch(
          /service worker was not installed: .*the build has no "\.nojekyll": the server answered 404/,
        );
    } finally {
      await context.close();
      site.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
