// @ts-check Compares encryptFile and decryptFile with typical pipelines, and with the limit of two cores.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { keygen } from '../dist/index.js';
import { runFileJob } from './file-job.js';
import { CHUNK_SIZE, mustAgree } from './format.js';
import { TARGETS } from './targets.js';
import { inTemporaryDirectory, missingSpace, writeRandomFile } from './temporary.js';
import { interleave, median } from './timing.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const OURS = 'bundleseal, flushed to the disk';
const PIPELINE = 'pipeline as most write it, not flushed';
const TUNED = 'pipeline, highWaterMark 1 MiB, not flushed';
const FLUSHED = 'pipeline, highWaterMark 1 MiB, flushed at its end';
const PAGES = 'zeros into the page cache, nothing else, not flushed';
const CEILING = 'AES-256-GCM once and SHA-256 twice, two cores, no file';

// Milliseconds before each run. A virtual machine may return free memory to its host after a while. A program that
// writes through the page cache then waits for new memory, unless a file was removed just before. The pause prevents
// that a run reuses the memory of the previous one.
const REST = 4000;

/** @typedef {ReturnType<typeof import('./report.js').createReport>} Report */
/** @typedef {import('./file-child.js').Job} Job */

/** @param {Report} report @param {{ quick: boolean }} settings */
export async function measureFiles(report, { quick }) {
  const size = quick ? 128 * MIB : GIB;
  // The source, one sealed in each way, and the output.
  const missing = missingSpace('files', 4 * size + GIB);
  if (missing !== undefined) {
    report.skip(missing);
    return;
  }
  report.begin(
    'files',
    'Node: file to file, a process for each run, its start left out. Ours flushes to the disk before the name appears; the pipelines (one AES-256-GCM, one SHA-256) do not flush',
  );
  const ceiling = findCeiling(size, report);
  await inTemporaryDirectory(async (directory) => {
    const { encrypting, decrypting, output } = await prepare(directory, size);
    const rounds = quick ? 2 : 5;
    /** @type {Record<string, Job>} */
    const writing = { [PAGES]: { do: 'write', output, bytes: size } };
    const parts = /** @type {const} */ ([
      ['encryptFile', { ...encrypting, ...writing }, TARGETS.tunedPipelineEncryptRatio],
      ['decryptFile', { ...decrypting, ...writing }, TARGETS.tunedPipelineDecryptRatio],
    ]);
    for (const [name, jobs, tunedTarget] of parts) {
      await measureJobs(report, `${name} ${size / MIB} MiB`, jobs, {
        bytes: size,
        rounds,
        rest: quick ? 0 : REST,
        output,
        ceiling,
        targets: [TARGETS.pipelineRatio, tunedTarget, undefined, undefined, TARGETS.ceilingShare],
      });
    }
  });
}

/**
 * @param {Report} report @param {string} what @param {Record<string, Job>} jobs - The first one is ours.
 * @param {{
 *   bytes: number,
 *   rounds: number,
 *   rest: number,
 *   output: string,
 *   ceiling: (() => number) | undefined,
 *   targets: (import('./targets.js').Target | undefined)[],
 * }} options
 */
async function measureJobs(report, what, jobs, options) {
  const { bytes, rounds, rest, output, ceiling, targets } = options;
  const idle = median(Array.from({ length: 3 }, () => runFileJob({ do: 'idle' }).peak));
  /** @type {Record<string, number[]>} */
  const beyond = Object.fromEntries(Object.keys(jobs).map((name) => [name, []]));
  /** @type {[string, () => number | Promise<number>][]} */
  const contenders = Object.entries(jobs).map(([name, job]) => [
    name,
    async () => {
      await setTimeout(rest);
      const { ms, peak } = runFileJob(job);
      // Removing the file drops its unwritten pages, so that they do not slow down the next run.
      rmSync(output, { force: true });
      beyond[name]?.push((peak - idle) / MIB);
      return ms;
    },
  ]);
  if (ceiling !== undefined) contenders.push([CEILING, ceiling]);
  const timings = await interleave(Object.fromEntries(contenders), {
    rounds,
    warmUps: 0,
    ownClock: true,
  });
  report.compare(what, timings, { bytes, target: targets });
  for (const [name, list] of Object.entries(beyond)) {
    report.value(`${what}, peak memory: ${name}`, median(list), 'MiB', {
      min: Math.min(...list),
      details: { beyond: list },
    });
  }
}

