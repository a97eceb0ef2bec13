// @ts-check Compares the whole job, a folder into a sealed file and back, with other tools, as whole processes. Also
// compares zips in memory with fflate.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { unzipBundle, zipBundle } from '../dist/zip.js';
import { hasBrowser, withPage } from './browser.js';
import { APP, filesIn, MB, makeApp, nameOf, SMALL_APP } from './job-app.js';
import { CLI, commandsFor, createKey, withoutCertificates } from './job-commands.js';
import { measureStages, unzipAlone } from './job-stages.js';
import { createClear, toolsFor } from './job-tools.js';
import { TARGETS } from './targets.js';
import { inTemporaryDirectory, missingSpace } from './temporary.js';
import { interleave, median, speedRatio } from './timing.js';

const PEAK = new URL('peak.js', import.meta.url).href;

const LARGE_APP = { size: 600 * MB, count: 52_895 };
// Apps over this size have no target, and a few rounds take minutes.
const LARGE = 100 * MB;

/** @typedef {ReturnType<typeof import('./report.js').createReport>} Report */
/** @typedef {import('./job-app.js').App} App */

/** @param {Report} report @param {{ quick: boolean }} settings */
export async function measureJob(report, settings) {
  await withoutCertificates(() => measureProcesses(report, settings));
}

/** @param {Report} report @param {{ quick: boolean }} settings */
async function measureProcesses(report, { quick }) {
  const apps = quick ? [SMALL_APP] : [SMALL_APP, APP, LARGE_APP];
  // Each tool keeps its zip, its encrypted file, a second zip and a folder.
  const missing = missingSpace('job', 10 * Math.max(...apps.map(({ size }) => size)));
  if (missing !== undefined) {
    report.skip(missing);
    return;
  }
  report.begin('job', 'A folder into a sealed file and back: whole processes, in turn');
  await inTemporaryDirectory(async (directory) => {
    createKey(directory);
    for (const wanted of apps) {
      const app = makeApp(join(directory, 'app'), wanted);
      const rounds = quick ? 3 : app.size > LARGE ? 2 : 7;
      await measureApp(report, directory, app, rounds);
      rmSync(app.folder, { recursive: true });
    }
    const app = makeApp(join(directory, 'app'), quick ? SMALL_APP : APP);
    await measureMemory(report, app, quick ? 2 : 5);
  });
  await measureStart(report, quick ? 5 : 15);
}

