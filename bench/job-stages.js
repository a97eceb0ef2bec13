// @ts-check Where the time of sealing and opening a folder goes, by the profiler of V8, and the least time that a Node
// program takes to unzip. docs/decisions/command-time.md explains the figures.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './timing.js';

/** @typedef {ReturnType<typeof import('./report.js').createReport>} Report */
/** @typedef {{ id: number, callFrame: { functionName: string, url: string }, children?: number[] }} ProfileNode */
/** @typedef {{ nodes: ProfileNode[], samples: number[], timeDeltas: number[] }} Profile */

export const UNZIP = fileURLToPath(new URL('job-unzip.cjs', import.meta.url));

// Microseconds between two samples.
const INTERVAL = 200;

const START = 'start Node';
const REST = 'the rest of our code';

/**
 * The stages in the order of the chart. A sample belongs to the innermost frame on its stack that one of the patterns
 * matches. A pattern gets the name of the function and the module of Node that it is in.
 *
 * @type {readonly (readonly [stage: string, pattern: RegExp])[]}
 */
const STAGES = [
  [START, / node:internal\/(process\/pre_execution|options)$/],
  ['load the program', /^(compile\w*|evaluate) $| node:internal\/(modules|bootstrap)/],
  [
    'list, open, read and write files',
    /^(open|openFileHandle|close|l?stat|fstat|read\w*|write\w*|mkdir|rename|unlink|rmdir|fsync|fdatasync) $| node:(internal\/)?fs/,
  ],
  ['deflate', / wasm:/],
  ['encrypt, decrypt, sign and hash', /^crc32 | node:(internal\/)?crypto/],
  ['inflate', / node:zlib$/],
  ['hand over to threads', / node:(internal\/worker|worker_threads)/],
  ['collect garbage', /^\(garbage collector\) /],
  ['wait for flushes and threads', /^\(idle\) /],
  ['the rest of Node', /^\(program\) /],
  [REST, /^$/],
];

/**
 * Milliseconds of the main thread by stage.
 *
 * @param {Profile} profile
 * @returns {Map<string, number>}
 */
export function stagesOf({ nodes, samples, timeDeltas }) {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((c) => [c, id])));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  /** @type {Map<number, string>} */
  const known = new Map();
  /** @type {(id: number | undefined) => string} */
  const stageOf = (id) => {
    const node = id === undefined ? undefined : byId.get(id);
    if (id === undefined || node === undefined) return REST;
    const { functionName, url } = node.callFrame;
    const frame = `${functionName} ${url.startsWith('file:') ? 'ours' : url}`;
    const found = known.get(id) ?? STAGES.find(([, pattern]) => pattern.test(frame))?.[0];
    const stage = found ?? stageOf(parents.get(id));
    known.set(id, stage);
    return stage;
  };
  const times = new Map(STAGES.map(([stage]) => [stage, 0]));
  samples.forEach((id, i) => {
    const stage = stageOf(id);
    times.set(stage, (times.get(stage) ?? 0) + (timeDeltas[i] ?? 0) / 1000);
  });
  return times;
}

/**
 * Measures the stages of one command.
 *
 * @param {Report} report
 * @param {string} what
 * @param {{ cwd: string, args: readonly string[], rounds: number, prepare?: () => void }} job - `args`: of Node.
 */
export function measureStages(report, what, { cwd, args, rounds, prepare = () => {} }) {
  const folder = join(cwd, 'profiles');
  /** @type {Map<string, number>[]} */
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    prepare();
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const flags = ['--cpu-prof', `--cpu-prof-interval=${INTERVAL}`, `--cpu-prof-dir=${folder}`];
    execFileSync(process.execPath, [...flags, ...args], { cwd, stdio: 'ignore' });
    // The name ends in the process, the thread and a number. The thread of the program is 0.
    const name = readdirSync(folder).find((each) => /\.0\.\d+\.cpuprofile$/.test(each));
    const times = stagesOf(JSON.parse(readFileSync(join(folder, name ?? ''), 'utf8')));
    const begun = performance.now();
    execFileSync(process.execPath, ['-e', '0'], { cwd, stdio: 'ignore' });
    // The profiler starts after Node.
    times.set(START, (times.get(START) ?? 0) + performance.now() - begun);
    runs.push(times);
  }
  rmSync(folder, { recursive: true });
  const stages = STAGES.map(([stage]) => ({
    stage,
    ms: median(runs.map((times) => times.get(stage) ?? 0)),
  }));
  const total = stages.reduce((sum, { ms }) => sum + ms, 0);
  report.value(`where the time goes, ${what}`, total, 'ms', { details: { stages } });
}

/**
 * A program that only unzips: without a key, a check or a flush.
 *
 * @param {string} cwd @param {string} zip @param {string} out
 */
export function unzipAlone(cwd, zip, out) {
  execFileSync(process.execPath, [UNZIP, zip, out], { cwd, stdio: 'ignore' });
}
