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
import { TARGETS } from './targets.js';
import { inTemporaryDirectory, missingSpace } from './temporary.js';
import { interleave, median, speedRatio } from './timing.js';

const MB = 1e6;
const MODULES = fileURLToPath(new URL('../node_modules/', import.meta.url));
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const CAPGO = fileURLToPath(
  new URL('../test/interop/capgo/node_modules/.bin/capgo', import.meta.url),
);
const OFFLINE = new URL('../test/interop/capgo/offline.js', import.meta.url).href;

// Extensions of files in web apps.
const KINDS = ['.js', '.mjs', '.css', '.html', '.json', '.svg', '.png', '.jpg', '.woff2', '.wasm'];
const LARGEST = 10 * MB;

/** @typedef {ReturnType<typeof import('./report.js').createReport>} Report */
/** @typedef {{ folder: string, size: number, count: number }} App */

/** @param {Report} report @param {{ quick: boolean }} settings */
export async function measureJob(report, { quick }) {
  const sizes = quick ? [5 * MB] : [5 * MB, 39 * MB, 600 * MB];
  const missing = missingSpace('job', 4 * /** @type {number} */ (sizes.at(-1)));
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
      const rounds = quick ? 3 : size > 100 * MB ? 3 : 7;
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

/**
 * @param {string} script
 * @param {string} cwd
 * @param {Record<string, string>} [variables]
 */
function shell(script, cwd, variables) {
  const env = { ...process.env, ...variables };
  execFileSync('sh', ['-ec', script], { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Writes the key and the files that Capgo's CLI reads in a project. @param {string} directory */
function makeCapgoProject(directory) {
  const plugin = '@capgo/capacitor-updater';
  /** @type {(path: string, content: unknown) => void} */
  const write = (path, content) => writeFileSync(join(directory, path), JSON.stringify(content));
  mkdirSync(join(directory, 'node_modules', plugin), { recursive: true });
  write(`node_modules/${plugin}/package.json`, { name: plugin, version: '8.0.0' });
  write('package.json', { name: 'app', version: '1.0.0', dependencies: { [plugin]: '8.0.0' } });
  write('capacitor.config.json', { appId: 'com.example.app', appName: 'app', webDir: '../app' });
  const key = join(directory, '.capgo_key_v2');
  execFileSync(process.execPath, [CLI, 'key', 'create', '--capgo', '--out', key, '--force'], {
    stdio: 'ignore',
  });
}

/** @param {string} tool */
const hasTool = (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;

/** @param {Report} report @param {string} directory @param {App} app @param {number} rounds */
async function measureApp(report, directory, { folder, size, count }, rounds) {
  const what = `${Math.round(size / MB)} MB in ${count} files`;
  const run = (/** @type {string[]} */ ...args) =>
    execFileSync(process.execPath, [CLI, 'bundle', ...args, '--quiet'], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  const seal = () =>
    run('encrypt', folder, '--key', 'key', '--out', 'ours', '--no-project', '--force');
  const open = () => {
    rmSync(join(directory, 'out'), { recursive: true, force: true });
    run('decrypt', 'ours', '--key', 'key.pub', '--extract', 'out');
  };
  /** @type {Record<string, () => void>} */
  const sealing = { ours: seal };
  /** @type {Record<string, () => void>} */
  const opening = { ours: open };
  if (hasTool('zip') && hasTool('age')) {
    shell('rm -f id && age-keygen -o id 2>/dev/null && age-keygen -y id > recipient', directory);
    sealing['zip, age'] = () =>
      shell(
        'rm -f a.zip; (cd app; zip -qr ../a.zip .); age -R recipient -o a.age a.zip',
        directory,
      );
    opening['age, unzip, sync'] = () =>
      shell(
        'rm -rf a.out; age -d -i id -o b.zip a.age; unzip -q b.zip -d a.out; sync -f a.out',
        directory,
      );
  } else report.skip('job: zip and age are not installed');
  if (hasTool('7z') && hasTool('gpg')) {
    // Gives gpg a separate folder, because it would write into the user's folder.
    mkdirSync(join(directory, 'gnupg'), { recursive: true, mode: 0o700 });
    const gpg = 'gpg --homedir gnupg --quiet --batch --yes --pinentry-mode loopback --passphrase x';
    sealing['7z -tzip, gpg'] = () =>
      shell(
        `rm -f g.zip; (cd app; 7z a -tzip -bd ../g.zip . >/dev/null); ${gpg} --symmetric --cipher-algo AES256 --compress-algo none -o g.gpg g.zip`,
        directory,
      );
  } else report.skip('job: 7z and gpg are not installed');
  if (existsSync(CAPGO)) {
    // In a folder of its own: our command looks for a plugin near the build, and would warn about this one.
    const project = join(directory, 'capgo');
    makeCapgoProject(project);
    sealing["Capgo's CLI"] = () =>
      shell(
        `rm -f c.zip; '${CAPGO}' bundle zip com.example.app --path ../app --bundle 1.0.0 --name c.zip --key-v2 --no-code-check --json > zip.json; '${CAPGO}' bundle encrypt c.zip "$(node -p 'JSON.parse(require("fs").readFileSync("zip.json")).checksum')"`,
        project,
        { CI: '1', HOME: project, NODE_OPTIONS: `--import=${OFFLINE}` },
      );
  } else report.skip('job: the CLI of Capgo is not installed: npm ci --prefix test/interop/capgo');
  const sealed = await interleave(sealing, { rounds });
  const isSmall = size < 10 * MB;
  const sealTarget = isSmall ? TARGETS.smallJobRatio : TARGETS.sealJobRatio;
  report.compare(`folder to sealed file, ${what}`, sealed, { bytes: size, target: sealTarget });
  const opened = await interleave(opening, { rounds });
  const openTarget = isSmall ? TARGETS.smallJobRatio : TARGETS.openJobRatio;
  report.compare(`sealed file to folder, ${what}`, opened, { bytes: size, target: openTarget });
  if (existsSync(join(directory, 'a.zip'))) {
    const share = statSync(join(directory, 'ours')).size / statSync(join(directory, 'a.zip')).size;
    report.value(`sealed size, shares of Info-ZIP's zip, ${what}`, share, '', {
      target: TARGETS.zipSizeShare,
    });
  }
  const args = ['encrypt', folder, '--key', 'key', '--out', 'ours', '--no-project', '--force'];
  report.value(`peak beyond idle, folder to sealed file, ${what}`, peakOf(directory, args), 'MiB', {
    target: TARGETS.jobPeakMiB,
  });
}

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
  const argv = JSON.stringify([process.execPath, CLI, 'bundle', ...args, '--quiet']);
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
