// Runs the command line inside the process of the tests. Some hundred runs take as long as ten processes.

import { main } from '../../src/cli/program.ts';
import type { Ran } from './cli.ts';

export interface InsideOptions {
  readonly cwd: string;
  /** Variables in addition to those of this process. `undefined` removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The encoding of standard output. */
  readonly encoding?: BufferEncoding;
}

type Write = typeof process.stdout.write;

/**
 * Runs one command. Only one may run at a time, because all share the folder, variables and streams of this process.
 */
export async function runInside(args: readonly string[], options: InsideOptions): Promise<Ran> {
  const { cwd, env = {}, encoding = 'utf8' } = options;
  const before = { cwd: process.cwd(), env: { ...process.env }, argv: process.argv };
  const streams = { stdout: process.stdout.write, stderr: process.stderr.write };
  const said: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = ((piece: string | Uint8Array, ...rest: unknown[]) => {
      said[name].push(typeof piece === 'string' ? Buffer.from(piece) : Buffer.from(piece));
      const done = rest.at(-1);
      if (typeof done === 'function') done();
      return true;
    }) as Write;
  }
  process.chdir(cwd);
  process.argv = [...before.argv.slice(0, 2), ...args];
  setVariables(env);
  try {
    await main(args);
    return {
      code: Number(process.exitCode ?? 0),
      stdout: Buffer.concat(said.stdout).toString(encoding),
      stderr: Buffer.concat(said.stderr).toString(),
    };
  } finally {
    process.exitCode = undefined;
    process.stdout.write = streams.stdout;
    process.stderr.write = streams.stderr;
    process.argv = before.argv;
    process.chdir(before.cwd);
    for (const name of Object.keys(env)) setVariables({ [name]: before.env[name] });
  }
}

function setVariables(variables: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
