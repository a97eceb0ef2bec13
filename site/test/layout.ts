// Pages in a state that is the same on every machine: text in a font of blocks, each letter the same, and no picture.
// What is left is the layout, which is compared with a stored one.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pixelmatch from 'pixelmatch';
import type { Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { SCREENSHOTS, SITE } from './built.ts';

const REFERENCE = fileURLToPath(new URL('reference', import.meta.url));
const FONT = readFileSync(
  join(SITE, 'node_modules/@fontsource/flow-block/files/flow-block-latin-400-normal.woff2'),
);

/** `SITE_UPDATE=1 npm run test:site` writes the references anew. */
export const isUpdate: boolean = process.env['SITE_UPDATE'] === '1';

/** For Chromium: text has the same width whatever the fonts and the settings of the machine are. */
export const STEADY_ARGUMENTS: readonly string[] = [
  '--font-render-hinting=none',
  '--disable-lcd-text',
  '--force-color-profile=srgb',
  '--force-device-scale-factor=1',
];

// Widths and heights in `ch` and `ex` come from the font as well.
const STYLE = `
@font-face { font-family: Blocks; src: url(data:font/woff2;base64,${FONT.toString('base64')}); }
*, ::before, ::after {
  font-family: Blocks !important;
  animation: none !important;
  transition: none !important;
  caret-color: transparent !important;
}
/* Charts are drawn anew with each benchmark, and may get another height. */
img { height: 240px !important; opacity: 0 !important; }
progress { visibility: hidden !important; }
`;

/** Makes the page the same on every machine. Scripts of the page must have no more to do. */
export async function steady(page: Page): Promise<void> {
  await page.addStyleTag({ content: STYLE });
  await page.evaluate(async () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      node.nodeValue = (node.nodeValue ?? '').replace(/\S/gu, 'x');
    }
    await document.fonts.load('16px Blocks');
    await document.fonts.ready;
    scrollTo(0, 0);
  });
}

/** Parts of a page: the left and the right edge of each in CSS pixels, as `336-960 1024-1248`. */
export type Boxes = Record<string, string>;

/** Where the parts of a page begin and end across. Text changes how high they are, not how wide. */
export function boxesOf(): Boxes {
  const PARTS = [
    '.VPNavBar',
    '.VPLocalNav',
    '.VPSidebar',
    '.VPContent',
    '.VPDoc .content-container',
    '.VPDoc .aside-container',
    '.VPHero .container',
    '.VPFeatures .item',
    '.home',
    '.vp-doc > div > h1',
    '.vp-doc > div > p',
    '.vp-doc > div > ul',
    '.vp-doc > div > table',
    '.vp-doc > div > div[class*="language-"]',
    '.playground section',
    '.playground .picker',
    '.playground .grid',
    '.playground .browser > *',
    '.VPDocFooter .pager',
    '.NotFound',
  ];
  const boxes: Record<string, string> = {};
  for (const part of PARTS) {
    const found = [...document.querySelectorAll(part)]
      .filter((element) => {
        const { width, height } = element.getBoundingClientRect();
        return width > 0 && height > 0 && getComputedStyle(element).visibility !== 'hidden';
      })
      .map((element) => element.getBoundingClientRect())
      .sort((a, b) => a.left - b.left || a.right - b.right)
      .map(({ left, right }) => `${Math.round(left)}-${Math.round(right)}`);
    // How many blocks a page has is its content. Where they can be is the layout.
    if (found.length > 0) boxes[part] = [...new Set(found)].join(' ');
  }
  return boxes;
}

/** The stored layout of a view. */
export function storedBoxes(name: string, now: Boxes): Boxes {
  const file = join(REFERENCE, 'boxes.json');
  const all = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  if (isUpdate) {
    all[name] = now;
    const sorted = Object.fromEntries(Object.entries(all).sort());
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(sorted, undefined, 2)}\n`);
  }
  return all[name] ?? {};
}

const edgesOf = (text = '') =>
  [...text.matchAll(/(-?\d+)-(-?\d+)/g)].flatMap(([, left, right]) => [
    Number(left),
    Number(right),
  ]);

/** What differs by more than two pixels, and parts of the page, but not of its text, that only one of the two has. */
export function differences(before: Boxes, now: Boxes): string[] {
  const found: string[] = [];
  for (const part of new Set([...Object.keys(before), ...Object.keys(now)])) {
    // A page may lose its last table, and get its first list.
    if (part.startsWith('.vp-doc') && !(part in before && part in now)) continue;
    const [old, fresh] = [edgesOf(before[part]), edgesOf(now[part])];
    const isSame =
      old.length === fresh.length &&
      old.every((edge, i) => Math.abs(edge - (fresh[i] as number)) <= 2);
    if (!isSame)
      found.push(`${part}: ${before[part] ?? 'missing'} is now ${now[part] ?? 'missing'}`);
  }
  return found;
}

/** The share of pixels of a screenshot that differ from the stored one. A difference is left as a picture. */
export function compareShot(name: string, shot: Buffer): number {
  const file = join(REFERENCE, `${name}.png`);
  if (isUpdate) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, PNG.sync.write(PNG.sync.read(shot), { colorType: 2, deflateLevel: 9 }));
  }
  if (!existsSync(file)) throw new Error(`there is no reference ${name}: SITE_UPDATE=1 writes it`);
  const [before, now] = [PNG.sync.read(readFileSync(file)), PNG.sync.read(shot)];
  return differing(before, now, join(SCREENSHOTS, `${name}-difference.png`));
}

/** Pixels that only one of the two has count as different. */
export function differing(before: PNG, now: PNG, pictureOf?: string): number {
  const width = Math.max(before.width, now.width);
  const height = Math.max(before.height, now.height);
  const [a, b] = [before, now].map((png) => {
    const whole = new PNG({ width, height, fill: true });
    PNG.bitblt(png, whole, 0, 0, png.width, png.height, 0, 0);
    return whole;
  }) as [PNG, PNG];
  const difference = new PNG({ width, height });
  const count = pixelmatch(a.data, b.data, difference.data, width, height, { threshold: 0.2 });
  if (count > 0 && pictureOf !== undefined) writeFileSync(pictureOf, PNG.sync.write(difference));
  return count / (width * height);
}
