// @ts-check Compares patches between real releases with Debian's zstd and bsdiff.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspectBundle, keygen } from '../dist/index.js';
import { publishRelease } from '../dist/node.js';
import { applyPatch, createPatch } from '../dist/release.js';
import { unzipBundle, zipBundle } from '../dist/zip.js';
import { hasBrowser, withPage } from './browser.js';
import { mustAgree, sameBytes } from './format.js';
import { filesOf, imageOf, PAIRS } from './pairs.js';
import { measureEntry } from './size-of-entry.js';
import { TARGETS } from './targets.js';
import { inTemporaryDirectory } from './temporary.js';
import { interleave, median } from './timing.js';

const MIB = 2 ** 20;
const CHILD = fileURLToPath(new URL('patch-child.js', import.meta.url));
const APP_ID = 'com.example.app';
// The app for the targets of applying.
const LARGE = 'iobroker.admin';
// Its earlier releases, from which patches are published.
const OLDER = ['7.8.8', '7.8.9', '7.8.18', '7.8.20', '8.0.16'];

/** @typedef {ReturnType<typeof import('./report.js').createReport>} Report */
/** @typedef {{ directory: string, pair: Awaited<ReturnType<typeof keygen>>, rounds: number }} Setting */

/** @param {Report} report @param {{ effort: number, quick: boolean }} settings */
export async function measurePatches(report, { effort, quick }) {
  for (const tool of ['zstd', 'bsdiff']) {
    if (hasTool(tool)) continue;
    report.skip(`${tool}: it is not here; install it (Debian: apt-get install ${tool})`);
    return;
  }
  const pair = await keygen();
  await inTemporaryDirectory(async (directory) => {
    writeFileSync(join(directory, 'private.pem'), pair.privateKey);
    writeFileSync(join(directory, 'public.pem'), pair.publicKey);
    const setting = { directory, pair, rounds: Math.ceil(5 * effort) };
    const names = /** @type {(keyof typeof PAIRS)[]} */ (
      quick ? ['node-red editor'] : Object.keys(PAIRS)
    );
    report.begin(
      'patches',
      'Patches between two releases: plain bytes, header included, beside zstd -19 --long=27 --patch-from and bsdiff',
    );
    /** @type {number[]} */
    const ratios = [];
    for (const name of names) ratios.push(await measurePair(report, name, setting));
    if (!quick) {
      const mean = (/** @type {number[]} */ list) =>
        Math.exp(list.reduce((sum, ratio) => sum + Math.log(ratio), 0) / list.length);
      report.value('size against zstd, geometric mean', mean(ratios), 'of its size', {
        target: TARGETS.patchMean,
      });
      const others = [...ratios].sort((a, b) => a - b).slice(1);
      report.value('  without the smallest ratio', mean(others), 'of its size', {
        target: TARGETS.patchMeanOfOthers,
      });
    }
    await measureEntry(
      report,
      "import { applyPatch, openIndex } from 'bundleseal/release'",
      'export { applyPatch, openIndex } from "bundleseal/release";',
      TARGETS.patchEntryBytes,
    );
    if (quick) return;
    await measureApply(report, setting);
    await measurePublish(report, setting);
  });
}

