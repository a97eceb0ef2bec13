// Chromium is killed at random moments while examples/pwa updates itself. The next start runs a whole release.

import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright';
import { afterEach, expect, it } from 'vitest';
import { killChromium, startChromium } from '../support/chromium-process.ts';
import { expectConfirmed, expectOffer, expectVersion, stateOf } from '../support/pwa.ts';
import { buildExample, openSite, type Site } from '../support/site.ts';

/** By the store of the app. */
const KILLS = { cacheStore: 50, opfsStore: 20 } as const;

let first: string;
let site: Site;
let profile: string;
const processes = new Set<ChildProcess>();

async function install(store: keyof typeof KILLS): Promise<void> {
  const version = { name: 'version 1', ...(store === 'opfsStore' && { store }) };
  first = await buildExample('pwa', version);
  site = await openSite(first);
  profile = mkdtempSync(join(tmpdir(), 'bundleseal-profile-'));
}

afterEach(async () => {
  for (const process of processes) await kill(process);
  site?.close();
  for (const folder of [first, profile]) rmSync(folder, { recursive: true, force: true });
});

/** The releases that the store has, in whole or in part. */
const storedIn = (page: Page, store: keyof typeof KILLS): Promise<string[]> =>
  page.evaluate(async (name) => {
    if (name === 'cacheStore') {
      return (await caches.keys()).filter((key) => key.startsWith('bundleseal '));
    }
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('bundleseal');
    const releases = await root.getDirectoryHandle('releases');
    const names: string[] = [];
    const listed = releases as unknown as { keys(): AsyncIterable<string> };
    for await (const key of listed.keys()) names.push(key);
    return names;
  }, store);

/** The next build: its script shows another version. */
async function publish(n: number): Promise<void> {
  const build = mkdtempSync(join(tmpdir(), 'bundleseal-build-'));
  try {
    cpSync(first, build, { recursive: true });
    const texts = readdirSync(join(build, 'assets'))
      .map((name) => join(build, 'assets', name))
      .map((path) => ({ path, text: readFileSync(path, 'utf8') }))
      .filter(({ text }) => text.includes('version 1'));
    expect(texts).toHaveLength(1);
    for (const { path, text } of texts) {
      writeFileSync(path, text.replace('version 1', `version ${n}`));
    }
    await site.publish(build, `${n}.0.0`);
  } finally {
    rmSync(build, { recursive: true, force: true });
  }
}

interface Running {
  readonly process: ChildProcess;
  readonly page: Page;
}

async function launch(): Promise<Running> {
  const process = startChromium(profile, '--remote-debugging-port=0', 'about:blank');
  processes.add(process);
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    process.stderr?.on('data', (piece) => {
      said += piece;
      const found = /DevTools listening on (ws:\S+)/.exec(said);
      if (found?.[1] !== undefined) resolve(found[1]);
    });
    process.on('exit', () => reject(new Error(`Chromium ended: ${said}`)));
  });
  const browser = await chromium.connectOverCDP(url);
  const [context] = browser.contexts();
  if (context === undefined) throw new Error('Chromium has no profile');
  return { process, page: await context.newPage() };
}

async function kill(process: ChildProcess): Promise<void> {
  processes.delete(process);
  await killChromium(process);
}

/** Takes the newest release and confirms it. */
async function update(page: Page, version: string): Promise<void> {
  await page.goto(site.origin);
  const offer = expectOffer(page);
  // Where the release runs already, there is no offer.
  offer.catch(() => {});
  await Promise.race([offer, expectVersion(page, version)]);
  await page.reload();
  await expectVersion(page, version);
  await expectConfirmed(page);
}

const shown = async (page: Page): Promise<number> => {
  await page.getByText(/^version \d+$/).waitFor({ timeout: 60_000 });
  return Number((await page.locator('main').textContent())?.replace('version ', ''));
};

it.each(Object.entries(KILLS) as [keyof typeof KILLS, number][])(
  'a website with %s starts a whole release after each of %d kills',
  async (store, kills) => {
    await install(store);
    const begun = await launch();
    await begun.page.goto(site.origin);
    await expectVersion(begun.page, 'version 1');
    await expectConfirmed(begun.page);
    await publish(2);
    const before = performance.now();
    await update(begun.page, 'version 2');
    const duration = performance.now() - before;
    await kill(begun.process);

    const moments: string[] = [];
    for (let n = 3; n < 3 + kills; n++) {
      await publish(n);
      const doomed = await launch();
      const work = update(doomed.page, `version ${n}`).catch(() => {});
      const delay = Math.random() * duration;
      await new Promise((resolve) => setTimeout(resolve, delay));
      await kill(doomed.process);
      await work;

      const next = await launch();
      await next.page.goto(site.origin);
      const version = await shown(next.page);
      // The release before was confirmed. The new one runs if the kill came after its activation.
      const seen = JSON.stringify(await stateOf(next.page));
      expect([n - 1, n], `after a kill at ${delay} ms, with ${seen}`).toContain(version);
      await expectConfirmed(next.page);
      const { blocked } = await stateOf(next.page);
      expect(blocked).toEqual([]);
      await update(next.page, `version ${n}`);
      const stored = await storedIn(next.page, store);
      // The running release, the previous one, the built-in one, and one that a kill left incomplete.
      expect(stored.length).toBeLessThanOrEqual(5);
      moments.push(`${Math.round(delay)} ms: version ${version}`);
      await kill(next.process);
    }
    console.log(`one update takes ${Math.round(duration)} ms; kills at\n${moments.join('\n')}`);
  },
  300_000 + KILLS.cacheStore * 60_000,
);
