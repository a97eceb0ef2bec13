// Runs the command line in a temporary folder: inside the process of the tests, which takes a tenth of the time, or
// as a process of the built package.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, inject } from 'vitest';
import { inlineWorkers } from '../../build/inline-worker.js';
import { builtOnce } from './built-once.ts';
import { runInside } from './cli-inside.ts';
import { generateFixedPairs, generateRandomPairs } from './fixed-pairs.js';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** Whether to start a process. Standard input and `-` as an argument always need one. */
  readonly isProcess?: boolean;
}

/** A folder to work in and the command line to run there. */
export interface Project {
  readonly folder: string;
  /** The built command line; `useCli` builds it. */
  readonly cli: string;
  path(...parts: string[]): string;
  write(name: string, content: string | Uint8Array): Promise<void>;
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Runs with `--json` and returns the object. */
  json(args: readonly string[], options?: RunOptions): Promise<Record<string, unknown>>;
}

const ROOT = join(import.meta.dirname, '../..');

/** Variables of the machine that would change the behaviour of the command line. */
const UNSET = {
  BUNDLESEAL_PRIVATE_KEY: undefined,
  BUNDLESEAL_KEY_PASSPHRASE: undefined,
  CAPGO_PRIVATE_KEY: undefined,
  CI: undefined,
};

/**
 * Builds the command line once for all files of tests. Inside this process, key generation returns fixed pairs: a test
 * needs a new pair, but not a random one.
 */
export function useCli(): void {
  beforeAll(generateFixedPairs);
  afterAll(generateRandomPairs);
  beforeAll(buildCli);
}

async function buildCli(): Promise<void> {
  await builtOnce('cli.mjs', (outfile) =>
    build({
      entryPoints: [join(ROOT, 'src/cli.ts')],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      plugins: [inlineWorkers()],
      mainFields: ['module', 'main'],
      banner: {
        js: "import { createRequire as createRequire_ } from 'node:module';\nconst require = createRequire_(import.meta.url);",
      },
    }),
  );
}

/** Runs `work` with a new folder, and removes the folder afterwards. */
export async function withProject(work: (project: Project) => Promise<void>): Promise<void> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'bundleseal-project-')));
  const cli = join(inject('runFolder'), 'cli.mjs');
  const path = (...parts: string[]) => join(folder, ...parts);
  let last: Promise<unknown> = Promise.resolve();
  const run = (args: readonly string[], options: RunOptions = {}): Promise<Ran> => {
    const { isProcess = options.stdin !== undefined || args.includes('-'), env } = options;
    if (isProcess) return runIn(folder, process.execPath, [cli, ...args], options);
    // Runs one after another, because all share the folder and streams of this process.
    const ran = last.then(() =>
      runInside(args, { cwd: folder, env: { ...UNSET, ...env }, encoding: 'latin1' }),
    );
    last = ran.catch(() => {});
    return ran;
  };
  try {
    await work({
      folder,
      cli,
      path,
      run,
      async write(name, content) {
        await mkdir(dirname(path(name)), { recursive: true });
        await writeFile(path(name), content);
      },
      async json(args, options) {
        const { stdout } = await run([...args, '--json'], options);
        return JSON.parse(stdout) as Record<string, unknown>;
      },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function runIn(
  cwd: string,
  command: string,
  args: readonly string[],
  { env = {}, stdin }: RunOptions = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...UNSET, ...env } });
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => out.push(piece));
    child.stderr.on('data', (piece: Buffer) => errors.push(piece));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({
        code,
        stdout: Buffer.concat(out).toString('latin1'),
        stderr: Buffer.concat(errors).toString(),
      }),
    );
    child.stdin.on('error', () => {}).end(stdin);
  });
}