/** @param {string} tool */
function hasTool(tool) {
  try {
    execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {Report} report @param {keyof typeof PAIRS} name @param {Setting} setting
 * @returns {Promise<number>} the patch in shares of zstd's
 */
async function measurePair(report, name, { directory, pair, rounds }) {
  const [npm, folder, older, newer] = PAIRS[name];
  const from = filesOf(npm, folder, older);
  const to = filesOf(npm, folder, newer);
  const [a, b, zst, bs] = ['a', 'b', 'patch.zst', 'patch.bsdiff'].map((file) =>
    join(directory, file),
  );
  writeFileSync(/** @type {string} */ (a), imageOf(from));
  writeFileSync(/** @type {string} */ (b), imageOf(to));
  const sealing = { privateKey: pair.privateKey, appId: APP_ID };
  const patch = await createPatch(from, to, sealing);
  const made = await applyPatch(patch.bytes, from, { publicKey: pair.publicKey, appId: APP_ID });
  for (const [path, bytes] of made) {
    mustAgree(sameBytes(bytes, /** @type {Uint8Array} */ (to[path])), `${path} is another file`);
  }
  const byZstd = () => runZstd(`${a}`, `${b}`, `${zst}`);
  const timings = await interleave(
    { createPatch: () => createPatch(from, to, sealing), 'zstd -19': byZstd },
    { rounds: Math.ceil(rounds / 2), warmUps: 0 },
  );
  execFileSync('bsdiff', [`${a}`, `${b}`, `${bs}`]);
  const { size } = inspectBundle(patch.bytes);
  const zstd = statSync(`${zst}`).size;
  const bsdiff = statSync(`${bs}`).size;
  const what = `${name} ${older} to ${newer}`;
  report.value(
    `${what}: ${size} bytes (sealed ${patch.size}; zstd ${zstd}, bsdiff ${bsdiff})`,
    size / zstd,
    'of zstd',
    {
      details: { size, sealed: patch.size, zstd, bsdiff },
    },
  );
  report.value(
    '  against the smaller of zstd and bsdiff',
    size / Math.min(zstd, bsdiff),
    'of its size',
    {
      target: TARGETS.patchWorst,
    },
  );
  report.compare(`  createPatch, ${name}`, timings, {
    bytes: imageOf(to).length,
    target: TARGETS.createPatchRatio,
  });
  const create = runChild('create', npm, folder, older, newer, join(directory, 'private.pem'));
  const files = [...Object.keys(from), ...Object.keys(to)].length;
  const bound = 6 * (imageOf(from).length + imageOf(to).length) + 64 * MIB + 2048 * files;
  report.value(`  peak memory of createPatch, ${name}`, create.beyond / bound, 'of its bound', {
    target: TARGETS.patchMemoryShare,
    details: create,
  });
  return size / zstd;
}

/** @param {string} from @param {string} to @param {string} patch */
function runZstd(from, to, patch) {
  const options = ['-19', '--long=27', '-q', '-f', `--patch-from=${from}`, to, '-o', patch];
  execFileSync('zstd', options);
}

/** @param {Report} report @param {Setting} setting */
async function measurePublish(report, { directory, pair, rounds }) {
  const [npm, folder, , newest] = PAIRS[LARGE];
  const builds = [...OLDER, newest].map((version) => {
    const files = filesOf(npm, folder, version);
    const build = join(directory, `build-${version}`);
    for (const [path, bytes] of Object.entries(files)) {
      mkdirSync(dirname(join(build, path)), { recursive: true });
      writeFileSync(join(build, path), bytes);
    }
    const image = join(directory, `image-${version}`);
    writeFileSync(image, imageOf(files));
    return { version, build, image };
  });
  const before = join(directory, 'store-before');
  const publish = (
    /** @type {typeof builds[number]} */ { version, build },
    /** @type {string} */ store,
    patches = 5,
  ) =>
    publishRelease(build, {
      store,
      channel: 'production',
      privateKey: pair.privateKey,
      appId: APP_ID,
      version,
      patches,
    });
  for (const build of builds.slice(0, -1)) await publish(build, before, 0);
  const last = /** @type {typeof builds[number]} */ (builds.at(-1));
  let stores = 0;
  /** @type {Awaited<ReturnType<typeof publishRelease>> | undefined} */
  let published;
  const timings = await interleave(
    {
      publishRelease: async () => {
        const store = join(directory, `store-${stores++}`);
        cpSync(before, store, { recursive: true });
        published = await publish(last, store);
      },
      'zstd -19, five times': () => {
        for (const { image } of builds.slice(0, -1)) {
          runZstd(image, last.image, join(directory, 'patch.zst'));
        }
      },
    },
    { rounds: Math.ceil(rounds / 3), warmUps: 0 },
  );
  const made = published?.release.patches.length ?? 0;
  const skipped = published?.skipped.length ?? 0;
  mustAgree(made + skipped === OLDER.length, `${made} patches were made and ${skipped} left out`);
  report.begin('publish', `Publishing ${LARGE} ${newest} with patches from five releases`);
  report.compare(`publishRelease, ${made} patches kept, ${skipped} of no gain`, timings, {
    bytes: imageOf(filesOf(npm, folder, newest)).length,
    target: TARGETS.publishRatio,
  });
}

/** @param {Report} report @param {Setting} setting */
async function measureApply(report, { directory, pair, rounds }) {
  const [npm, folder, older, newer] = PAIRS[LARGE];
  const from = filesOf(npm, folder, older);
  const to = filesOf(npm, folder, newer);
  const { bytes } = await createPatch(from, to, { privateKey: pair.privateKey, appId: APP_ID });
  const zip = await zipBundle(to);
  const options = { publicKey: pair.publicKey, appId: APP_ID };
  const size = imageOf(to).length;
  report.begin('apply', `Applying the patch of ${LARGE}, beside unzipping the whole release`);
  report.compare(
    'applyPatch, images in memory, Node',
    await interleave(
      { applyPatch: () => applyPatch(bytes, from, options), unzipBundle: () => unzipBundle(zip) },
      { rounds: 2 * rounds },
    ),
    { bytes: size, target: TARGETS.applyPatchRatio },
  );
  writeFileSync(join(directory, 'patch'), bytes);
  const child = runChild(
    ...['apply', npm, folder, older, newer],
    ...[join(directory, 'public.pem'), join(directory, 'patch')],
  );
  const beyond = (child.beyond - child.images - size) / MIB;
  report.value('peak memory of applyPatch beyond both images', beyond, 'MiB', {
    target: TARGETS.applyPatchMiB,
    details: child,
  });
  if (!hasBrowser(report)) return;
  const paths = Object.entries(from).map(([path, file]) => [path, file.length]);
  const served = { patch: bytes, zip, older: Buffer.concat(Object.values(from)) };
  await withPage(
    'patches-page.js',
    async (inPage, version) => {
      const measured = await inPage('measureApply', {
        paths,
        publicKey: pair.publicKey,
        appId: APP_ID,
        rounds: 2 * rounds,
      });
      report.compare(`applyPatch, images in memory, Chromium ${version}`, measured, {
        bytes: size,
        target: TARGETS.applyPatchRatio,
      });
    },
    served,
  );
}

/** @param {string[]} args @returns {{ beyond: number, images: number }} */
function runChild(...args) {
  const runs = Array.from({ length: 3 }, () =>
    JSON.parse(
      execFileSync(process.execPath, ['--expose-gc', CHILD, ...args], { encoding: 'utf8' }),
    ),
  );
  const beyond = median(runs.map((run) => run.beyond));
  return { ...runs[0], beyond };
}
