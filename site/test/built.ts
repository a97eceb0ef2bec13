// The built site: its pages, and a browser that shows them.

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';
import { serve } from 'vitepress';
import { CHROMIUM_ARGUMENTS, CHROMIUM_PATH } from '../../test/support/chromium.js';
import { pagesOf } from './links.ts';

export const SITE: string = fileURLToPath(new URL('..', import.meta.url));
export const DIST: string = join(SITE, 'dist');

/** Paths in dist/ of every page. */
export const pages: readonly string[] = pagesOf(DIST);

export const htmlOf = (page: string): string => readFileSync(join(DIST, page), 'utf8');

/** Where pictures of the pages are left, for people to look at. */
export const SCREENSHOTS: string =
  process.env['SITE_SCREENSHOTS'] ?? join(SITE, 'test/screenshots');
mkdirSync(SCREENSHOTS, { recursive: true });

/** One of each kind of page. */
export const KINDS = [
  ['home', '/'],
  ['guide', '/guides/first-bundle.html'],
  ['table', '/comparison.html'],
  ['pictures', '/peers.html'],
  ['bytes', '/format.html'],
  ['reference', '/api/'],
  ['entry', '/api/bundleseal/node/'],
  ['function', '/api/bundleseal/functions/encryptBundle.html'],
  ['interface', '/api/bundleseal/update/interfaces/UpdaterOptions.html'],
  ['playground', '/playground.html'],
  ['missing-page', '/no-such-page.html'],
] as const;
export const WIDTHS = { phone: 390, laptop: 1280 } as const;

/** How long a test waits for the browser, on a machine that does other work. */
export const PATIENCE = 300_000;

export interface Shown extends AsyncDisposable {
  readonly browser: Browser;
  readonly origin: string;
}

/** Serves dist/ and starts Chromium. */
export async function show(): Promise<Shown> {
  const app = await serve({ root: SITE, port: 0 });
  const { server } = app as unknown as { server: import('node:http').Server };
  const address = server.address() as import('node:net').AddressInfo;
  const browser = await chromium.launch({
    executablePath: CHROMIUM_PATH,
    args: CHROMIUM_ARGUMENTS,
  });
  return {
    browser,
    origin: `http://localhost:${address.port}`,
    async [Symbol.asyncDispose]() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What axe calls serious or critical in a page. */
export async function graveOf(page: Page): Promise<string[]> {
  // Legacy: without a second page of the browser for the result.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);
}

/** Searches the site for a word as a reader does, and opens the first result. */
export async function searchFor(page: Page, word: string): Promise<void> {
  await page.getByRole('button', { name: 'Search' }).click();
  await page.locator('#localsearch-input').fill(word);
  await page.locator('.VPLocalSearchBox .result').first().waitFor();
  await page.keyboard.press('Enter');
}
