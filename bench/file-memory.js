// @ts-check Peak memory of encryptFile and decryptFile, which is the same for every size.

import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { keygen } from '../dist/index.js';
import { runFileJob } from './file-job.js';
import { TARGETS } from './targets.js';
import { inTemporaryDirectory, missingSpace, writeSparseFile } from './temporary.js';
import { median } from './timing.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
/** With it, Node sees one core, so the library starts no thread. */
const ONE_CORE = ['taskset', '-c', '0'];

/** @typedef {ReturnType<typeof import('./report.js').createReport>} Report */
/** @typedef {{ sizes: number[], children: number, through: string[], threads: string, target: import('./targets.js').Target }} Way */

/** @param {Report} report @param {{ quick: boolean }} settings */
export async function measureFileMemory(report, { quick }) {
  report.begin(
    'file-memory',
    'Node: peak resident memory of encryptFile and decryptFile beyond an idle process that has loaded the same; sparse input',
  );
  const children = quick ? 1 : 3;
  if (availableParallelism() > 1) {
    const sizes = quick ? [64 * MIB, 128 * MIB] : [64 * MIB, GIB, 4 * GIB];
    const target = TARGETS.filePeakMiB;
    await measureWay(report, { sizes, children, through: [], threads: 'two threads', target });
  } else {
    report.skip('file-memory with two threads: there is only one core here');
  }
  if (spawnSync('taskset', [...ONE_CORE.slice(1), 'true']).status === 0) {
    const sizes = quick ? [64 * MIB, 128 * MIB] : [64 * MIB, GIB];
    const target = TARGETS.filePeakOneThreadMiB;
    await measureWay(report, { sizes, children, through: ONE_CORE, threads: 'one thread', target });
  } else {
    report.skip('file-memory with one thread: taskset is missing, or there is no core 0 for it');
  }
}

/** @param {Report} report @param {Way} way */
async function measureWay(report, { sizes, children, through, threads, target }) {
  const idle = median(Array.from({ length: 3 }, () => runFileJob({ do: 'idle' }, through).peak));
  report.value(`an idle process, ${threads}`, idle / MIB, 'MiB');
  /** @type {Record<'encryptFile' | 'decryptFile', number[]>} */
  const peaks = { encryptFile: [], decryptFile: [] };
  for (const size of sizes) {
    // The sealed file and the opened one.
    const missing = missingSpace(`file-memory at ${nameOf(size)}`, 2 * size + GIB / 2);
    if (missing !== undefined) {
      report.skip(missing);
      continue;
    }
    const measured = await measureSize(size, children, through);
    for (const purpose of /** @type {const} */ (['encryptFile', 'decryptFile'])) {
      const beyond = measured[purpose].map((peak) => (peak - idle) / MIB);
      peaks[purpose].push(median(beyond));
      report.value(`${purpose} ${nameOf(size)}, ${threads}`, median(beyond), 'MiB', {
        min: Math.min(...beyond),
        details: { max: Math.max(...beyond), beyond },
        target,
      });
    }
  }
  for (const [purpose, [first, ...more]] of Object.entries(peaks)) {
    if (first === undefined || more.length === 0) continue;
    const growth = /** @type {number} */ (more.at(-1)) - first;
    report.value(`${purpose}, ${threads}, the largest size beyond the smallest`, growth, 'MiB', {
      target: TARGETS.fileGrowthMiB,
    });
  }
}

/** @param {number} size @param {number} children @param {string[]} through */
function measureSize(size, children, through) {
  // The largest file takes long. It shows that memory does not grow with the size.
  const runs = size > GIB ? 1 : children;
  return inTemporaryDirectory(async (directory) => {
    const path = (/** @type {string} */ name) => join(directory, name);
    const { privateKey, publicKey } = await keygen();
    writeFileSync(path('private.pem'), privateKey);
    writeFileSync(path('public.pem'), publicKey);
    writeSparseFile(path('plain'), size);
    const run = (/** @type {import('./file-child.js').Job} */ job) =>
      Array.from({ length: runs }, () => {
        rmSync(/** @type {any} */ (job).output, { force: true });
        return runFileJob(job, through).peak;
      });
    const encryptFile = run({
      do: 'encryptFile',
      input: path('plain'),
      output: path('sealed'),
      keyFile: path('private.pem'),
    });
    const decryptFile = run({
      do: 'decryptFile',
      input: path('sealed'),
      output: path('opened'),
      keyFile: path('public.pem'),
    });
    return { encryptFile, decryptFile };
  });
}

/** @param {number} size */
function nameOf(size) {
  return size < GIB ? `${size / MIB} MiB` : `${size / GIB} GiB`;
}
