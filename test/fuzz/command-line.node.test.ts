// Random calls of the command line: none ends with an error that is not its own, hangs, or shows a key.
//
// CLI_CALLS=100000 or CLI_SECONDS=600 in the environment runs longer, and CLI_SEED repeats a run.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encryptBundle } from '../../src/index.ts';
import { zipBundle } from '../../src/zip.ts';
import { useCli, withProject } from '../support/cli.ts';
import { runInside } from '../support/cli-inside.ts';
import { makeFolder } from '../support/files.ts';
import { runs } from '../support/scope.ts';
import { keyB } from '../support/vectors.ts';
import {
  type Call,
  calls,
  changedBy,
  faultOf,
  flagsIn,
  prepare,
  snapshot,
} from './command-line.ts';

useCli();

const SECONDS = Number(process.env['CLI_SECONDS'] ?? Number.NaN);
const RUNS = SECONDS > 0 ? 1e9 : Number(process.env['CLI_CALLS'] ?? runs(300));
const SEED = Number(process.env['CLI_SEED'] ?? 1);
// Of real processes: standard input and a folder that is gone can't be had otherwise.
const PROCESSES = runs(12);
const LIMIT = 120_000;

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

it('the command line handles any arguments, files and variables', async () => {
  expect(flags.length).toBeGreaterThan(20);
  await fc.assert(
    fc.asyncProperty(calls(flags), async (call) => {
      // Standard input of the tests themselves may never end.
      fc.pre(!call.args.some((one) => /^(--[a-z-]+=)?-$/.test(one)));
      prepare(folder, call, sealed.bytes, sealed.seal);
      const before = snapshot(folder);
      const env = { TMPDIR: join(folder, 'tmp'), BUNDLESEAL_PRIVATE_KEY: undefined, ...call.env };
      const ended = await within(LIMIT, runInside(call.args, { cwd: folder, env }));
      const fault = faultOf(ended, folder) ?? changedBy(call, before, folder);
      expect(fault, `${fault}: ${ended.stderr}${ended.stdout}`).toBeUndefined();
    }),
    {
      numRuns: RUNS,
      seed: SEED,
      endOnFailure: true,
      ...(SECONDS > 0 && { interruptAfterTimeLimit: SECONDS * 1000 }),
    },
  );
}, 3_600_000);

it('a process of the command line handles any arguments and any standard input', async () => {
  await withProject(async (project) => {
    const random = fc.sample(fc.tuple(calls(flags), fc.uint8Array()), {
      numRuns: PROCESSES,
      seed: SEED,
    });
    for (const [call, stdin] of random) {
      prepare(project.path('work'), call, sealed.bytes, sealed.seal);
      const env = { ...call.env, TMPDIR: project.path('work', 'tmp') };
      const args = argumentsOf(call);
      const ended = await project.run(args, { env, stdin });
      const fault = faultOf(ended, project.path('work'));
      expect(fault, `${JSON.stringify(args)}: ${ended.stderr}${ended.stdout}`).toBeUndefined();
    }
  });
}, 600_000);

// Only root can become another user, and everyone may write where root may.
const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

it.runIf(isRoot)(
  'the command line handles any arguments in a folder that the user may not write to',
  async () => {
    await withProject(async (project) => {
      const work = project.path('work');
      const program = project.path('cli.mjs');
      cpSync(project.cli, program);
      const random = fc.sample(calls(flags), { numRuns: PROCESSES, seed: SEED + 1 });
      for (const call of [...WRITING, ...random]) {
        prepare(work, call, sealed.bytes, sealed.seal);
        chownSync(join(work, 'tmp'), NOBODY, NOBODY);
        for (const path of [project.folder, work]) chmodSync(path, 0o755);
        const before = snapshot(work);
        const ended = await runAs(program, call, work);
        const fault = faultOf(ended, work) ?? changedBy({ ...call, args: [] }, before, work);
        expect(
          fault,
          `${JSON.stringify(call.args)}: ${ended.stderr}${ended.stdout}`,
        ).toBeUndefined();
        if (WRITING.includes(call)) expect(ended.code, call.args.join(' ')).toBe(1);
      }
    });
  },
  600_000,
);

it.runIf(process.platform === 'linux')(
  'the command line handles any arguments in a folder that was removed',
  async () => {
    await withProject(async (project) => {
      const leave = project.path('leave.mjs');
      // Before the command line begins, its folder is removed.
      await project.write(
        'leave.mjs',
        `import { rmSync } from 'node:fs'; rmSync(process.cwd(), { recursive: true });`,
      );
      const work = project.path('work');
      const random = fc.sample(calls(flags), { numRuns: PROCESSES, seed: SEED + 2 });
      for (const call of [...WRITING, ...random]) {
        prepare(work, call, sealed.bytes, sealed.seal);
        const ended = await runAs(project.cli, call, work, ['--import', leave]);
        const fault = faultOf(ended, project.folder);
        if (WRITING.includes(call)) expect([1, 2], call.args.join(' ')).toContain(ended.code);
        expect(
          fault,
          `${JSON.stringify(call.args)}: ${ended.stderr}${ended.stdout}`,
        ).toBeUndefined();
      }
    });
  },
  600_000,
);

function argumentsOf({ args }: Call): string[] {
  // No argument of a process can be half a character.
  return args.filter((one) => !/[\ud800-\udfff]/.test(one));
}

/** Runs a call as a process of a user who owns nothing, where this user may decide that. */
async function runAs(program: string, call: Call, cwd: string, before: readonly string[] = []) {
  const child = spawn(process.execPath, [...before, program, ...argumentsOf(call)], {
    cwd,
    env: { PATH: process.env['PATH'], TMPDIR: join(cwd, 'tmp'), ...call.env },
    ...(isRoot && before.length === 0 && { uid: NOBODY, gid: NOBODY }),
    timeout: LIMIT,
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (piece: Buffer) => {
      said[name] += piece;
    });
  }
  child.stdin.on('error', () => {}).end();
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

// The commands that users run. All of them write to this folder.
const WRITING: readonly Call[] = [
  ['bundle', 'zip', 'site'],
  ['bundle', 'encrypt', 'site', '--key', 'key'],
  ['bundle', 'encrypt', 'site', '--key', 'key', '--detached', '--out', 'new'],
  ['bundle', 'decrypt', 'app.sealed', '--key', 'key.pub'],
  ['bundle', 'decrypt', 'app.sealed', '--key', 'key.pub', '--extract', 'new'],
  ['bundle', 'reseal', 'app.sealed', '--from', 'key.pub', '--key', 'other'],
  ['key', 'create', '--bits', '3072'],
  ['key', 'save'],
  ['key', 'save', '--module', 'new.ts'],
].map((args) => ({ args, env: {}, files: {} }));

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
