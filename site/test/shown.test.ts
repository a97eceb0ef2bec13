// The built pages in Chromium, on a phone and on a laptop, light and dark: nothing overflows or overlaps, axe finds
// nothing serious, and no page asks for anything once it is loaded.

import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  graveOf,
  KINDS,
  PATIENCE,
  SCREENSHOTS,
  type Shown,
  searchFor,
  show,
  WIDTHS,
} from './built.ts';

// Axe runs where the answer can differ: colours by the theme, the menu by the width.
const VIEWS = [
  { width: 'phone', theme: 'light', axe: true },
  { width: 'laptop', theme: 'light', axe: false },
  { width: 'laptop', theme: 'dark', axe: true },
] as const;

let shown: Shown;
let context: BrowserContext;
beforeAll(async () => {
  shown = await show();
  context = await shown.browser.newContext({ reducedMotion: 'reduce' });
  context.setDefaultTimeout(PATIENCE);
});
afterAll(() => shown[Symbol.asyncDispose]());

describe.each(KINDS)('%s', (kind, path) => {
  let page: Page;
  const said: string[] = [];
  beforeAll(async () => {
    page = await context.newPage();
    page.on('pageerror', (error) => said.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') said.push(message.text());
    });
    await page.goto(`${shown.origin}${path}`, { waitUntil: 'networkidle' });
  });
  afterAll(() => page.close());

  describe.each(VIEWS)('on a $width, $theme', ({ width, theme, axe }) => {
    beforeAll(async () => {
      await page.setViewportSize({ width: WIDTHS[width], height: 900 });
      await page.emulateMedia({ colorScheme: theme });
      await page.waitForFunction(
        (isDark) => document.documentElement.classList.contains('dark') === isDark,
        theme === 'dark',
      );
      await page.screenshot({ path: join(SCREENSHOTS, `${kind}-${width}-${theme}.png`) });
    });

    it('fits the width, and nothing lies over its neighbour', async () => {
      expect(await page.evaluate(overflows)).toEqual([]);
      expect(await page.evaluate(overlaps)).toEqual([]);
    });

    if (axe) {
      it('has nothing that axe calls serious or critical', async () => {
        expect(await graveOf(page)).toEqual([]);
      });
    }
  });

  it('reports no error', () => {
    // The status of a page that is meant to be missing, and what the theme then asks for, which the policy forbids.
    const isMeant = (text: string) => kind === 'missing-page' && /404|hashmap\.json/.test(text);
    expect(said.filter((text) => !isMeant(text))).toEqual([]);
  });
});

describe('the search and the choice of a theme', () => {
  let page: Page;
  const said: string[] = [];
  beforeAll(async () => {
    page = await context.newPage();
    await page.setViewportSize({ width: WIDTHS.laptop, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });
    page.on('console', (message) => {
      if (message.type() === 'error') said.push(message.text());
    });
    await page.goto(`${shown.origin}/`, { waitUntil: 'networkidle' });
  });
  afterAll(() => page.close());

  it('find a page by a word in it and open it, with the policy in force', async () => {
    await searchFor(page, 'ERR_CHUNK_INVALID');
    await expect.poll(() => page.locator('.vp-doc').textContent()).toContain('ERR_CHUNK_INVALID');
    expect(said).toEqual([]);
  });

  it('turns the page dark, and keeps it so', async () => {
    const isDark = () => page.evaluate(() => document.documentElement.classList.contains('dark'));
    expect(await isDark()).toBe(false);
    await page.getByRole('switch', { name: 'Switch to dark theme' }).click();
    await expect.poll(isDark).toBe(true);
    await page.reload({ waitUntil: 'networkidle' });
    expect(await isDark()).toBe(true);
  });
});

describe('the parts that stay in view', () => {
  let page: Page;
  beforeAll(async () => {
    page = await context.newPage();
    await page.setViewportSize({ width: WIDTHS.laptop, height: 900 });
  });
  afterAll(() => page.close());

  it.each(['/', '/comparison.html'])(
    'are the navigation bar across the top of %s',
    async (path) => {
      await page.goto(`${shown.origin}${path}`, { waitUntil: 'networkidle' });
      expect(await page.locator('.VPNavBar').boundingBox()).toMatchObject({ x: 0, y: 0 });
      const { width } = (await page.locator('.VPNavBar').boundingBox()) as { width: number };
      expect(width).toBeGreaterThan(WIDTHS.laptop - 20);
    },
  );

  it('are the names of the rows when the columns of a wide table scroll', async () => {
    const table = page.locator('.vp-doc table').first();
    const name = table.locator('tbody tr').first().locator('td').first();
    const before = await name.boundingBox();
    await table.evaluate((element) => element.scrollTo({ left: 10_000, behavior: 'instant' }));
    expect(await table.evaluate(({ scrollLeft }) => scrollLeft)).toBeGreaterThan(100);
    expect(Math.abs(((await name.boundingBox())?.x ?? -99) - (before?.x ?? 99))).toBeLessThan(2);
  });
});

/** Elements that reach beyond the width of the page, unless a container scrolls or cuts them. */
function overflows(): string[] {
  const width = document.documentElement.clientWidth;
  const found: string[] = [];
  if (document.documentElement.scrollWidth > width)
    found.push(`the page is ${document.documentElement.scrollWidth} wide`);
  for (const element of document.querySelectorAll('body *')) {
    const { right, width: own, height } = element.getBoundingClientRect();
    if (own === 0 || height === 0 || right <= width + 1) continue;
    let isHeld = false;
    for (
      let outer: Element | null = element;
      outer !== null && !isHeld;
      outer = outer.parentElement
    ) {
      const { overflowX, position, visibility } = getComputedStyle(outer);
      // What slides in from the side, like the menu of a phone, is fixed there.
      isHeld =
        ['auto', 'scroll', 'hidden', 'clip'].includes(overflowX) ||
        position === 'fixed' ||
        visibility === 'hidden';
    }
    if (!isHeld) found.push(`${element.tagName} ${element.className} reaches ${Math.round(right)}`);
  }
  return found;
}

/** Blocks of the content and parts of the page, in pairs that lie over one another. */
function overlaps(): string[] {
  const shownParts = (selector: string) =>
    [...document.querySelectorAll(selector)].filter((element) => {
      const { width, height } = element.getBoundingClientRect();
      return width > 0 && height > 0 && getComputedStyle(element).visibility !== 'hidden';
    });
  const groups = [
    shownParts('.VPSidebar, .VPDoc .content-container, .VPDoc .aside'),
    // The blocks of a page, one after the other.
    shownParts('.VPHero .main, .VPFeatures .item, .VPHome .home'),
    ...shownParts('.vp-doc > div, .playground').map((parent) =>
      [...parent.children].filter((child) => {
        const { width, height } = child.getBoundingClientRect();
        const { position, float } = getComputedStyle(child);
        return (
          width > 0 &&
          height > 0 &&
          position !== 'absolute' &&
          position !== 'fixed' &&
          float === 'none'
        );
      }),
    ),
  ];
  const found: string[] = [];
  const name = (element: Element) =>
    `${element.tagName}.${element.className} "${element.textContent?.slice(0, 30)}"`;
  for (const group of groups) {
    const boxes = group.map((element) => ({ element, box: element.getBoundingClientRect() }));
    for (const [i, a] of boxes.entries()) {
      for (const b of boxes.slice(i + 1)) {
        const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        const isMenu = a.element.classList.contains('VPSidebar') && a.box.right <= 0;
        if (across > 1 && down > 1 && !isMenu)
          found.push(`${name(a.element)} and ${name(b.element)}`);
      }
    }
  }
  return found;
}
