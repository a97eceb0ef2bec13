// Random calls of the command line: none ends with an error that is not its own, hangs, or shows a key.
//
// CLI_CALLS=100000 in the environment runs longer, and CLI_SEED repeats a run.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encryptBundle } from '../../src/index.ts';
import { zipBundle } from '../../src/zip.ts';
import { useCli, withProject } from '../support/cli.ts';
import { runInside } from '../support/cli-inside.ts';
import { makeFolder } from '../support/files.ts';
import { keyB } from '../support/vectors.ts';
import { calls, faultOf, flagsIn, prepare } from './command-line.ts';

useCli();

const RUNS = Number(process.env['CLI_CALLS'] ?? 300);
const SEED = Number(process.env['CLI_SEED'] ?? 1);
// Of real processes: standard input and a folder that is gone can't be had otherwise.
const PROCESSES = 12;
const LIMIT = 20_000;

const root = makeFolder();
const folder = join(root, 'work');
let sealed: { readonly bytes: Uint8Array; readonly seal: string };
let flags: string[] = [];

beforeAll(async () => {
  const zip = await zipBundle({ 'index.html': new TextEncoder().encode('notifyAppReady') });
  sealed = await encryptBundle(zip, { privateKey: keyB.pkcs8 });
  const helps = [];
  for (const name of ['key create', 'key save', 'key rotate', 'doctor']) helps.push(name);
  for (const name of ['zip', 'encrypt', 'decrypt', 'verify', 'inspect', 'reseal', 'convert']) {
    helps.push(`bundle ${name}`);
  }
  let text = '';
  for (const name of helps) {
    text += (await runInside([...name.split(' '), '--help'], { cwd: root })).stdout;
  }
  flags = flagsIn(text);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

it('takes any arguments, files and variables', async () => {
  expect(flags.length).toBeGreaterThan(20);
  await fc.assert(
    fc.asyncProperty(calls(flags), async (call) => {
      prepare(folder, call, sealed.bytes, sealed.seal);
      const env = { TMPDIR: join(folder, 'tmp'), BUNDLESEAL_PRIVATE_KEY: undefined, ...call.env };
      const ended = await within(LIMIT, runInside(call.args, { cwd: folder, env }));
      const fault = faultOf(ended, folder);
      expect(fault, `${fault}: ${ended.stderr}${ended.stdout}`).toBeUndefined();
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: process.env['CLI_CALLS'] === undefined },
  );
}, 3_600_000);

it('takes them as a process too, with any standard input', async () => {
  await withProject(async (project) => {
    const random = fc.sample(fc.tuple(calls(flags), fc.uint8Array()), {
      numRuns: PROCESSES,
      seed: SEED,
    });
    for (const [call, stdin] of random) {
      prepare(project.path('work'), call, sealed.bytes, sealed.seal);
      const env = { ...call.env, TMPDIR: project.path('work', 'tmp') };
      const args = call.args.filter((one) => !/[\ud800-\udfff]/.test(one));
      const ended = await project.run(args, { env, stdin });
      const fault = faultOf(ended, project.path('work'));
      expect(fault, `${JSON.stringify(args)}: ${ended.stderr}${ended.stdout}`).toBeUndefined();
    }
  });
}, 600_000);

async function within<T>(limit: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not end in ${limit} ms`)), limit);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
