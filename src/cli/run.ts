// Runs a command: prints its result, and turns its errors into messages and exit codes.

import type { Command } from 'commander';
import { BundleSealError } from '../errors.ts';
import { fileError } from '../files/error.ts';
import { type Answer, Interrupted, UsageError } from './answer.ts';
import { followInterruption } from './interruption.ts';
import { inWordsOfManager } from './package-manager.ts';
import { print, say, show } from './print.ts';
import { withoutKeys } from './redact.ts';
import { type CommonOptions, type Context, createCommandContext } from './terminal.ts';
import { asUsage, inWordsOf, inWordsOfWorkflow } from './translate-messages.ts';

const EXIT = { success: 0, bad: 1, usage: 2 } as const;

export type CommandAction<Options> = (
  context: Context,
  options: Options,
  ...operands: string[]
) => Promise<Answer>;

/** Makes the action for commander, which passes the operands, the options and the command. */
export function run<Options>(
  work: CommandAction<Options>,
): (...passed: unknown[]) => Promise<void> {
  return async (...passed) => {
    const command = passed.at(-1) as Command;
    const options = command.optsWithGlobals() as Options & CommonOptions;
    const operands = (passed.slice(0, -2) as (string | string[] | undefined)[])
      .flat()
      .filter((operand) => operand !== undefined);
    const interruption = followInterruption();
    const context = createCommandContext(options, interruption.signal);
    try {
      const answer = inWordsOfProject(await work(context, options, ...operands));
      process.exitCode = answer.isBad === true ? EXIT.bad : EXIT.success;
      if (context.isJson) {
        const { warnings } = context;
        await print({ ...answer.json, ...(warnings.length > 0 && { warnings }) });
      } else if (options.quiet !== true || answer.isBad === true) {
        if (answer.isShown === true) await show(answer.lines);
        else for (const line of answer.lines) say(line);
      }
    } catch (error) {
      const flags = command.options.flatMap(({ long }) => long ?? []);
      // After a signal, every error counts as the interruption.
      const { aborted, reason } = interruption.signal;
      await reportError(aborted ? reason : error, context.isJson, flags);
    } finally {
      interruption.stop();
    }
  };
}

/** Rewrites the commands in an answer for the package manager of the project. */
function inWordsOfProject(answer: Answer): Answer {
  const { json, lines, rewrites = 'lines' } = answer;
  if (rewrites === 'nothing') return answer;
  const told = { ...answer, lines: lines.map(inWordsOfManager) };
  if (rewrites === 'lines') return told;
  const inWords = (_: string, value: unknown) =>
    typeof value === 'string' ? inWordsOfManager(value) : value;
  return { ...told, json: JSON.parse(JSON.stringify(json), inWords) };
}

interface Said {
  readonly code: string;
  readonly message: string;
}

/**
 * Prints an error and sets the exit code.
 *
 * @param flags - The flags of the command, which the message names instead of the library's options.
 */
export async function reportError(
  error: unknown,
  isJson: boolean,
  flags: readonly string[] = [],
): Promise<void> {
  const known = asKnown(error);
  process.exitCode = exitCodeOf(known);
  const { message, ...fields } = fieldsOf(known);
  const told = inWordsOfManager(inWordsOf(flags, inWordsOfWorkflow(message, process.env)));
  const said: Said = { ...fields, message: withoutKeys(told) };
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

/** Converts any error to an error that docs/cli.md lists. */
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

/** Whether an error comes from the operating system and has no file name in its message. */
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
    // Hides keys in the path too, because a key may have been passed as a file name.
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
