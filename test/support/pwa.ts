// Reads the state of a page for the tests of examples/pwa.

import type { Page } from 'playwright';
import { expect, vi } from 'vitest';
import type { Site } from './site.ts';

/** The timeout is long, because the machines that run the tests are busy. */
const WAIT = { timeout: 60_000 };

/** Waits until the page shows a version. A failure tells what the page shows instead. */
export async function expectVersion(page: Page, version: string): Promise<void> {
  try {
    await page.getByText(version, { exact: true }).waitFor(WAIT);
  } catch (cause) {
    const shown = await page.locator('body').textContent({ timeout: 5000 }).catch(String);
    throw new Error(`${page.url()} shows "${shown?.trim()}", not "${version}"`, { cause });
  }
}

/** Waits until the page offers a new release. */
export async function expectOffer(page: Page): Promise<void> {
  await page.getByRole('button').waitFor(WAIT);
}

/** The last state that a store wrote, in Cache Storage or in the origin private file system. Empty before the first start. */
export async function stateOf(page: Page): Promise<Record<string, unknown>> {
  return page.evaluate(async () => {
    const sorted = (names: string[]) =>
      names.map((name) => Number(name.split('/').at(-1))).sort((a, b) => b - a);
    const fromCache = async () => {
      const cache = await caches.open('bundleseal');
      const base = 'https://bundleseal.invalid/state/';
      const urls = (await cache.keys()).map(({ url }) => url);
      const [last] = sorted(urls.filter((url) => url.startsWith(base)));
      return last === undefined ? undefined : (await cache.match(`${base}${last}`))?.blob();
    };
    const fromFiles = async () => {
      const root = await navigator.storage.getDirectory();
      const folder = await (await root.getDirectoryHandle('bundleseal')).getDirectoryHandle(
        'state',
      );
      const names: string[] = [];
      const listed = folder as unknown as { keys(): AsyncIterable<string> };
      for await (const name of listed.keys()) names.push(name);
      for (const name of sorted(names)) {
        const file = await (await folder.getFileHandle(`${name}`)).getFile();
        // A file that is being written is empty until it is whole.
        if (file.size > 0) return file;
      }
      return undefined;
    };
    const isCached = await caches.has('bundleseal');
    const state = await (isCached ? fromCache() : fromFiles().catch(() => undefined));
    // The text follows its SHA-256.
    const text = (await state?.slice(32).text()) ?? '{}';
    return JSON.parse(text) as Record<string, unknown>;
  });
}

export async function expectState(
  page: Page,
  holds: (state: Record<string, unknown>) => boolean,
): Promise<void> {
  // `expect.poll` throws in a concurrent test as soon as another one of its file has ended.
  await vi.waitFor(async () => expect(holds(await stateOf(page))).toBe(true), WAIT);
}

export async function expectConfirmed(page: Page): Promise<void> {
  await expectState(page, ({ running, trial }) => running !== undefined && trial === undefined);
}

/** Opens a site for the first time, and waits until its worker is installed and the page has looked for an update. */
export async function install(site: Site, page: Page): Promise<void> {
  await page.goto(site.origin);
  await expectVersion(page, 'version 1');
  await page.evaluate(() => navigator.serviceWorker.ready);
  await expectState(page, (state) => state['lastCheck'] !== undefined);
}
