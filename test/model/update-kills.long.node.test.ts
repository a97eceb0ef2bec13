// An updater that is killed again and again, at random moments: the next start always runs a whole release.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inlineWorkers } from '../../build/inline-worker.js';
import { folderBuiltIn, folderStore } from '../../src/node.ts';
import { createUpdater } from '../../src/update.ts';
import { BUILDS, buildOf, type Prepared, prepare } from '../support/update-world.ts';
import { keyB } from '../support/vectors.ts';

const KILLS = 300;
// Milliseconds that a whole run of the child takes on this machine, measured at the beginning of the test.
let longest = 1000;

const root = mkdtempSync(join(tmpdir(), 'bundleseal-kills-'));
const releases = join(root, 'releases');
const builtIn = join(root, 'built-in');
const module = join(root, 'update.mjs');
let prepared: Prepared;
let server: Server;
let url: string;
let sequence = 0;

beforeAll(async () => {
  prepared = await prepare();
  const { store } = prepared.publisher;
  server = createServer((request, response) => {
    const bytes = store.get((request.url ?? '').slice(1));
    response.statusCode = bytes === undefined ? 404 : 200;
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  for (const [path, bytes] of Object.entries(buildOf(0))) {
    mkdirSync(dirname(join(builtIn, path)), { recursive: true });
    writeFileSync(join(builtIn, path), bytes);
  }
  writeFileSync(join(builtIn, 'bundleseal-release.json'), await prepared.builtIn.readStamp());
  const src = join(import.meta.dirname, '../../src');
  await build({
    stdin: {
      contents: `export * from '${src}/update.ts'; export { folderStore, folderBuiltIn } from '${src}/node.ts';`,
      resolveDir: src,
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile: module,
    plugins: [inlineWorkers()],
    logLevel: 'error',
  });
}, 120_000);

afterAll(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});

/** What the channel offers is all releases up to this one. */
async function offer(newest: number): Promise<void> {
  sequence += 1;
  const now = Date.now();
  const time = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
  await prepared.publisher.offer(prepared.releases.slice(0, newest).reverse(), {
    sequence,
    issuedAt: time(now),
    expiresAt: time(now + 86_400_000),
  });
}

function launch(rounds: number) {
  const orders = JSON.stringify({ store: url, publicKey: keyB.spki, releases, builtIn, rounds });
  const child = join(import.meta.dirname, '../support/update-child.js');
  const run = spawn(process.execPath, [child, module, orders], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  run.stdout.on('data', (piece) => {
    output += piece;
  });
  run.stderr.on('data', (piece) => {
    errors += piece;
  });
  const begun = new Promise<void>((resolve) => run.stdout.once('data', () => resolve()));
  const ended = new Promise<string>((resolve) => run.on('close', () => resolve(output)));
  return { run, begun, ended, errors: () => errors };
}

/** The start after a kill, in this process. */
async function startAndLook(): Promise<string> {
  const updater = createUpdater({
    store: url,
    channel: 'production',
    appId: 'com.example.app',
    publicKey: keyB.spki,
    releases: folderStore(releases),
    builtIn: folderBuiltIn(builtIn),
  });
  const { id, files } = await updater.start();
  const expected = prepared.filesOf.get(id);
  expect(expected, 'it runs a release that was published or built in').toBeDefined();
  for (const [path, bytes] of Object.entries(expected ?? {})) {
    expect(new Uint8Array(await files.read(path))).toEqual(bytes);
  }
  const { index } = await updater.status();
  expect(index?.sequence ?? 0).toBeGreaterThanOrEqual(highest);
  highest = index?.sequence ?? 0;
  await updater.confirm(id);
  updater.dispose();
  return id;
}
let highest = 0;

describe('an updater that is killed', () => {
  it(`starts a whole release after each of ${KILLS} kills, and gets the newest one in the end`, async () => {
    await offer(1);
    const before = performance.now();
    await launch(2).ended;
    longest = performance.now() - before;
    const seen = new Set<string>();
    for (let kill = 0; kill < KILLS; kill++) {
      if (kill % Math.ceil(KILLS / BUILDS) === 0) {
        await offer(Math.min(BUILDS, 1 + Math.floor((kill * BUILDS) / KILLS)));
        // From the built-in release on again, so that each round has something to install.
        if (kill % 2 === 0) rmSync(releases, { recursive: true, force: true });
        highest = 0;
      }
      const { run, begun, ended } = launch(3);
      await Promise.race([begun, ended]);
      await sleep(Math.random() * longest);
      run.kill('SIGKILL');
      await ended;
      seen.add(await startAndLook());
    }
    await offer(BUILDS);
    const last = await launch(3).ended;
    expect(last).toContain('done');
    expect(await startAndLook()).toBe(prepared.releases[BUILDS - 1]?.entry.id);
    expect(seen.size, 'several releases were run').toBeGreaterThan(2);
    const left = readdirSync(join(releases, 'releases'));
    expect(left.length, 'nothing is left over').toBeLessThanOrEqual(4);
  }, 1_200_000);
});
