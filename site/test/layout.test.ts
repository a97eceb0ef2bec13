// The layout of pages on a phone and on a laptop against a stored one: where the parts of each kind of page are across,
// and screenshots of the pages that only the site has. A change that is meant: SITE_UPDATE=1 npm run test:site

import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM_ARGUMENTS, CHROMIUM_PATH } from '../../test/support/chromium.js';
import { KINDS, PATIENCE, SCREENSHOTS, type Shown, show, WIDTHS } from './built.ts';
import {
  boxesOf,
  compareShot,
  differences,
  differing,
  isUpdate,
  STEADY_ARGUMENTS,
  steady,
  storedBoxes,
} from './layout.ts';

/** Their content is the site's own, so that a change of it is rare. */
const SHOT = ['home', 'playground', 'missing-page'];
/** Of the pixels. Edges of letters and curves differ between versions of Chromium. */
const TOLERANCE = 0.0004;

let shown: Shown;
let browser: Browser;
beforeAll(async () => {
  shown = await show();
  browser = await chromium.launch({
    executablePath: CHROMIUM_PATH,
    args: [...CHROMIUM_ARGUMENTS, ...STEADY_ARGUMENTS],
  });
});
afterAll(async () => {
  await browser.close();
  await shown[Symbol.asyncDispose]();
});

async function open(path: string, width: keyof typeof WIDTHS): Promise<Page> {
  const page = await browser.newPage({
    viewport: { width: WIDTHS[width], height: 900 },
    reducedMotion: 'reduce',
    // For the font, which the policy of the site forbids.
    bypassCSP: true,
  });
  page.setDefaultTimeout(PATIENCE);
  await page.goto(`${shown.origin}${path}`, { waitUntil: 'networkidle' });
  return page;
}

const shoot = (page: Page, name: string) =>
  page.screenshot({ path: join(SCREENSHOTS, `${name}-blocks.png`), fullPage: true });

describe.each(Object.keys(WIDTHS) as (keyof typeof WIDTHS)[])('the layout on a %s', (width) => {
  it.each(KINDS)('of %s is the stored one', async (kind, path) => {
    const page = await open(path, width);
    await steady(page);
    const name = `${kind}-${width}`;
    const boxes = await page.evaluate(boxesOf);
    expect(Object.keys(boxes).length).toBeGreaterThan(kind === 'missing-page' ? 1 : 3);
    expect(differences(storedBoxes(name, boxes), boxes)).toEqual([]);
    if (SHOT.includes(kind)) {
      const share = compareShot(name, await shoot(page, name));
      expect(share, `see ${name}-difference.png in ${SCREENSHOTS}`).toBeLessThan(TOLERANCE);
    }
    await page.close();
  });

  it('of the playground in use is the stored one', async () => {
    const page = await open('/playground.html', width);
    await page.getByRole('button', { name: 'Use a sample app' }).click();
    await page.getByRole('button', { name: 'Make a key pair' }).click();
    await page.getByRole('button', { name: 'Seal the build' }).click();
    await page.getByRole('button', { name: 'Open with the public key' }).click();
    await page.locator('.playground .browser').waitFor();
    await page.getByRole('button', { name: "Use the sample's second build" }).click();
    await page.locator('[data-way="patch"]').waitFor();
    await steady(page);
    const name = `playground-used-${width}`;
    const boxes = await page.evaluate(boxesOf);
    expect(differences(storedBoxes(name, boxes), boxes)).toEqual([]);
    const share = compareShot(name, await shoot(page, name));
    expect(share, `see ${name}-difference.png in ${SCREENSHOTS}`).toBeLessThan(TOLERANCE);
    await page.close();
  });
});

describe.skipIf(isUpdate)('the comparison', () => {
  it.each([
    ['cards that are half as wide', '/', '.VPFeatures .item { width: 50% !important }'],
    ['a column that is moved', '/format.html', '.VPDoc .content-container { margin-left: 9px }'],
    ['a sidebar that is gone', '/format.html', '.VPSidebar { display: none !important }'],
  ])('finds %s by the boxes', async (_, path, style) => {
    const page = await open(path, 'laptop');
    await steady(page);
    await page.addStyleTag({ content: style });
    const [kind] = KINDS.find(([, each]) => each === path) as (typeof KINDS)[number];
    const boxes = await page.evaluate(boxesOf);
    expect(differences(storedBoxes(`${kind}-laptop`, boxes), boxes)).not.toEqual([]);
    await page.close();
  });

  it.each([
    ['a line that is pushed down', '.VPHero .text { position: relative; top: 24px }'],
    ['a card that is gone', '.VPFeatures .item:last-child { visibility: hidden }'],
    ['a heading that is larger', '.home h2 { font-size: 40px }'],
  ])('finds %s by the pixels', async (_, style) => {
    const page = await open('/', 'laptop');
    await steady(page);
    await page.addStyleTag({ content: style });
    const shot = await page.screenshot({ fullPage: true });
    expect(compareShot('home-laptop', shot)).toBeGreaterThan(TOLERANCE);
    await page.close();
  });

  it('counts what only one of two screenshots has', () => {
    const [small, large] = [10, 20].map((height) => new PNG({ width: 10, height, fill: true }));
    expect(differing(small as PNG, small as PNG)).toBe(0);
    (large as PNG).data.fill(255);
    // Corners may count as edges.
    expect(differing(small as PNG, large as PNG)).toBeGreaterThan(0.8);
  });
});
