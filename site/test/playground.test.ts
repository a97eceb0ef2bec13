// The playground, used as a person uses it, in Chromium.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decryptBundle, inspectBundle } from '../../src/index.ts';
import { unzipBundle } from '../../src/zip.ts';
import { graveOf, PATIENCE, SCREENSHOTS, type Shown, show } from './built.ts';

/** A build of an app. The second one renames the large file and changes a line in it. */
function app(version: number): Record<string, string> {
  const lines = Array.from(
    { length: 3000 },
    (_, i) => `export const value${i} = ${(i * 7919) % 10007};`,
  );
  lines[1500] = `export const version = ${version};`;
  return {
    'index.html': `<script type="module" src="assets/app-${version}.js"></script>\n`,
    [`assets/app-${version}.js`]: `${lines.join('\n')}\n`,
    'assets/style.css': 'main { color: red }\n',
  };
}

let shown: Shown;
let page: Page;
let folder: string;
const requests: string[] = [];
const said: string[] = [];
const part = (heading: string): Locator =>
  page
    .getByRole('region', { name: heading })
    .or(page.locator(`section:has(h2:has-text("${heading}"))`))
    .first();

/** Drags a file or a folder from the desktop over a part of the page, as Chromium gets it from the window system. */
async function drag(target: Locator, name: string, types: readonly DragType[]): Promise<void> {
  await target.scrollIntoViewIfNeeded();
  const box = await target.boundingBox();
  if (box === null) throw new Error('the target of the drag is not shown');
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [join(folder, name)], dragOperationsMask: 1 };
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  for (const type of types) await session.send('Input.dispatchDragEvent', { type, x, y, data });
  await session.detach();
}
type DragType = 'dragEnter' | 'dragOver' | 'drop';
const drop = (name: string, target = part('1. Take').locator('.picker')): Promise<void> =>
  drag(target, name, ['dragEnter', 'dragOver', 'drop']);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-site-'));
  for (const version of [1, 2]) {
    for (const [path, text] of Object.entries(app(version))) {
      mkdirSync(join(folder, `build-${version}`, 'assets'), { recursive: true });
      writeFileSync(join(folder, `build-${version}`, path), text);
    }
  }
  const zip = zipSync(
    Object.fromEntries(Object.entries(app(2)).map(([path, text]) => [path, Buffer.from(text)])),
  );
  writeFileSync(join(folder, 'build-2.zip'), zip);
  shown = await show();
  page = await shown.browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(PATIENCE);
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') said.push(message.text());
  });
  await page.goto(`${shown.origin}/playground.html`, { waitUntil: 'networkidle' });
  page.on('request', (request) => requests.push(request.url()));
});
afterAll(async () => {
  await shown[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** Whether an element can be seen without scrolling, and nothing lies over it. */
const isInView = (selector: string) =>
  page.evaluate((each) => {
    const element = document.querySelector(each) as HTMLElement;
    const { left, top, width, height } = element.getBoundingClientRect();
    const seen = document.elementFromPoint(left + width / 2, top + height / 2);
    return seen !== null && element.contains(seen);
  }, selector);

// In this order: a person goes from one step to the next.
describe('the playground', () => {
  it('takes the folder of a build', async () => {
    await part('1. Take').getByLabel('Choose a folder').setInputFiles(join(folder, 'build-1'));
    await expect.poll(() => page.locator('[data-files]').textContent()).toContain('3 files');
  });

  it('makes keys and seals, and what it saves is opened outside', async () => {
    await page.getByRole('button', { name: 'Make a key pair' }).click();
    await page.locator('[data-key-id]').waitFor();
    await page.getByRole('button', { name: 'Seal the build' }).click();
    await page.locator('[data-sealed]').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Save the sealed bundle' }).click(),
    ]);
    const sealed = new Uint8Array(readFileSync(await download.path()));
    const keyId = await page.locator('[data-key-id]').textContent();
    expect(inspectBundle(sealed).keyId).toBe(keyId);
    await page.getByText('The public key, which goes').click();
    const publicKey = (await page.getByRole('region', { name: 'Public key' }).textContent()) ?? '';
    const files = await unzipBundle(await decryptBundle(sealed, { publicKey }));
    const texts = [...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]);
    expect(Object.fromEntries(texts)).toEqual(app(1));
  });

  it('shows no private key', async () => {
    expect(await page.content()).not.toContain('PRIVATE KEY');
  });

  it('explains a field under the pointer and under the keyboard', async () => {
    const explained = () => page.locator('.explained').textContent();
    await page.getByRole('button', { name: 'key id, byte 24' }).hover();
    await expect.poll(explained).toContain('SHA-256 of the public key');
    await page.getByRole('button', { name: 'magic, byte 0' }).focus();
    await expect.poll(explained).toContain('magic');
    await page.keyboard.press('ArrowDown');
    await expect.poll(explained).toContain('The length of the plain bundle');
    // Only one of the bytes is in the order of the Tab key.
    expect(await page.locator('.byte[tabindex="0"]').count()).toBe(1);
  });

  it.each([
    ['magic', 'ERR_HEADER_INVALID'],
    ['version', 'ERR_VERSION_UNSUPPORTED'],
    ['key id', 'ERR_KEY_MISMATCH'],
    ['metadata', 'ERR_SEAL_INVALID'],
    ['digest of chunk 0', 'ERR_SEAL_INVALID'],
    ['signature', 'ERR_SEAL_INVALID'],
    ['ciphertext of chunk 0', 'ERR_CHUNK_INVALID'],
    ['tag of chunk 0', 'ERR_CHUNK_INVALID'],
  ])('says which check catches a flipped bit of the %s', async (field, code) => {
    await page.getByRole('button', { name: `Flip a bit of ${field}`, exact: true }).click();
    await page.locator('[data-code]').waitFor();
    expect(await page.locator('[data-code]').textContent()).toBe(code);
    expect((await page.locator('[data-message]').textContent())?.length).toBeGreaterThan(20);
    expect(await page.locator('.explained strong').textContent()).toBe(field);
    // Where the bytes are, and where the bundle is opened.
    expect(await isInView('[data-code]')).toBe(true);
    expect(await page.locator('[data-refused]').textContent()).toContain(`Refused with ${code}`);
    await page.getByRole('button', { name: 'Undo all changes' }).click();
    await expect.poll(() => page.locator('.verdict').textContent()).toContain('Nothing is altered');
  });

  it('keeps the explanation of a byte in view, also on a phone', async () => {
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 844 });
      for (const field of ['magic', 'metadata', 'signature', 'tag of chunk 0']) {
        await page
          .getByRole('button', { name: new RegExp(`^${field}, byte`) })
          .last()
          .hover();
        const explained = page.locator('.explained strong');
        await expect.poll(() => explained.textContent()).toBe(field);
        await expect
          .poll(() => isInView('.explained strong'), {
            timeout: 20_000,
            message: `${field} at ${width}`,
          })
          .toBe(true);
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('flips a single byte that is clicked, and back', async () => {
    const byte = page.getByRole('button', { name: /^size, byte 23/ });
    const before = await byte.textContent();
    await byte.click();
    await page.locator('[data-code]').waitFor();
    expect(await byte.textContent()).not.toBe(before);
    await byte.click();
    await expect.poll(() => page.locator('.verdict').textContent()).toContain('Opened');
    expect(await byte.textContent()).toBe(before);
  });

  it('opens the bundle and shows its files', async () => {
    await page.getByRole('button', { name: 'Open with the public key' }).click();
    await page.getByRole('button', { name: 'assets/style.css' }).click();
    expect(
      await page.getByRole('region', { name: 'Content of assets/style.css' }).textContent(),
    ).toBe(app(1)['assets/style.css']);
  });

  it('makes a patch to a zip with the second build, smaller than the other ways', async () => {
    await part('6. Update').getByLabel('Choose a zip').setInputFiles(join(folder, 'build-2.zip'));
    await page.locator('[data-way="patch"]').waitFor();
    const bytes = async (way: string) =>
      Number(await page.locator(`[data-way="${way}"]`).getAttribute('data-bytes'));
    const [full, files, patch] = [await bytes('full'), await bytes('files'), await bytes('patch')];
    expect(patch).toBeLessThan(files);
    expect(files).toBeLessThan(full);
    const origins = (await page.locator('.origins').textContent()) ?? '';
    expect(origins).toMatch(/assets\/app-2\.js.*% of it is in assets\/app-1\.js/);
    expect(origins).toMatch(/assets\/style\.css\s*\d+\s*unchanged/);
  });

  it('has nothing that axe calls serious or critical, with everything shown', async () => {
    expect(await graveOf(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await graveOf(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('fits the width of a phone, with everything shown', async () => {
    const path = (width: string) => join(SCREENSHOTS, `playground-used-${width}.png`);
    await page.screenshot({ path: path('laptop'), fullPage: true });
    await page.setViewportSize({ width: 390, height: 900 });
    await page.screenshot({ path: path('phone'), fullPage: true });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('goes the same way with its sample', async () => {
    await page.getByRole('button', { name: 'Use a sample app' }).click();
    await expect.poll(() => page.locator('[data-files]').textContent()).toContain('5 files');
    await page.getByRole('button', { name: 'Seal the build' }).click();
    await page.locator('[data-sealed]').waitFor();
    await page.getByRole('button', { name: 'Open with the public key' }).click();
    await page.getByRole('button', { name: 'logo.svg' }).click();
    await page.getByRole('img', { name: 'logo.svg' }).waitFor();
    await page.getByRole('button', { name: "Use the sample's second build" }).click();
    await page.locator('[data-way="patch"]').waitFor();
    expect(await page.locator('.origins').textContent()).toContain(
      'the same bytes as assets/vendor-a1b2c3.js',
    );
  });

  it('tells a wrong file from a build: a file that is no zip, and a folder without files', async () => {
    const alert = () => page.getByRole('alert').textContent();
    writeFileSync(join(folder, 'broken.zip'), 'no zip');
    writeFileSync(join(folder, 'notes.txt'), 'no zip either');
    mkdirSync(join(folder, 'empty'));
    const zip = part('1. Take').getByLabel('Choose a zip');
    await zip.setInputFiles(join(folder, 'broken.zip'));
    await expect.poll(alert).toMatch(/^broken\.zip: .+ not a zip/);
    writeFileSync(join(folder, 'nothing.zip'), zipSync({}));
    await zip.setInputFiles(join(folder, 'nothing.zip'));
    await expect.poll(alert).toContain('There is no file in it');
    await zip.setInputFiles(join(folder, 'notes.txt'));
    await expect.poll(alert).toContain('notes.txt is not a zip. Choose the folder of a build');
    await drop('empty');
    await expect.poll(alert).toContain('There is no file in it');
    // What was there before is there still.
    expect(await page.locator('[data-files]').textContent()).toContain('5 files');
  });

  it.each([
    ['a folder', 'build-1'],
    ['a zip', 'build-2.zip'],
  ])('takes %s that is dropped on the box', async (_, name) => {
    await drop(name);
    await expect.poll(() => page.locator('[data-files]').textContent()).toContain('3 files');
    expect(await page.getByRole('alert').count()).toBe(0);
    await page.getByRole('button', { name: 'Seal the build' }).click();
    await page.locator('[data-sealed]').waitFor();
    await page.getByRole('button', { name: 'Open with the public key' }).click();
    await page.getByRole('button', { name: 'assets/style.css' }).waitFor();
    await page.getByRole('button', { name: 'Use a sample app' }).click();
    await expect.poll(() => page.locator('[data-files]').textContent()).toContain('5 files');
  });

  it('takes a folder that is dropped as the second build', async () => {
    await drop('build-1');
    await expect.poll(() => page.locator('[data-files]').textContent()).toContain('3 files');
    await page.getByRole('button', { name: 'Seal the build' }).click();
    await page.locator('[data-sealed]').waitFor();
    await drop('build-2', part('6. Update').locator('.picker'));
    await page.locator('[data-way="patch"]').waitFor();
    expect(await page.locator('.origins').textContent()).toContain('assets/app-2.js');
  });

  it('shows the box under a drag, and stays when a file is dropped beside it', async () => {
    const picker = part('1. Take').locator('.picker');
    await drag(picker, 'build-2.zip', ['dragEnter', 'dragOver']);
    expect(await picker.getAttribute('class')).toContain('over');
    await drag(page.locator('#step-keys'), 'build-2.zip', ['dragOver', 'drop']);
    await expect.poll(() => picker.getAttribute('class')).not.toContain('over');
    expect(new URL(page.url()).pathname).toBe('/playground.html');
    expect(await page.locator('[data-sealed]').count()).toBe(1);
  });

  it('shows a progress bar that only grows, from the beginning of the work to its end', async () => {
    const large = join(folder, 'large');
    mkdirSync(large);
    // Incompressible, so that the seal has many chunks.
    let state = 1;
    for (const k of [0, 1, 2, 3]) {
      const words = Uint32Array.from({ length: 2 ** 19 }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
      });
      writeFileSync(join(large, `${k}.bin`), words);
    }
    await drop('large');
    await expect.poll(() => page.locator('[data-files]').textContent()).toContain('4 files');
    await page.evaluate(() => {
      const seen: number[] = [];
      Object.assign(window, { seen });
      new MutationObserver(() => {
        const bar = document.querySelector<HTMLProgressElement>('.playground progress');
        if (bar !== null) seen.push(bar.value);
      }).observe(document.querySelector('.playground .status') as Element, {
        ...{ childList: true, subtree: true, attributes: true },
      });
    });
    await page.getByRole('button', { name: 'Seal the build' }).click();
    await page.locator('[data-sealed]').waitFor();
    const seen = await page.evaluate(() => (window as unknown as { seen: number[] }).seen);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(new Set(seen).size).toBeGreaterThan(5);
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(1);
    await expect.poll(() => page.locator('.playground progress').count()).toBe(0);
  });

  it('is used with the keyboard alone', async () => {
    await page.reload({ waitUntil: 'networkidle' });
    requests.length = 0;
    const focused = () =>
      page.evaluate(() => {
        const { activeElement } = document;
        const label = activeElement?.closest('label') ?? activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(label as Element);
        const isOutlined = outlineStyle !== 'none' && outlineWidth !== '0px';
        return `${label?.textContent?.trim()}${isOutlined ? '' : ' (no outline)'}`;
      });
    /** Presses Tab until the control has the focus. */
    const tabTo = async (name: string) => {
      for (let i = 0; i < 60 && (await focused()) !== name; i++) await page.keyboard.press('Tab');
      expect(await focused()).toBe(name);
    };
    await page.locator('#step-files').evaluate((heading) => {
      heading.tabIndex = -1;
      (heading as HTMLElement).focus();
    });
    await tabTo('Use a sample app');
    await page.keyboard.press('Enter');
    await page.locator('[data-files]').waitFor();
    // The inputs of files can be reached, and show it.
    await tabTo('Choose a folder');
    await tabTo('Choose a zip');
    await tabTo('Make a key pair');
    await page.keyboard.press('Space');
    await page.locator('[data-key-id]').waitFor();
    await tabTo('Seal the build');
    await page.keyboard.press('Enter');
    await page.locator('[data-sealed]').waitFor();
    await tabTo('Flip a bit of magic');
    await page.keyboard.press('Enter');
    await page.locator('[data-code]').waitFor();
    expect(await page.locator('[data-code]').textContent()).toBe('ERR_HEADER_INVALID');
    await tabTo('Flip a bit of version');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    // The one byte in the order of the Tab key.
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.byte.flipped').count()).toBe(2);
    await tabTo('Open with the public key');
  });

  it('moves nothing for those who want less motion', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const moving = await page.evaluate(() =>
      [...document.querySelectorAll('.playground, .playground *')]
        .filter((element) => {
          const { animationName, animationDuration, transitionDuration } =
            getComputedStyle(element);
          const lasts = (text: string) =>
            text.split(',').some((each) => Number.parseFloat(each) > 0.01);
          return (
            (animationName !== 'none' && lasts(animationDuration)) || lasts(transitionDuration)
          );
        })
        .map(({ outerHTML }) => outerHTML.slice(0, 80)),
    );
    expect(moving).toEqual([]);
  });

  it('has asked for nothing since it was loaded', async () => {
    expect(requests.filter((url) => !url.startsWith('blob:') && !url.startsWith('data:'))).toEqual(
      [],
    );
    expect(said).toEqual([]);
    // The policy is enforced: a request that the page makes is refused.
    const answer = await page.evaluate(() =>
      fetch('/logo.svg').then(
        () => 'answered',
        () => 'refused',
      ),
    );
    expect(answer).toBe('refused');
  });
});
