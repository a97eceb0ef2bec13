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
    const state = await cache.match('https://bundleseal.invalid/state');
    return ((await state?.json()) ?? {}) as Record<string, unknown>;
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
