// Reads the state of a page for the tests of examples/pwa.

import type { Page } from 'playwright';
import { expect, vi } from 'vitest';

/** The timeout is long, because the machines that run the tests are busy. */
const WAIT = { timeout: 60_000 };

export async function expectVersion(page: Page, version: string): Promise<void> {
  await page.getByText(version, { exact: true }).waitFor(WAIT);
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
