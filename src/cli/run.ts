// Running a command: its answer printed, its errors turned into messages and exit codes.

import type { Command } from 'commander';
import { BundleSealError } from '../errors.ts';
import { fileError } from '../files/error.ts';
import { type Answer, Interrupted, UsageError } from './answer.ts';
import { type CommonOptions, type Context, createContext } from './context.ts';
import { followInterruption } from './interruption.ts';
import { withoutKeys } from './secrets.ts';
import { print, say } from './terminal.ts';
import { asUsage, inWordsOf } from './wording.ts';

const EXIT = { success: 0, bad: 1, usage: 2 } as const;

export type Work<Options> = (
  context: Context,
  options: Options,
  ...operands: string[]
) => Promise<Answer>;

/** What commander calls; the last two of what it passes are the options and the command. */
export function run<Options>(work: Work<Options>): (...passed: unknown[]) => Promise<void> {
  return async (...passed) => {
    const command = passed.at(-1) as Command;
    const options = command.optsWithGlobals() as Options & CommonOptions;
    const operands = (passed.slice(0, -2) as (string | string[] | undefined)[])
      .flat()
      .filter((operand) => operand !== undefined);
    const interruption = followInterruption();
    const context = createContext(options, interruption.signal);
    try {
      const answer = await work(context, options, ...operands);
      process.exitCode = answer.isBad === true ? EXIT.bad : EXIT.success;
      if (context.isJson) {
        const { warnings } = context;
        await print({ ...answer.json, ...(warnings.length > 0 && { warnings }) });
      } else if (options.quiet !== true || answer.isBad === true) {
        for (const line of answer.lines) say(line);
      }
    } catch (error) {
      const flags = command.options.flatMap(({ long }) => long ?? []);
      // After a signal every error is that the work was stopped, whoever tells it.
      const { aborted, reason } = interruption.signal;
      await reportError(aborted ? reason : error, context.isJson, flags);
    } finally {
      interruption.stop();
    }
  };
}

interface Said {
  readonly code: string;
  readonly message: string;
}

/**
 * Prints what went wrong and sets the exit code.
 *
 * @param flags - Those of the command, so that the message names them and not the library's options.
 */
export async function reportError(
  error: unknown,
  isJson: boolean,
  flags: readonly string[] = [],
): Promise<void> {
  const known = asKnown(error);
  process.exitCode = exitCodeOf(known);
  const { message, ...fields } = fieldsOf(known);
  const said: Said = { ...fields, message: withoutKeys(inWordsOf(flags, message)) };
  if (isJson && (await isPrinted(said))) return;
  say(`✗ ${said.message}`);
  say(`  ${said.code}`, 'dim');
}

async function isPrinted(object: object): Promise<boolean> {
  try {
    await print(object);
    return true;
  } catch {
    return false;
  }
}

/** The error in the terms of docs/cli.md, whoever threw it. */
function asKnown(error: unknown): unknown {
  if (!isSystemError(error)) return asUsage(error);
  if (error.syscall === 'uv_cwd') {
    return fileError(
      '.',
      'is gone: the current folder was removed or moved, change to an existing one',
    );
  }
  return fileError(error.path ?? 'a file', "can't be read or written", error);
}

/** An error of the operating system that nobody has named a file for. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  return error instanceof UsageError ? EXIT.usage : EXIT.bad;
}

function fieldsOf(error: unknown): Said {
  if (error instanceof BundleSealError) {
    const { name: _, ...fields } = error;
    const { path } = fields;
    // A key that was given as a file's name is in the path too.
    return { ...fields, message: error.message, ...(path && { path: withoutKeys(path) }) };
  }
  if (error instanceof UsageError || error instanceof Interrupted) {
    return { code: error.code, message: error.message };
  }
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: 'ERR_UNEXPECTED',
    message: `a fault in bundleseal itself, please report it: ${what}`,
  };
}
