// examples/electron in plain Node: its main process with a stand-in for Electron, whose window asks what a page asks.

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleExample } from '../support/bundle-example.ts';
import { buildExample, openSite, type Site } from '../support/site.ts';

const TIMEOUT = 300_000;

/** Loads a page as far as it matters here: a script that does not throw says that it works. */
const ELECTRON = `
  let handler;
  const ask = async (path, init) => handler(new Request('app://example' + path, init));
  export const app = {
    whenReady: async () => {},
    getAppPath: () => process.env.APP,
    getPath: (name) => name === 'userData' ? process.env.DATA : '',
  };
  export const protocol = {
    registerSchemesAsPrivileged() {},
    handle: (scheme, given) => { handler = given; },
  };
  export class BrowserWindow {
    async loadURL(url) {
      const html = await (await ask('/', { headers: { accept: 'text/html' } })).text();
      const [, path] = /src="([^"]+)"/.exec(html);
      const script = await (await ask(path)).text();
      const { id } = await (await ask('/bundleseal-release.json')).json();
      const isBroken = script.includes('this version is broken');
      if (!isBroken) await ask('/works', { method: 'POST', body: id });
      console.log('shows ' + (isBroken ? 'nothing' : /version \\d+/.exec(script)[0]));
    }
  }
`;

const builds: string[] = [];
const processes = new Set<ChildProcess>();
let site: Site;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-electron-'));
  for (const n of [1, 2, 3]) {
    builds.push(await buildExample('electron', { name: `version ${n}`, isBroken: n === 3 }));
  }
  site = await openSite(builds[0] as string);
  cpSync(builds[0] as string, join(folder, 'dist'), { recursive: true });
  await bundleExample('electron', 'main.js', join(folder, 'main.mjs'), undefined, ELECTRON);
}, TIMEOUT);

afterAll(() => {
  for (const process of processes) process.kill('SIGKILL');
  site?.close();
  for (const each of [folder, ...builds]) rmSync(each, { recursive: true, force: true });
});

interface State {
  readonly lastCheck?: { readonly at: number; readonly result: string };
  readonly next?: string;
  readonly running: string;
  readonly trial?: object;
  readonly blocked: readonly object[];
}

const state = (): State =>
  JSON.parse(readFileSync(join(folder, 'data/updates/state.json'), 'utf8'));

/** Whether the app has checked for an update after that moment, and activated the release that it found. */
function hasUpdated({ lastCheck, next }: State, after: number): boolean {
  if (lastCheck === undefined || lastCheck.at < after) return false;
  return !lastCheck.result.startsWith('available') || lastCheck.result.endsWith(` ${next}`);
}

/** Launches the app, waits until it has updated itself, and ends it. Gives what its window showed. */
async function launch(): Promise<string> {
  const before = Date.now();
  const child = spawn(process.execPath, ['main.mjs'], {
    cwd: folder,
    env: {
      ...process.env,
      APP: folder,
      DATA: join(folder, 'data'),
      UPDATES: `${site.origin}/updates/`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  processes.add(child);
  let said = '';
  child.stdout?.on('data', (piece) => {
    said += piece;
  });
  await expect.poll(() => said, { timeout: 60_000 }).toMatch(/^shows .*\n/);
  await expect.poll(() => hasUpdated(state(), before), { timeout: 60_000 }).toBe(true);
  await new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill();
  });
  processes.delete(child);
  return said.replace('shows ', '').trim();
}

it(
  'the example of an Electron app takes a release at the next launch, and leaves a broken one after three',
  async () => {
    expect(await launch()).toBe('version 1');
    await site.publish(builds[1] as string, '2.0.0');
    expect(await launch()).toBe('version 1');
    expect(await launch()).toBe('version 2');
    expect(state().trial).toBeUndefined();
    const { running } = state();

    await site.publish(builds[2] as string, '3.0.0');
    expect(await launch()).toBe('version 2');
    for (let start = 0; start < 3; start++) expect(await launch()).toBe('nothing');
    expect(await launch()).toBe('version 2');
    expect(state()).toMatchObject({ running, blocked: [{}] });
    expect(await launch()).toBe('version 2');
  },
  TIMEOUT,
);
