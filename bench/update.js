// @ts-check Measures how long a start takes beyond reading the state, and how much memory a patch takes on a device.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keygen } from '../dist/index.js';
import { folderStore } from '../dist/node.js';
import { createPatch } from '../dist/release.js';
import { memoryBuiltIn } from '../dist/update.js';
import { hasBrowser, withPage } from './browser.js';
import { mustAgree } from './format.js';
import { filesOf, imageOf, PAIRS } from './pairs.js';
import { TARGETS } from './targets.js';
import { inTemporaryDirectory } from './temporary.js';
import { median } from './timing.js';
import { measureStart, publish } from './update-world.js';

const MIB = 2 ** 20;
const CHILD = fileURLToPath(new URL('update-child.js', import.meta.url));
const PATCHED = 'node-red editor';

/** @typedef {ReturnType<typeof import('./report.js').createReport>} Report */

/** @param {Report} report @param {{ effort: number }} settings */
export async function measureUpdate(report, { effort }) {
  const pair = await keygen();
  const rounds = Math.ceil(30 * effort);
  report.begin('update', 'Starting an installed release of 1,000 files, and the memory of a patch');
  await inTemporaryDirectory(async (directory) => {
    const open = () => folderStore(join(directory, 'device'));
    reportStart(
      report,
      'folderStore, Node',
      await measureStart(open, pair, rounds),
      TARGETS.startNodeMs,
    );
    await measureMemory(report, directory, pair, Math.ceil(3 * effort));
  });
  if (!hasBrowser(report)) return;
  await withPage('update-page.js', async (inPage, version) => {
    for (const store of ['opfsStore', 'cacheStore']) {
      const timings = await inPage('measureStart', { store, pair, rounds });
      reportStart(report, `${store}, Chromium ${version}`, timings, TARGETS.startChromiumMs);
    }
  });
}

/** @param {Report} report @param {string} what @param {Record<string, import('./timing.js').Timing>} timings @param {import('./targets.js').Target} target */
function reportStart(report, what, timings, target) {
  const { start, state } = /** @type {Record<'start' | 'state', import('./timing.js').Timing>} */ (
    timings
  );
  const beyond = start.times.map((time, i) => time - /** @type {number} */ (state.times[i]));
  report.value(`start beyond reading the state: ${what}`, median(beyond), 'ms', {
    target,
    min: Math.min(...beyond),
    details: timings,
  });
}

/** @param {Report} report @param {string} directory @param {Awaited<ReturnType<typeof keygen>>} pair @param {number} runs */
async function measureMemory(report, directory, pair, runs) {
  const [npm, folder, older, newer] = PAIRS[PATCHED];
  const [from, to] = [filesOf(npm, folder, older), filesOf(npm, folder, newer)];
  const patch = await createPatch(from, to, {
    privateKey: pair.privateKey,
    appId: 'com.example.app',
  });
  const builtIn = await memoryBuiltIn(from, { createdAt: '2026-01-01T00:00:00Z' });
  const build = { ...from, 'bundleseal-release.json': await builtIn.readStamp() };
  for (const [path, bytes] of Object.entries(build)) {
    const place = join(directory, 'build', path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, bytes);
  }
  for (const [path, bytes] of await publish(to, pair, [patch])) {
    writeFileSync(join(directory, basename(path)), bytes);
  }
  writeFileSync(join(directory, 'public.pem'), pair.publicKey);
  const beyond = Array.from({ length: runs }, () => {
    const child = [process.execPath, '--expose-gc', CHILD, directory];
    const answer = execFileSync(/** @type {string} */ (child[0]), child.slice(1), {
      encoding: 'utf8',
    });
    const { beyond: bytes, way } = JSON.parse(answer);
    mustAgree(way === 'patch', `the device took another way: ${way}`);
    return bytes - imageOf(from).length - imageOf(to).length;
  });
  report.value(
    `memory of a patch beyond both images (${PATCHED} ${older} to ${newer})`,
    median(beyond) / MIB,
    'MiB',
    { target: TARGETS.updatePatchMiB, details: { beyond } },
  );
}
