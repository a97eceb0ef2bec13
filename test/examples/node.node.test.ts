// examples/node: the server as a process of its own, a browser that shows its page, and a static store.

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { publishRelease, stampRelease } from '../../src/node.ts';
import { closePages, openBrowser } from '../support/browser.ts';
import { bundleExample } from '../support/bundle-example.ts';
import { freePort } from '../support/free-port.ts';
import { expectVersion } from '../support/pwa.ts';
import { serveStore } from '../support/store-server.ts';
import { keyB } from '../support/vectors.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLE = join(ROOT, 'examples/node');
const HOUR = 3_600_000;
const TIMEOUT = 300_000;

let browser: Browser;
const folders: string[] = [];
/** What the servers of a test wrote to standard error. */
let told = '';
const processes: ChildProcess[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bundleseal-kiosk-'));
  folders.push(folder);
  return folder;
}

beforeAll(async () => {
  browser = await openBrowser();
}, TIMEOUT);

afterEach(async () => {
  told = '';
  for (const process of processes.splice(0)) await stop(process);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

afterAll(closePages);

async function stop(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const gone = new Promise((resolve) => process.once('exit', resolve));
  process.kill('SIGKILL');
  await gone;
}

/** The example as its user has it, bundled with the sources of this library. */
async function makeApp(): Promise<string> {
  const app = newFolder();
  cpSync(join(EXAMPLE, 'public'), join(app, 'public'), { recursive: true });
  await stampRelease(join(app, 'public'), { now: Date.now() - HOUR });
  await bundleExample('node', 'server.js', join(app, 'server.mjs'), (code) =>
    code.replace('60_000', 'Number(process.env.CONFIRM_TIMEOUT)'),
  );
  return app;
}

let published = 0;

/** Returns the id of the release. */
async function publish(store: string, version: string, isBroken = false): Promise<string> {
  const folder = newFolder();
  cpSync(join(EXAMPLE, 'public'), folder, { recursive: true });
  const script = join(folder, 'app.js');
  const code = readFileSync(script, 'utf8').replace('version 1', `version ${version}`);
  writeFileSync(script, isBroken ? `throw new Error('broken');${code}` : code);
  published += 1;
  const { release } = await publishRelease(folder, {
    store,
    channel: 'production',
    appId: 'com.example.app',
    privateKey: keyB.pkcs8,
    version: `${version}.0.0`,
    builtIn: [join(EXAMPLE, 'public')],
    now: Date.now() - HOUR + 60_000 * published,
  });
  return release.id;
}

/** Starts the server, and waits until it serves this release if one is named. */
async function start(
  app: string,
  updates: string,
  { release, confirmTimeout = 60_000 }: { release?: string; confirmTimeout?: number } = {},
): Promise<string> {
  const port = await freePort();
  const child = spawn(process.execPath, ['server.mjs'], {
    cwd: app,
    env: {
      ...process.env,
      UPDATES: updates,
      PORT: String(port),
      CONFIRM_TIMEOUT: String(confirmTimeout),
    },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  child.stderr.on('data', (said) => {
    told += said;
    process.stderr.write(said);
  });
  processes.push(child);
  const url = `http://127.0.0.1:${port}/`;
  const served = async () => (await (await fetch(`${url}bundleseal-release.json`)).json()).id;
  await expect.poll(served).toEqual(release ?? expect.any(String));
  return url;
}

const stateOf = (app: string): { running: string; trial?: object; blocked: readonly object[] } => ({
  blocked: [],
  ...JSON.parse(readFileSync(join(app, 'releases/state.json'), 'utf8')),
});

describe('the example of a server', { timeout: TIMEOUT }, () => {
  it('shows a release, leaves a broken one without a restart, and takes the next one', async () => {
    const app = await makeApp();
    const store = newFolder();
    const { url: updates } = await serveStore(store);
    const page = await browser.newPage();

    await page.goto(await start(app, updates));
    await expectVersion(page, 'version 1');

    const second = await publish(store, '2');
    await page.goto(await start(app, updates, { release: second }));
    await expectVersion(page, 'version 2');
    await expect.poll(() => stateOf(app).trial).toBeUndefined();
    const { running } = stateOf(app);

    const broken = await publish(store, '3', true);
    const failure = page.waitForEvent('pageerror', { timeout: 60_000 });
    // Long enough for the page to load, and shorter than the minute of the example.
    const url = await start(app, updates, { release: broken, confirmTimeout: 10_000 });
    await page.goto(url);
    expect((await failure).message).toBe('broken');
    await expect.poll(() => stateOf(app).blocked.length).toBe(1);
    expect(stateOf(app).running).toBe(running);
    await expect.poll(() => told).toContain(`release ${broken} failed: back to ${second}`);
    // Nobody reloads the page of a kiosk.
    await expectVersion(page, 'version 2');

    const fourth = await publish(store, '4');
    await page.goto(await start(app, updates, { release: fourth }));
    await expectVersion(page, 'version 4');
    await expect.poll(() => stateOf(app).trial).toBeUndefined();
    await page.close();
  });

  it('says what is wrong with the address of the store, answers a bad request and keeps serving', async () => {
    const app = await makeApp();
    const { url: updates } = await serveStore(newFolder());
    const url = await start(app, updates);
    await expect.poll(() => told).toContain('publish a release to it, or correct the address');
    // Without an icon in the page, a browser asks for /favicon.ico and logs the 404.
    expect(await (await fetch(url)).text()).toContain('<link rel="icon" href="data:,"');
    expect((await fetch(`${url}missing.js`)).status).toBe(404);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(404);
    expect((await fetch(`${url}%ff`)).status).toBe(404);
    expect((await fetch(`${url}works`, { method: 'POST', body: 'no id' })).status).toBe(200);
    expect((await fetch(`${url}some/route`, { headers: { accept: 'text/html' } })).status).toBe(
      200,
    );
  });
});
