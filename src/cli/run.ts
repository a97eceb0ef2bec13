// Running a command: its answer printed, its errors turned into messages and exit codes.

import type { Command } from 'commander';
import { BundleSealError } from '../errors.ts';
import { type Answer, Interrupted, UsageError } from './answer.ts';
import { type CommonOptions, type Context, createContext, paint } from './context.ts';

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
      if (context.isJson) {
        const { warnings } = context;
        print({ ...answer.json, ...(warnings.length > 0 && { warnings }) });
      } else if (options.quiet !== true || answer.isBad === true) {
        for (const line of answer.lines) process.stderr.write(`${line}\n`);
      }
      process.exitCode = answer.isBad === true ? EXIT.bad : EXIT.success;
    } catch (error) {
      reportError(error, context.isJson);
    } finally {
      interruption.stop();
    }
  };
}

/** Prints what went wrong and sets the exit code. */
export function reportError(error: unknown, isJson: boolean): void {
  process.exitCode = exitCodeOf(error);
  const said = describeError(error);
  if (isJson) print(said);
  else process.stderr.write(`${paint('red', '✗')} ${said.message}\n  ${paint('dim', said.code)}\n`);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  const isUsage =
    error instanceof UsageError || error instanceof TypeError || error instanceof RangeError;
  return isUsage ? EXIT.usage : EXIT.bad;
}

function describeError(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof BundleSealError) {
    const { code, message, chunkIndex, keyId, offset, path } = error;
    const fields = { chunkIndex, keyId, offset, path };
    return { code, message, ...fields };
  }
  if (error instanceof UsageError || error instanceof Interrupted) {
    return { code: error.code, message: error.message };
  }
  if (error instanceof TypeError || error instanceof RangeError) {
    return { code: 'ERR_USAGE', message: error.message };
  }
  const { code = 'ERR_UNEXPECTED', message = String(error) } = error as NodeJS.ErrnoException;
  return { code, message };
}

function print(object: object): void {
  process.stdout.write(`${JSON.stringify(object)}\n`);
}

/** The first signal aborts, so that temporary files are removed; the second ends at once. */
function followInterruption(): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  const on = (name: 'SIGINT' | 'SIGTERM') => () => {
    const interrupted = new Interrupted(name);
    if (controller.signal.aborted) process.exit(interrupted.exitCode);
    controller.abort(interrupted);
  };
  const handlers = { SIGINT: on('SIGINT'), SIGTERM: on('SIGTERM') };
  process.on('SIGINT', handlers.SIGINT).on('SIGTERM', handlers.SIGTERM);
  return {
    signal: controller.signal,
    stop: () => process.off('SIGINT', handlers.SIGINT).off('SIGTERM', handlers.SIGTERM),
  };
}
