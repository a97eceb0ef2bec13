// Reads the state of a page for the tests of examples/pwa.

import type { Page } from 'playwright';
import { expect } from 'vitest';

/** The timeout is long, because the machines that run the tests are busy. */
const WAIT = { timeout: 60_000 };

export async function expectVersion(page: Page, version: string): Promise<void> {
  await page.getByText(version, { exact: true }).waitFor(WAIT);
}

/** Waits until the page offers a new release. */
export async function expectOffer(page: Page): Promise<void> {
  await page.getByRole('button').waitFor(WAIT);
}

/** Returns the stored state of the device. It is empty before the first start. */
export async function stateOf(page: Page): Promise<Record<string, unknown>> {
  return page.evaluate(async () => {
    const cache = await caches.open('bundleseal');
    const number = ({ url }: Request) => Number(url.split('/').at(-1));
    const states = (await cache.keys())
      .filter(({ url }) => url.startsWith('https://bundleseal.invalid/state/'))
      .sort((a, b) => number(b) - number(a));
    const [last] = states;
    const state = last === undefined ? undefined : await cache.match(last);
    // The text follows its SHA-256.
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
