// One bundle after another in one process: nothing is left behind.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inlineWorkers } from '../../build/inline-worker.js';

const run = promisify(execFile);
const MIB = 2 ** 20;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundleseal-load-'));
  await build({
    entryPoints: [join(import.meta.dirname, 'sequential-child.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outfile: join(folder, 'child.mjs'),
    plugins: [inlineWorkers()],
    logLevel: 'warning',
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Bytes in use after each tenth, when all that is dead has been collected. */
async function memoryOver(count: number, leak: boolean): Promise<number[]> {
  const args = ['--expose-gc', join(folder, 'child.mjs'), String(count), leak ? 'leak' : ''];
  const { stdout } = await run(process.execPath, args);
  const { opened, used } = JSON.parse(stdout);
  expect(opened).toBe(count);
  return used;
}

/** Starts at the third sample: by then all code is loaded and compiled. */
function growth(used: readonly number[]): number {
  const rest = used.slice(2);
  return (rest.at(-1) as number) - Math.min(...rest.slice(0, 3));
}

it('sealing and opening ten thousand bundles does not grow the heap', async () => {
  const used = await memoryOver(10_000, false);
  expect(used).toHaveLength(10);
  expect(growth(used)).toBeLessThan(2 * MIB);
});

it('this test detects a leak of 3,000 bytes for each bundle', async () => {
  const used = await memoryOver(2000, true);
  expect(growth(used)).toBeGreaterThan(2 * MIB);
});
