// @ts-check Time and CPU time of the commands that seal and open a folder, and of the tools for the same job. Also the
// least time in which two threads could zip in memory. docs/decisions/command-time.md explains the figures.

import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { zipBundle } from '../dist/zip.js';
import { hasBash, timed } from './cpu-time.js';
import { startDeflating } from './deflate-alone.js';
import { mustAgree } from './format.js';
import { APP, filesIn, MB, makeApp, nameOf, SMALL_APP } from './job-app.js';
import { commandsFor, createKey, withoutCertificates } from './job-commands.js';
import { UNZIP } from './job-stages.js';
import { age, createClear } from './job-tools.js';
import { inTemporaryDirectory } from './temporary.js';
import { interleave, summarize } from './timing.js';

/** @typedef {ReturnType<typeof import('./report.js').createReport>} Report */
/** @typedef {import('./job-app.js').App} App */
/** @typedef {() => ReturnType<typeof timed>} Job */

/** @param {Report} report @param {{ quick: boolean }} settings */
export async function measureCpu(report, { quick }) {
  report.begin('cpu', 'Whole processes, in turn: their time, and the CPU time of all of them');
  await inTemporaryDirectory(async (directory) => {
    const apps = quick ? [SMALL_APP] : [SMALL_APP, APP];
    await withoutCertificates(async () => {
      if (!hasBash()) return report.skip('cpu: bash, which measures the CPU time, is missing');
      createKey(directory);
      for (const wanted of apps) {
        const app = makeApp(join(directory, 'app'), wanted);
        await measureCommands(report, directory, app, quick ? 3 : 15);
        rmSync(app.folder, { recursive: true });
      }
    });
    await measureZip(report, makeApp(join(directory, 'app'), quick ? SMALL_APP : APP), quick);
  });
}

/** @param {Report} report @param {string} directory @param {App} app @param {number} rounds */
async function measureCommands(report, directory, app, rounds) {
  const { clear, remove } = createClear(directory, { keep: true });
  const node = (/** @type {string[]} */ args) => timed([process.execPath, ...args], directory);
  const tools = age(report, directory, clear, (script, cwd) => timed(['sh', '-ec', script], cwd));
  const { seal, open } = commandsFor(app.folder);
  const into = (/** @type {string[]} */ args) => {
    clear(join(directory, 'out'));
    return node(args);
  };
  const sealing = { 'bundle encrypt': () => node(seal), ...tools?.sealing };
  await compare(report, `folder to sealed file, ${nameOf(app)}`, sealing, { app, rounds });
  const opening = {
    'bundle decrypt --extract': () => into(open),
    ...tools?.opening,
    ...(tools && {
      'bench/job-unzip.cjs, a program that only unzips': () => into([UNZIP, 'a.zip', 'out']),
    }),
    'node -e 0, an empty program': () => node(['-e', '0']),
  };
  await compare(report, `sealed file to folder, ${nameOf(app)}`, opening, { app, rounds });
  clear(join(directory, 'out'));
  remove();
}

/**
 * @param {Report} report @param {string} what @param {Record<string, Job>} jobs - The first one is ours.
 * @param {{ app: App, rounds: number }} options
 */
async function compare(report, what, jobs, { app, rounds }) {
  /** @type {Record<string, number[]>} */
  const used = Object.fromEntries(Object.keys(jobs).map((name) => [name, []]));
  const contenders = Object.entries(jobs).map(([name, job]) => [
    name,
    () => {
      const { ms, cpu } = job();
      used[name]?.push(cpu);
      return ms;
    },
  ]);
  const times = await interleave(Object.fromEntries(contenders), { rounds, ownClock: true });
  // Without those of the round that only warms the caches.
  const cpu = Object.entries(used).map(([name, list]) => [name, summarize(list.slice(-rounds))]);
  report.compare(`time, ${what}`, times, { bytes: app.size });
  report.compare(`CPU time, ${what}`, Object.fromEntries(cpu), { bytes: app.size });
}

/** @param {Report} report @param {App} app @param {boolean} quick */
async function measureZip(report, { folder, size }, quick) {
  if (availableParallelism() < 2) return report.skip('cpu: zipping with two threads, one core');
  const files = filesIn(folder);
  const one = await startDeflating(Object.values(files), 1);
  const two = await startDeflating(Object.values(files), 2);
  const [alone, shared] = [await one.run(), await two.run()];
  mustAgree(alone.pieces === shared.pieces, 'two threads deflate other pieces than one thread');
  mustAgree(alone.bytes === shared.bytes, 'two threads make other bytes than one thread');
  const FFLATE = 'fflate, level 6';
  const TWO = 'two threads that only deflate';
  const ONE = 'one thread that only deflates';
  const { [FFLATE]: peer, ...ours } = await interleave(
    {
      zipBundle: () => zipBundle(files),
      [TWO]: two.run,
      [ONE]: one.run,
      [FFLATE]: () => zipSync(files, { level: 6 }),
    },
    { rounds: quick ? 3 : 9 },
  );
  await Promise.all([one.end(), two.end()]);
  const what = `zip in memory, ${Math.round(size / MB)} MB, ${alone.pieces} pieces`;
  for (const [name, timing] of Object.entries(ours)) {
    const timings = { ours: timing, [FFLATE]: /** @type {typeof timing} */ (peer) };
    report.compare(`${what}, ${name}`, timings, { bytes: size });
  }
}
