// Runs a command in a fresh copy of a folder while one of its calls to the file system fails.

import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runInside } from './cli-inside.ts';
import { ROOT } from './docs.ts';
import { makeFolder, onFileSystem } from './files.ts';

/** The codes of errors that the pages for users list. */
export const DOCUMENTED_CODES: ReadonlySet<string | undefined> = new Set(
  ['docs/errors.md', 'docs/cli.md']
    .flatMap((page) => [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\| `(ERR_[A-Z_]+)`/g)])
    .map(([, code]) => code),
);

const REASONS = ['ENOSPC', 'EACCES', 'EIO', 'EMFILE'] as const;

export interface FaultOutcome {
  /** The number of calls to the file system. */
  readonly calls: number;
  /** The name of the call that failed; '' if none did. */
  readonly failed: string;
  readonly exit: number | null;
  readonly said: string;
}

export interface FaultBench {
  /** The folder that each run starts from. It has an empty `tmp`. */
  readonly template: string;
  /** The copy of it that the run works in. */
  readonly folder: string;
  run(args: readonly string[], number: number, reason: string): Promise<FaultOutcome>;
  /**
   * Runs the command once for each call that may fail, and passes each outcome on.
   *
   * @param calls - The number of calls of a run without a fault.
   * @param maxRuns - How many calls fail at most, in even steps. EVERY_CALL=1 in the environment fails all.
   */
  each(
    args: readonly string[],
    calls: number,
    maxRuns: number,
    check: (outcome: FaultOutcome, what: string) => Promise<void> | void,
  ): Promise<void>;
  remove(): void;
}

export function makeFaultBench(): FaultBench {
  const root = makeFolder();
  const template = join(root, 'template');
  const folder = join(root, 'work');
  mkdirSync(join(template, 'tmp'), { recursive: true });
  const env = {
    TMPDIR: join(folder, 'tmp'),
    BUNDLESEAL_PRIVATE_KEY: undefined,
    CAPGO_PRIVATE_KEY: undefined,
  };

  const run: FaultBench['run'] = async (args, number, reason) => {
    rmSync(folder, { recursive: true, force: true });
    cpSync(template, folder, { recursive: true });
    let calls = 0;
    let failed = '';
    const hooks = {
      before(name: string) {
        calls += 1;
        if (calls !== number) return undefined;
        failed = name;
        const error = new Error(`${reason}: simulated, ${name}`);
        return Object.assign(error, { code: reason, errno: -1, syscall: name });
      },
    };
    const ran = await onFileSystem(hooks, () => runInside(args, { cwd: folder, env }));
    return { calls, failed, exit: ran.code, said: ran.stdout + ran.stderr };
  };

  return {
    template,
    folder,
    run,
    async each(args, calls, maxRuns, check) {
      const stride = process.env['EVERY_CALL'] === undefined ? Math.ceil(calls / maxRuns) : 1;
      for (let number = 1; number <= calls; number += stride) {
        const reason = REASONS[Math.floor(number / stride) % REASONS.length] as string;
        const outcome = await run(args, number, reason);
        await check(
          outcome,
          `call ${number} (${outcome.failed}) of ${args.join(' ')}, ${reason}\n${outcome.said}`,
        );
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
