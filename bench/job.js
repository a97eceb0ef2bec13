// @ts-check Compares the whole job, a folder into a sealed file and back, with other tools, as whole processes. Also
// compares zips in memory with fflate.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unzipSync, zipSync } from 'fflate';
import { unzipBundle, zipBundle } from '../dist/zip.js';
import { measureStages, unzipAlone } from './job-stages.js';
import { toolsFor } from './job-tools.js';
import { TARGETS } from './targets.js';
import { inTemporaryDirectory, missingSpace } from './temporary.js';
import { interleave, median, speedRatio } from './timing.js';

const MB = 1e6;
const MODULES = fileURLToPath(new URL('../node_modules/', import.meta.url));
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

// Extensions of files in web apps.
const KINDS = ['.js', '.mjs', '.css', '.html', '.json', '.svg', '.png', '.jpg', '.woff2', '.wasm'];
const LARGEST = 10 * MB;
// Apps over this size have no target, and a few rounds take minutes.
const LARGE = 100 * MB;

/** @typedef {ReturnType<typeof import('./report.js').createReport>} Report */
/** @typedef {{ folder: string, size: number, count: number }} App */

/** @param {Report} report @param {{ quick: boolean }} settings */
export async function measureJob(report, { quick }) {
  const sizes = quick ? [5 * MB] : [5 * MB, 39 * MB, 600 * MB];
  // Each tool keeps its zip, its encrypted file, a second zip and a folder.
  const missing = missingSpace('job', 10 * /** @type {number} */ (sizes.at(-1)));
  if (missing !== undefined) {
    report.skip(missing);
    return;
  }
  report.begin('job', 'A folder into a sealed file and back: whole processes, in turn');
  await inTemporaryDirectory(async (directory) => {
    execFileSync(process.execPath, [CLI, 'key', 'create', '--out', join(directory, 'key')], {
      stdio: 'ignore',
    });
    for (const size of sizes) {
      const app = makeApp(join(directory, 'app'), size);
      const rounds = quick ? 3 : size > LARGE ? 2 : 7;
      await measureApp(report, directory, app, rounds);
      rmSync(app.folder, { recursive: true });
    }
    const app = makeApp(join(directory, 'app'), quick ? 5 * MB : 39 * MB);
    await measureMemory(report, app, quick ? 2 : 5);
  });
  await measureStart(report, quick ? 5 : 15);
}

/**
 * Takes real files from node_modules in the order of their paths, and repeats them under other names if there are too
 * few.
 */
function* realFiles() {
  const kip = join(MODULES, '@mxtommy/kip/public');
  for (let copy = 0; ; copy++) {
    for (const [root, name] of [
      [kip, 'kip'],
      [MODULES, 'packages'],
    ]) {
      const paths = readdirSync(/** @type {string} */ (root), {
        recursive: true,
        encoding: 'utf8',
      });
      for (const path of paths.sort()) {
        const from = join(/** @type {string} */ (root), path);
        if (!KINDS.includes(extname(path)) || !existsSync(from)) continue;
        const { size } = statSync(from);
        if (size > 0 && size < LARGEST && statSync(from).isFile()) {
          yield { from, to: `${name}-${copy}/${path}`, size };
        }
      }
    }
  }
}

/** @param {string} folder @param {number} wanted - Bytes. @returns {App} */
function makeApp(folder, wanted) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<script src="app.js"></script>');
  let size = 0;
  let count = 1;
  for (const file of realFiles()) {
    if (size + file.size > wanted) {
      if (size > 0.98 * wanted) break;
      continue;
    }
    mkdirSync(dirname(join(folder, file.to)), { recursive: true });
    copyFileSync(file.from, join(folder, file.to));
    size += file.size;
    count += 1;
  }
  return { folder, size, count };
}

/** @param {Report} report @param {string} directory @param {App} app @param {number} rounds */
async function measureApp(report, directory, { folder, size, count }, rounds) {
  const what = `${Math.round(size / MB)} MB in ${count} files`;
  const out = join(directory, 'out');
  const seal = ['encrypt', folder, '--key', 'key', '--out', 'ours', '--no-project', '--force'];
  const open = ['decrypt', 'ours', '--key', 'key.pub', '--extract', 'out', '--overwrite'];
  const run = (/** @type {string[]} */ args) =>
    execFileSync(process.execPath, commandOf(args), {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  const clear = () => rmSync(out, { recursive: true, force: true });
  const tools = toolsFor(report, directory);
  const sealing = { ours: () => run(seal), ...tools.sealing };
  const opening = {
    ours: () => {
      clear();
      run(open);
    },
    ...tools.opening,
  };
  const isLarge = size > LARGE;
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
  if (isLarge) return;
  const stages = { cwd: directory, rounds: Math.min(5, rounds) };
  measureStages(report, `folder to sealed file, ${what}`, { ...stages, args: commandOf(seal) });
  measureStages(report, `sealed file to folder, ${what}`, {
    ...stages,
    args: commandOf(open),
    prepare: clear,
  });
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

/** Arguments of Node. @param {readonly string[]} args */
const commandOf = (args) => [CLI, 'bundle', ...args, '--quiet'];

/** In MiB. @param {string} cwd @param {string[]} args */
function peakOf(cwd, args) {
  const measured = (/** @type {string} */ code) =>
    Number(
      execFileSync(process.execPath, ['-e', code], { cwd, encoding: 'utf8' })
        .trim()
        .split('\n')
        .at(-1),
    );
  const say = 'process.on("exit",()=>console.log(process.resourceUsage().maxRSS/1024))';
  const argv = JSON.stringify([process.execPath, ...commandOf(args)]);
  return measured(`${say};process.argv=${argv};import(${JSON.stringify(CLI)})`) - measured(say);
}

/** @param {Report} report @param {App} app @param {number} rounds */
async function measureMemory(report, { folder, size }, rounds) {
  /** @type {Record<string, Uint8Array>} */
  const files = {};
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const place = join(folder, path);
    if (statSync(place).isFile()) files[path] = new Uint8Array(readFileSync(place));
  }
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
  report.compare(`unzip in memory, ${Math.round(size / MB)} MB`, unzipped, {
    bytes: size,
    target: TARGETS.unzipBundleRatio,
  });
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
