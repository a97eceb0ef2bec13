// The parts of bench/job.js that compute: figures of earlier runs, and the stages of a profile.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stagesOf, unzipAlone } from '../../../bench/job-stages.js';
import { merged } from '../../../bench/results.js';
import { zipBundle } from '../../../src/zip.ts';

const figure = (part: string, what: string) => ({ part, what });

describe('merged', () => {
  const job = {
    machine: { cpu: 'a' },
    figures: [figure('job', 'old'), figure('patches', 'kept')],
    missing: ['job: 7z is missing', 'patches: bsdiff is missing'],
  };

  it('replaces the figures of the measured parts and keeps those of the others', () => {
    const run = {
      machine: { cpu: 'b' },
      figures: [figure('job', 'new'), figure('rsa', 'not drawn')],
      missing: ['job: age is missing', 'rsa: a tool is missing'],
    };
    expect(merged(job, run)).toEqual({
      machine: { cpu: 'b' },
      machines: { job: { cpu: 'b' }, patches: { cpu: 'a' } },
      figures: [figure('patches', 'kept'), figure('job', 'new')],
      missing: ['patches: bsdiff is missing', 'job: age is missing'],
    });
  });

  it('keeps the machine of each part over several runs', () => {
    const first = merged(job, { machine: { cpu: 'b' }, figures: [figure('job', '')], missing: [] });
    const run = { machine: { cpu: 'c' }, figures: [figure('patches', '')], missing: [] };
    expect(merged(first, run).machines).toEqual({ job: { cpu: 'b' }, patches: { cpu: 'c' } });
  });

  it('uses a run unchanged if there are no earlier figures', () => {
    const { figures } = merged(undefined, job);
    expect(figures).toEqual(job.figures);
  });
});

describe('stagesOf', () => {
  const frame = (id: number, functionName: string, url: string, children: number[] = []) => ({
    id,
    callFrame: { functionName, url },
    children,
  });
  const nodes = [
    frame(1, '(root)', '', [2, 6, 7, 8]),
    frame(2, 'openBundle', 'file:///dist/cli.js', [3, 5]),
    frame(3, 'inflateRawSync', 'node:zlib', [4]),
    frame(4, 'createUnsafeBuffer', 'node:buffer'),
    // A function of this library with the name of a system call.
    frame(5, 'open', 'file:///dist/cli.js'),
    frame(6, '(garbage collector)', ''),
    frame(7, 'open', ''),
    frame(8, '(idle)', ''),
  ];

  it('counts each sample for the innermost frame that is of a stage', () => {
    const samples = [2, 3, 4, 5, 6, 7, 8];
    const timeDeltas = [1, 20, 300, 4, 5000, 60_000, 700_000];
    const times = stagesOf({ nodes, samples, timeDeltas });
    expect(Object.fromEntries([...times].filter(([, ms]) => ms > 0))).toEqual({
      'the rest of our code': 0.005,
      inflate: 0.32,
      'collect garbage': 5,
      'list, open, read and write files': 60,
      'wait for flushes and threads': 700,
    });
  });
});

describe('job-unzip.cjs', () => {
  it('unzips what zipBundle makes, deflated and stored', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bundleseal-bench-test-'));
    try {
      const files = { 'a/b.txt': new Uint8Array(5000).fill(97), 'c.txt': new Uint8Array([1]) };
      await writeFile(join(folder, 'a.zip'), await zipBundle(files));
      unzipAlone(folder, join(folder, 'a.zip'), join(folder, 'out'));
      for (const [path, bytes] of Object.entries(files)) {
        expect(new Uint8Array(await readFile(join(folder, 'out', path)))).toEqual(bytes);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
