// Plays releases of a website that `init` has set up, on a device in Chromium.

import type { Browser, Page } from 'playwright';
import { expect } from 'vitest';
import { expectConfirmed, expectOffer, expectState, expectVersion, stateOf } from './pwa.ts';
import { openSite } from './site.ts';

/** A page of a website that `init` has set up, on a device that runs the first release, which shows "version 1". */
export interface Device {
  readonly page: Page;
  /** Publishes a build, and has the device activate it. The page loads it next. */
  take(build: string): Promise<string>;
  close(): Promise<void>;
}

export async function openDevice(browser: Browser, first: string): Promise<Device> {
  const site = await openSite(first);
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(site.origin);
  await expectVersion(page, 'version 1');
  await page.evaluate(() => navigator.serviceWorker.ready);
  await expectState(page, (state) => state['lastCheck'] !== undefined);
  let version = 1;
  return {
    page,
    async take(build) {
      version += 1;
      const { release } = await site.publish(build, `${version}.0.0`);
      await page.reload();
      await expectOffer(page);
      return release.id;
    },
    async close() {
      await context.close();
      site.close();
    },
  };
}

/** Runs `play` on a device of its own. */
export async function withDevice(
  browser: Browser,
  first: string,
  play: (device: Device) => Promise<void>,
): Promise<void> {
  const device = await openDevice(browser, first);
  try {
    await play(device);
  } finally {
    await device.close();
  }
}

function countLoads(page: Page): () => number {
  let loads = 0;
  page.on('request', (request) => {
    if (request.isNavigationRequest()) loads += 1;
  });
  return () => loads;
}

/** Expects that the device starts the release three times, and then runs the first one again. */
export async function expectLeft({ page, take }: Device, build: string): Promise<void> {
  const id = await take(build);
  const loads = countLoads(page);
  await page.reload();
  await expectVersion(page, 'version 1');
  expect(loads()).toBe(4);
  const { blocked } = await stateOf(page);
  expect((blocked as readonly object[]).at(-1)).toMatchObject({ id });
}

/**
 * Expects that the device goes back to the first release after a visitor has loaded the page three times, and that the console
 * says at each load that it does not confirm the release.
 */
export async function expectLeftByVisitor({ page, take }: Device, build: string): Promise<void> {
  const id = await take(build);
  for (let load = 1; load <= 3; load += 1) {
    const said = page.waitForEvent('console', (message) =>
      message.text().startsWith('This start does not confirm the new release'),
    );
    await page.reload();
    await said;
  }
  await page.reload();
  await expectVersion(page, 'version 1');
  expect((await stateOf(page))['blocked']).toMatchObject([{ id }]);
}

/**
 * Expects that the device confirms the release, and that the page stays as it is when it is loaded again and throws.
 *
 * @param text - What the page shows before it throws, which it does if the local storage has the item `fault`.
 */
export async function expectUntouched(
  { page, take }: Device,
  build: string,
  text: string,
): Promise<void> {
  const id = await take(build);
  await page.reload();
  await expectConfirmed(page);
  expect((await stateOf(page))['running']).toBe(id);
  await page.evaluate(() => localStorage.setItem('fault', 'yes'));
  const loads = countLoads(page);
  const thrown = page.waitForEvent('pageerror');
  await page.reload();
  await thrown;
  // A page on trial loads itself again after half a second.
  await page.waitForTimeout(2000);
  expect(loads()).toBe(1);
  expect(await page.evaluate(() => document.querySelector('#root')?.textContent)).toBe(text);
  await page.evaluate(() => localStorage.removeItem('fault'));
}

/** Expects that the device confirms the release at its first start. */
export async function expectKept({ page, take }: Device, build: string): Promise<void> {
  const id = await take(build);
  const loads = countLoads(page);
  await page.reload();
  await expectState(page, ({ running, trial }) => running === id && trial === undefined);
  const { blocked } = await stateOf(page);
  expect(blocked).not.toContainEqual(expect.objectContaining({ id }));
  expect(loads()).toBe(1);
}
