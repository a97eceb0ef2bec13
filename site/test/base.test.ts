// The site below a folder of its host, as SITE_BASE builds it: each link, file, the search and the playground stay in it.

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lookup } from 'mrmime';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM_ARGUMENTS, CHROMIUM_PATH } from '../../test/support/chromium.js';
import { PATIENCE, pages, SITE, searchFor } from './built.ts';
import { brokenLinks, fileOf, isElsewhere, type PageFile, pagesOf, readPage } from './links.ts';

const BASE = '/docs/bundleseal/';
/** For a build on a machine that does other work, in milliseconds. */
const BUILD_PATIENCE = 1_800_000;

let folder: string;
let all: ReadonlyMap<string, PageFile>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-site-base-'));
  await promisify(execFile)(
    process.execPath,
    [join(SITE, 'node_modules/vitepress/bin/vitepress.js'), 'build', '--outDir', folder],
    { cwd: SITE, env: { ...process.env, SITE_BASE: BASE, NODE_ENV: 'production' } },
  );
  all = new Map(pagesOf(folder).map((page) => [page, readPage(join(folder, page))]));
}, BUILD_PATIENCE);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the pages of a site below a folder', () => {
  it('are the pages of the site at the top of a host', () => {
    expect([...all.keys()]).toEqual(pages);
  });

  it('link only to pages below the folder, and to anchors that are there', () => {
    const { count, broken } = brokenLinks(folder, all, BASE);
    expect(count).toBeGreaterThan(1000);
    expect(broken).toEqual([]);
  });

  it('load only files below the folder', () => {
    const files = [...all].flatMap(([page, { assets, images }]) =>
      [...assets, ...images.map(({ src }) => src)]
        .filter((link) => !isElsewhere(link))
        .map((link) => ({ page, link, file: fileOf(page, link, BASE) })),
    );
    expect(files.length).toBeGreaterThan(pages.length);
    expect(
      files.filter(({ file }) => file === undefined || !existsSync(join(folder, file))),
    ).toEqual([]);
  });
});

describe('a browser at a site below a folder', () => {
  let browser: Browser;
  let page: Page;
  const missed: string[] = [];
  const said: string[] = [];
  const server = createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const file = join(folder, fileOf('index.html', pathname, BASE) ?? 'nothing');
    if (!pathname.startsWith(BASE) || !existsSync(file)) {
      missed.push(pathname);
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': lookup(file) ?? 'application/octet-stream' });
    response.end(readFileSync(file));
  });

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, resolve));
    browser = await chromium.launch({ executablePath: CHROMIUM_PATH, args: CHROMIUM_ARGUMENTS });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(PATIENCE);
    page.on('pageerror', (error) => said.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') said.push(message.text());
    });
    const { port } = server.address() as AddressInfo;
    await page.goto(`http://localhost:${port}${BASE}`, { waitUntil: 'networkidle' });
  });
  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('finds a page by the search and opens it', async () => {
    await searchFor(page, 'ERR_CHUNK_INVALID');
    await expect.poll(() => page.locator('.vp-doc').textContent()).toContain('ERR_CHUNK_INVALID');
    expect(new URL(page.url()).pathname.startsWith(BASE)).toBe(true);
  });

  it('comes to the playground by the menu, seals there, and links to the errors', async () => {
    await page.locator('.VPNavBarMenu').getByRole('link', { name: 'Playground' }).click();
    await page.getByRole('button', { name: 'Use a sample app' }).click();
    await page.getByRole('button', { name: 'Make a key pair' }).click();
    await page.getByRole('button', { name: 'Seal the build' }).click();
    await page.getByRole('button', { name: 'Flip a bit of magic', exact: true }).click();
    const link = page.getByRole('link', { name: 'ERR_HEADER_INVALID' });
    expect(await link.getAttribute('href')).toBe(`${BASE}errors.html`);
    await page.getByRole('button', { name: "Use the sample's second build" }).click();
    await page.locator('[data-way="patch"]').waitFor();
  });

  it('asks for nothing outside the folder, and reports no error', () => {
    expect(missed).toEqual([]);
    expect(said).toEqual([]);
  });
});
