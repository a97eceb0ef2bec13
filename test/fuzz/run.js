// Fuzzes: node test/fuzz/run.js [--minutes N] [--seed N] [--keep] [target ...]

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { inlineWorkers } from '../../build/inline-worker.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() >>> 0) },
    keep: { type: 'boolean', default: false },
  },
});
const home = join(import.meta.dirname, 'corpus');
// Longer than anything may take, so that it is a hang.
const HANG = 10_000;
const MAX_KEPT_LENGTH = 4096;

const THREAD = `
const { workerData, parentPort } = require('node:worker_threads');
import(workerData.bundle).then(async ({ fuzz }) => {
  const shared = { state: new Int32Array(workerData.state), input: new Uint8Array(workerData.input) };
  parentPort.postMessage(await fuzz(workerData.name, workerData, shared));
});
`;

/** What the thread reports, or the input at which it hangs. */
function watch(bundle, name, milliseconds) {
  const state = new SharedArrayBuffer(8);
  const input = new SharedArrayBuffer(65_536);
  const seed = Number(values.seed);
  const worker = new Worker(THREAD, {
    eval: true,
    workerData: { bundle, name, home, seed, milliseconds, state, input },
  });
  return new Promise((resolve, reject) => {
    const counters = new Int32Array(state);
    let last = -1;
    const timer = setInterval(() => {
      const tried = Atomics.load(counters, 0);
      if (tried === last && tried > 0) {
        const length = Math.min(Atomics.load(counters, 1), input.byteLength);
        const bytes = new Uint8Array(input).slice(0, length);
        const finding = { input: bytes, what: `did not come back in ${HANG} ms` };
        void worker.terminate();
        resolve({ tried, reached: 0, kept: [], finding });
      }
      last = tried;
    }, HANG);
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', () => clearInterval(timer));
  });
}

// Not guided by coverage, and no parser: random calls of the whole command line.
const COMMAND_LINE = 'command-line';

/** Runs random calls of the command line, with their findings on standard output. */
async function fuzzCommandLine(milliseconds) {
  const vitest = join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs');
  const args = ['run', '--project', 'node', 'test/fuzz/command-line.node.test.ts'];
  const child = spawn(process.execPath, [vitest, ...args], {
    cwd: join(import.meta.dirname, '../..'),
    env: {
      ...process.env,
      CLI_SECONDS: String(Math.ceil(milliseconds / 1000)),
      CLI_SEED: String(Number(values.seed) | 0),
    },
    stdio: 'inherit',
  });
  const [code] = await once(child, 'close');
  if (code !== 0) process.exitCode = 1;
}

const folder = mkdtempSync(join(tmpdir(), 'bundleseal-fuzz-'));
try {
  const outfile = join(folder, 'fuzz-bundle.mjs');
  await build({
    stdin: {
      contents:
        "export * from './worker.ts'; export * from './corpus.ts'; export { TARGETS } from './targets.ts';",
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    plugins: [inlineWorkers()],
    logLevel: 'warning',
    outfile,
  });
  const bundle = pathToFileURL(outfile).href;
  const { TARGETS, keepInput } = await import(bundle);
  const names = positionals.length > 0 ? positionals : [...Object.keys(TARGETS), COMMAND_LINE];
  const unknown = names.filter((name) => name !== COMMAND_LINE && !Object.hasOwn(TARGETS, name));
  if (unknown.length > 0) throw new Error(`no such target: ${unknown.join(', ')}`);
  const milliseconds = (Number(values.minutes) * 60_000) / names.length;
  console.log(`seed ${values.seed}, ${Math.round(milliseconds / 1000)} s a target`);
  for (const name of names) {
    if (name === COMMAND_LINE) {
      await fuzzCommandLine(milliseconds);
      continue;
    }
    const { tried, reached, kept, finding } = await watch(bundle, name, milliseconds);
    console.log(
      `${name}: ${tried} inputs, ${reached} blocks reached, ${kept.length} by new inputs`,
    );
    if (values.keep) {
      for (const input of kept) {
        if (input.length <= MAX_KEPT_LENGTH) keepInput(home, name, input);
      }
    }
    if (finding !== undefined) {
      console.log(`  FOUND: ${finding.what}\n  ${keepInput(home, name, finding.input)}`);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
