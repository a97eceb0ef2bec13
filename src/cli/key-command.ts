// Gets a private key from the output of a command such as `vault kv get`, `op read` or `pass show`, so that the key
// is never on a disk.

import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { BundleSealError } from '../errors.ts';
import { MAX_KEY_LENGTH } from '../keys/pem.ts';
import { followSignals } from '../signals.ts';
import { handledElsewhere, untilAborted } from '../turn.ts';
import { UsageError } from './answer.ts';
import { endProcesses } from './end-processes.ts';

// In milliseconds. The user may have to unlock a key store meanwhile.
const TIMEOUT = 60_000;

/** The abort reason after the timeout. */
const LATE = new Error('it takes too long');

const FLAG = '--key-command';
const NOT_SHOWN =
  'its output is not shown, because it may contain the key: run the command separately to see the output';

/**
 * Runs a command in a shell and returns its standard output. Its standard error is discarded, and it has no input.
 *
 * @param signal - Ends the command.
 * @param timeout - In milliseconds.
 * @throws {@link BundleSealError} `ERR_KEY_INVALID` if the command fails, prints nothing or more than a key, or takes
 * too long. The error contains no part of its output.
 */
export async function runKeyCommand(
  command: string,
  signal: AbortSignal,
  timeout: number = TIMEOUT,
): Promise<Uint8Array> {
  if (command.trim() === '')
    throw new UsageError(`${FLAG} takes a command that prints the key, got an empty text`);
  if (isKey(command)) {
    throw new UsageError(
      `${FLAG} takes a command that prints the key, but the text looks like a key itself`,
    );
  }
  signal.throwIfAborted();
  const child = spawn(command, {
    shell: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
  });
  // Does not use AbortSignal.any and AbortSignal.timeout: Node 20 may collect them as garbage before they abort.
  const stop = followSignals([signal]);
  const timer = setTimeout(() => stop.abort(LATE), timeout);
  const ended = endOf(child);
  const read = async () => {
    const output = await collect(child.stdout);
    const end = await ended;
    if (end === undefined) return output;
    output.fill(0);
    throw failure(`${end}; ${NOT_SHOWN}`);
  };
  try {
    return await untilAborted(read(), stop.signal);
  } catch (error) {
    // Ends the whole process group, because ending the shell would leave the processes that it has started.
    if (child.pid !== undefined && child.exitCode === null) endProcesses(child.pid);
    // Closes the pipe, because one of these processes may keep it open.
    child.stdout.destroy();
    child.unref();
    handledElsewhere(ended);
    signal.throwIfAborted();
    if (error === LATE) throw failure(`took more than ${timeout / 1000} seconds; ${NOT_SHOWN}`);
    throw error;
  } finally {
    clearTimeout(timer);
    stop.release();
  }
}

// The beginnings of a private key in text: DER in base64 or hexadecimal digits, and PEM in base64.
const KEY_BEGINNING = /^["'\s]*(MII[A-Za-z0-9+/_-]{45}|3082[0-9a-f]{60}|LS0tLS1CRUdJTi)/i;

/**
 * Whether the text is a key instead of a command. Running a key in a shell would show parts of it to other users of
 * the machine.
 */
function isKey(text: string): boolean {
  if (/PRIVATE.{1,3}KEY(-|%2D){5}/i.test(text) || KEY_BEGINNING.test(text)) return true;
  return /^["'\s]*\{/.test(text) && /\bkty\b/.test(text);
}

/** Describes how the command failed. Returns `undefined` on success. */
function endOf(child: ReturnType<typeof spawn>): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(failure(`could not be started (${error.code})`));
    });
    child.on('exit', (code, by) => {
      if (code === 0) resolve(undefined);
      else resolve(code === null ? `was ended by ${by}` : `ended with exit code ${code}`);
    });
  });
}

async function collect(stream: Readable): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      pieces.push(piece);
      length += piece.length;
      if (length > MAX_KEY_LENGTH) {
        throw failure(`printed more than the longest key (over ${MAX_KEY_LENGTH} bytes)`);
      }
    }
    return Buffer.concat(pieces);
  } finally {
    for (const piece of pieces) piece.fill(0);
  }
}

function failure(what: string): BundleSealError {
  return new BundleSealError('ERR_KEY_INVALID', `the command of ${FLAG} ${what}`);
}
