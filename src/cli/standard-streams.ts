// Standard input and output as data of a command.

import { fstatSync, type Stats } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { fileError, UNREADABLE } from '../files/error.ts';
import { UsageError } from './answer.ts';
import { say } from './print.ts';

export const STANDARD = '-';

const INPUT_NAMES: readonly string[] = [STANDARD, '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'];
const OUTPUT_NAMES: readonly string[] = [STANDARD, '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'];

export function isStandardInput(path: string): boolean {
  return INPUT_NAMES.includes(path);
}

export function isStandardOutput(path: string): boolean {
  return OUTPUT_NAMES.includes(path);
}

/**
 * Opens standard input. On a terminal, tells the user that the command waits for input.
 *
 * @param what - Name of the content, e.g. "the key".
 * @throws {@link BundleSealError} `ERR_FILE` if standard input is not open for reading.
 */
export function standardInput(what: string): Readable {
  if (isFolder())
    throw fileError('standard input', "can't be read: it is a folder, redirect a file into it");
  if (process.stdin.isTTY === true) {
    say(`  reading ${what} from this terminal: end it with Ctrl-D, or stop with Ctrl-C`);
  }
  try {
    const { stdin } = process;
    if (!stdin.readableDidRead) return stdin;
    throw new UsageError('standard input is named twice: pass one of the two as a file');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw fileError('standard input', UNREADABLE, error);
  }
}

/** Checks for a folder, because the runtime reads one as an empty stream. */
function isFolder(): boolean {
  try {
    return fstatSync(0).isDirectory();
  } catch {
    // A closed standard input counts as empty.
    return false;
  }
}

/**
 * Opens standard output for bytes.
 *
 * @throws {@link UsageError} if it is a terminal, which would interpret the bytes as commands.
 */
export function standardOutput(): Writable {
  if (process.stdout.isTTY !== true) return process.stdout;
  throw new UsageError(
    'the output is binary and standard output is a terminal: name a file with --out, or pipe the output to a program',
  );
}

/** The kinds of paths that differ in reading and writing. */
export type PathKind = 'pipe' | 'null' | 'device' | 'other';

export function pathKindOf(path: string, stats: Stats): PathKind {
  if (stats.isFIFO()) return 'pipe';
  if (path === '/dev/null') return 'null';
  return stats.isCharacterDevice() || stats.isBlockDevice() || stats.isSocket()
    ? 'device'
    : 'other';
}