/** @param {Report} report @param {string} directory @param {App} app @param {number} rounds */
async function measureApp(report, directory, app, rounds) {
  const { folder, size } = app;
  const what = nameOf(app);
  const out = join(directory, 'out');
  const { seal, open } = commandsFor(folder);
  const run = (/** @type {string[]} */ args) =>
    execFileSync(process.execPath, args, {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  const isLarge = size > LARGE;
  const { clear: clearFolder, remove } = createClear(directory, { keep: !isLarge });
  const clear = () => clearFolder(out);
  const tools = toolsFor(report, directory, clearFolder);
  const sealing = { ours: () => run(seal), ...tools.sealing };
  const opening = {
    ours: () => {
      clear();
      run(open);
    },
    ...tools.opening,
  };
  const sealed = await interleave(working(report, what, sealing), { rounds, warmUps: 0 });
  const isSmall = size < 10 * MB;
  const sealTarget = isSmall ? TARGETS.smallJobRatio : TARGETS.sealJobRatio;
  report.compare(`folder to sealed file, ${what}`, sealed, {
    bytes: size,
    ...(!isLarge && { target: sealTarget }),
  });
  const zip = join(directory, 'a.zip');
  const limit = existsSync(zip)
    ? {
        [ALONE]: () => {
          clear();
          unzipAlone(directory, zip, out);
        },
      }
    : {};
  const { [ALONE]: alone, ...opened } = await interleave(
    working(report, what, { ...opening, ...limit }),
    { rounds, warmUps: 0 },
  );
  const openTarget = isSmall ? TARGETS.smallJobRatio : TARGETS.openJobRatio;
  report.compare(`sealed file to folder, ${what}`, opened, {
    bytes: size,
    ...(!isLarge && { target: openTarget }),
  });
  const peer = opened['age, unzip, sync'];
  if (alone !== undefined && peer !== undefined) {
    report.compare(
      `limit of Node: unzip alone, nothing checked or flushed, ${what}`,
      { ours: alone, 'age, unzip, sync': peer },
      { bytes: size },
    );
  }
  if (existsSync(zip)) {
    const share = statSync(join(directory, 'ours')).size / statSync(zip).size;
    report.value(`sealed size, shares of Info-ZIP's zip, ${what}`, share, '', {
      target: TARGETS.zipSizeShare,
    });
  }
  const target = TARGETS.jobPeakMiB;
  const peak = (/** @type {string[]} */ args) => peakOf(directory, args);
  report.value(`peak beyond idle, folder to sealed file, ${what}`, peak(seal), 'MiB', { target });
  clear();
  report.value(`peak beyond idle, sealed file to folder, ${what}`, peak(open), 'MiB', { target });
  if (isLarge) return clear();
  const stages = { cwd: directory, rounds: Math.min(5, rounds) };
  measureStages(report, `folder to sealed file, ${what}`, { ...stages, args: seal });
  measureStages(report, `sealed file to folder, ${what}`, {
    ...stages,
    args: open,
    prepare: clear,
  });
  clear();
  remove();
}

/**
 * Runs each job once, to warm the caches, and returns those that succeed. Some tools cannot process a large app.
 *
 * @param {Report} report @param {string} what @param {Record<string, () => void>} jobs
 */
function working(report, what, jobs) {
  return Object.fromEntries(
    Object.entries(jobs).filter(([name, job]) => {
      try {
        job();
        return true;
      } catch (error) {
        if (name === 'ours') throw error;
        report.skip(`job: ${name} failed with ${what}`);
        return false;
      }
    }),
  );
}

const ALONE = 'unzip alone';

/** In MiB. @param {string} cwd @param {string[]} args */
function peakOf(cwd, args) {
  const measured = (/** @type {string} */ code) =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd, encoding: 'utf8' })
        .trim()
        .split('\n')
        .at(-1),
    );
  const say = `import { peak } from '${PEAK}'; process.on('exit', () => console.log(peak() / 2 ** 20));`;
  const argv = JSON.stringify([process.execPath, ...args]);
  const job = `${say} process.argv = ${argv}; await import(${JSON.stringify(CLI)});`;
  return measured(job) - measured(say);
}

/** @param {Report} report @param {App} app @param {number} rounds */
async function measureMemory(report, { folder, size }, rounds) {
  const files = filesIn(folder);
  const zipped = await interleave(
    { zipBundle: () => zipBundle(files), 'fflate, level 6': () => zipSync(files, { level: 6 }) },
    { rounds },
  );
  report.compare(`zip in memory, ${Math.round(size / MB)} MB`, zipped, {
    bytes: size,
    target: TARGETS.zipBundleRatio,
  });
  const zip = await zipBundle(files);
  const unzipped = await interleave(
    { unzipBundle: () => unzipBundle(zip), 'fflate, which checks nothing': () => unzipSync(zip) },
    { rounds },
  );
  const unzip = `unzip in memory, ${Math.round(size / MB)} MB`;
  report.compare(unzip, unzipped, { bytes: size, target: TARGETS.unzipBundleRatio });
  if (!hasBrowser(report)) return;
  await withPage(
    'job-page.js',
    async (inPage, version) => {
      report.compare(`${unzip}, Chromium ${version}`, await inPage('measureUnzip', { rounds }), {
        bytes: size,
        target: TARGETS.unzipChromiumRatio,
      });
    },
    { zip },
  );
}

/** @param {Report} report @param {number} rounds */
async function measureStart(report, rounds) {
  const start = await interleave(
    {
      '--help': () => void spawnSync(process.execPath, [CLI, '--help']),
      'node -e 0': () => void spawnSync(process.execPath, ['-e', '0']),
    },
    { rounds },
  );
  const [ours, bare] = /** @type {import('./timing.js').Timing[]} */ (Object.values(start));
  const beyond = median(/** @type {number[]} */ (ours?.times)) - 1.3 * (bare?.median ?? 0);
  report.value(
    `--help beyond 1.3 × node -e 0 (${speedRatio(/** @type {any} */ (ours), /** @type {any} */ (bare)).toFixed(2)})`,
    beyond,
    'ms',
    {
      target: TARGETS.helpMs,
    },
  );
}
