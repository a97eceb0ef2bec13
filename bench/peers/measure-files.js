// @ts-check Measures file to file, each call in a separate process. Every round runs each contender once, and the
// limit of the cores.

import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { mustAgree } from '../format.js';
import { median } from '../timing.js';
import { measureCeiling } from './ceiling.js';
import { runChild } from './child.js';

const MIB = 2 ** 20;
// A contender that takes longer than this for sealing and opening together runs once, so that the bench ends within a
// quarter of an hour.
const SLOW = 25_000;

/**
 * @typedef {import('../timing.js').Timing} Timing
 * `call`: until the call returns; `onDisk`: until the output is flushed to the disk as well.
 *
 * @typedef {{ call: Timing, onDisk: Timing, cpu: number, peak: number }} Way milliseconds, bytes
 * @typedef {{ seal: Way, open: Way } | { cannot: string }} Result
 * @typedef {{ mib: number, rounds: number, idlePeak: number, results: Record<string, Result>,
 *   ceilings: import('./ceiling.js').Ceiling[] }} FileToFile
 */

/**
 * @param {import('./contenders.js').Contender[]} contenders - The contenders that work with files.
 * @param {Record<string, any>} made - Their keys.
 * @param {{ mib: number, rounds: number, folder: string, say: (text: string) => void }} options
 * @returns {Promise<FileToFile>}
 */
export async function measureFileToFile(contenders, made, { mib, rounds, folder, say }) {
  const plain = join(folder, 'plain');
  const digest = await writeRandom(plain, mib);
  const idle = await runChild({ purpose: 'idle' });
  if ('error' in idle) throw new Error(idle.error);
  /** @type {Record<string, { seal: import('./child.js').Done[], open: import('./child.js').Done[] }>} */
  const runs = Object.fromEntries(contenders.map(({ id }) => [id, { seal: [], open: [] }]));
  /** @type {Record<string, string>} */
  const failed = {};
  const ceilings = [];
  for (let round = 0; round < rounds; round++) {
    ceilings.push(measureCeiling());
    for (let i = 0; i < contenders.length; i++) {
      const { id, name } = /** @type {import('./contenders.js').Contender} */ (
        contenders[(i + round) % contenders.length]
      );
      if (id in failed || isSlow(runs[id])) continue;
      const sealed = join(folder, 'sealed');
      const opened = join(folder, 'opened');
      try {
        const job = { id, keys: made[id] };
        const seal = await runChild({ ...job, purpose: 'seal', input: plain, output: sealed });
        if ('error' in seal) throw new Error(seal.error);
        const { apart } = seal;
        const open = await runChild({
          ...job,
          purpose: 'open',
          input: sealed,
          output: opened,
          apart,
        });
        if ('error' in open) throw new Error(open.error);
        if (round === 0) mustAgree((await digestOf(opened)) === digest, `${name}: another file`);
        runs[id]?.seal.push(seal);
        runs[id]?.open.push(open);
        say(`  ${round + 1}/${rounds} ${name}: ${seconds(seal.onDisk)}, ${seconds(open.onDisk)}`);
      } catch (error) {
        failed[id] = /** @type {Error} */ (error).message;
        say(`  ${name} cannot: ${failed[id]}`);
      } finally {
        for (const path of [sealed, opened]) rmSync(path, { force: true });
      }
    }
  }
  rmSync(plain);
  /** @type {Record<string, Result>} */
  const results = {};
  for (const { id, file } of contenders) {
    const why = failed[id];
    // A command is not a Node process, so its memory does not include an idle Node.
    const base = 'command' in file && file.command ? 0 : idle.peak;
    const own = /** @type {(typeof runs)[string]} */ (runs[id]);
    results[id] =
      why === undefined
        ? { seal: summarize(own.seal, base), open: summarize(own.open, base) }
        : { cannot: why };
  }
  return { mib, rounds, idlePeak: idle.peak, results, ceilings: ceilings.filter((one) => !!one) };
}

/** @param {{ seal: import('./child.js').Done[], open: import('./child.js').Done[] } | undefined} runs */
function isSlow(runs) {
  return (runs?.seal[0]?.onDisk ?? 0) + (runs?.open[0]?.onDisk ?? 0) > SLOW;
}

/** @param {import('./child.js').Done[]} runs @param {number} base @returns {Way} */
function summarize(runs, base) {
  return {
    call: timing(runs.map(({ call }) => call)),
    onDisk: timing(runs.map(({ onDisk }) => onDisk)),
    cpu: median(runs.map(({ cpu }) => cpu)),
    peak: median(runs.map(({ peak }) => peak - base)),
  };
}

/** @param {number[]} times @returns {Timing} */
function timing(times) {
  return { median: median(times), min: Math.min(...times), max: Math.max(...times), times };
}

/** @param {string} path @param {number} mib @returns {Promise<string>} its SHA-256 */
async function writeRandom(path, mib) {
  const hash = createHash('sha256');
  const block = Buffer.alloc(MIB);
  const file = await open(path, 'w');
  for (let i = 0; i < mib; i++) {
    hash.update(randomFillSync(block));
    await file.write(block);
  }
  await file.sync();
  await file.close();
  return hash.digest('hex');
}

/** @param {string} path */
async function digestOf(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: MIB }), hash);
  return hash.digest('hex');
}

/** @param {number} milliseconds */
function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