/** Makes the files, and proves that every contender opens its input. @param {string} directory @param {number} size */
async function prepare(directory, size) {
  const path = (/** @type {string} */ name) => join(directory, name);
  const [plain, sealed, encrypted, output] = ['plain', 'sealed', 'encrypted', 'output'].map(path);
  const files = /** @type {Record<'plain' | 'sealed' | 'encrypted' | 'output', string>} */ ({
    plain,
    sealed,
    encrypted,
    output,
  });
  const pair = await keygen();
  writeFileSync(path('private.pem'), pair.privateKey);
  writeFileSync(path('public.pem'), pair.publicKey);
  writeRandomFile(files.plain, size);
  const secrets = { key: randomBytes(32).toString('hex'), nonce: randomBytes(12).toString('hex') };
  const tuned = { highWaterMark: MIB };
  const toOutput = { input: files.plain, output: files.output };

  /** @type {(tuning: object, output?: string) => Job} */
  const encryptByPipeline = (tuning, to = files.output) => ({
    ...toOutput,
    do: 'encryptByPipeline',
    output: to,
    secrets,
    tuning,
  });
  /** @type {Record<string, Job>} */
  const encrypting = {
    [OURS]: { ...toOutput, do: 'encryptFile', keyFile: path('private.pem') },
    [PIPELINE]: encryptByPipeline({}),
    [TUNED]: encryptByPipeline(tuned),
    [FLUSHED]: encryptByPipeline({ ...tuned, flush: true }),
  };
  runFileJob({ .../** @type {any} */ (encrypting[OURS]), output: files.sealed });
  const { result } = runFileJob(encryptByPipeline({}, files.encrypted));

  /** @type {(tuning: object) => Job} */
  const decryptByPipeline = (tuning) => ({
    do: 'decryptByPipeline',
    input: files.encrypted,
    output: files.output,
    secrets: { ...secrets, ...result },
    tuning,
  });
  /** @type {Record<string, Job>} */
  const decrypting = {
    [OURS]: {
      do: 'decryptFile',
      input: files.sealed,
      output: files.output,
      keyFile: path('public.pem'),
    },
    [PIPELINE]: decryptByPipeline({}),
    [TUNED]: decryptByPipeline(tuned),
    [FLUSHED]: decryptByPipeline({ ...tuned, flush: true }),
  };

  const source = await digestOf(files.plain);
  mustAgree(result.checksum === source, 'the pipeline gives another checksum');
  for (const [name, job] of Object.entries(decrypting)) {
    runFileJob(job);
    const opened = await digestOf(files.output);
    mustAgree(opened === source, `${name}: what comes out is not what went in`);
    rmSync(files.output);
  }
  // The key and the nonce are the same, so the bytes have to be equal.
  runFileJob(encryptByPipeline(tuned));
  const [one, other] = [await digestOf(files.encrypted), await digestOf(files.output)];
  mustAgree(one === other, 'the tuned pipeline encrypts otherwise than the other');
  rmSync(files.output);
  return { encrypting, decrypting, output: files.output };
}

/** @param {string} path */
async function digestOf(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: MIB }), hash);
  return hash.digest('hex');
}

/**
 * Computes the milliseconds that two cores need for only the cryptography of `size` bytes: each byte is encrypted
 * once and hashed twice, in its chunk and in the whole.
 *
 * @param {number} size @param {Report} report
 */
function findCeiling(size, report) {
  const ceiling = () => 1000 * size * (1 / speedOf('aes-256-gcm') + 2 / speedOf('sha256'));
  if (availableParallelism() < 2) {
    report.skip('files: what two cores can do, there is only one here');
    return undefined;
  }
  if (spawnSync('openssl', ['version']).status !== 0) {
    report.skip('files: the limit of the cores, because the openssl command is missing');
    return undefined;
  }
  return ceiling;
}

/**
 * Bytes per second of two processes together, by wall-clock time, so that load of other programs affects all
 * contenders.
 *
 * @param {string} algorithm
 */
function speedOf(algorithm) {
  const args = ['speed', '-mr', '-elapsed', '-evp', algorithm, '-bytes', String(CHUNK_SIZE)];
  const output = execFileSync('openssl', [...args, '-seconds', '1', '-multi', '2'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [, speed] = /** @type {RegExpMatchArray} */ (output.match(/^\+F:\d+:[^:]+:([\d.]+)$/m));
  return Number(speed);
}
