// What the tests of examples/pwa look at in a page.

import type { Page } from 'playwright';
import { expect } from 'vitest';

/** Long: the machines that run the tests are busy. */
const WAIT = { timeout: 60_000 };

export async function expectVersion(page: Page, version: string): Promise<void> {
  await page.getByText(version, { exact: true }).waitFor(WAIT);
}

/** Waits until the page says that a new release is there. */
export async function expectOffer(page: Page): Promise<void> {
  await page.getByRole('button').waitFor(WAIT);
}

/** What the device remembers; nothing before its first start. */
export async function stateOf(page: Page): Promise<Record<string, unknown>> {
  return page.evaluate(async () => {
    const cache = await caches.open('bundleseal');
    const number = ({ url }: Request) => Number(url.split('/').at(-1));
    const states = (await cache.keys())
      .filter(({ url }) => url.startsWith('https://bundleseal.invalid/state/'))
      .sort((a, b) => number(b) - number(a));
    const [last] = states;
    const state = last === undefined ? undefined : await cache.match(last);
    // Behind the SHA-256 of the text.
    const text = (await (await state?.blob())?.slice(32).text()) ?? '{}';
    return JSON.parse(text) as Record<string, unknown>;
  });
}

export async function expectState(
  page: Page,
  holds: (state: Record<string, unknown>) => boolean,
): Promise<void> {
  await expect.poll(async () => holds(await stateOf(page)), WAIT).toBe(true);
}

export async function expectConfirmed(page: Page): Promise<void> {
  await expectState(page, ({ running, trial }) => running !== undefined && trial === undefined);
}
