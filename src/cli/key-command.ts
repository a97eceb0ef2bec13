// A private key that a command prints, so that it never lies on a disk: `vault kv get`, `op read`, `pass show`.

import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { BundleSealError } from '../errors.ts';
import { MAX_KEY_LENGTH } from '../keys/pem.ts';
import { followSignals } from '../signals.ts';
import { untilAborted } from '../turn.ts';
import { UsageError } from './answer.ts';
import { endProcesses } from './end-processes.ts';

// Milliseconds. A person may have to unlock a key store meanwhile.
const TIMEOUT = 60_000;

/** The reason of a stop that the caller did not ask for. */
const LATE = new Error('it takes too long');

const FLAG = '--key-command';
const NOT_SHOWN =
  'what it prints is not shown, as it may hold the key: run it by itself to see that';

/**
 * What a command prints to its standard output. The shell runs it; its other output goes nowhere, and it has no input.
 *
 * @param signal - Ends the command.
 * @param timeout - Milliseconds.
 * @throws {@link BundleSealError} `ERR_KEY_INVALID`: the command failed, printed nothing or more than a key, or took too
 * long. No part of its output is in the error.
 */
export async function runKeyCommand(
  command: string,
  signal: AbortSignal,
  timeout: number = TIMEOUT,
): Promise<Uint8Array> {
  if (command.trim() === '') throw new UsageError(`${FLAG} takes a command: it is empty`);
  if (isKey(command)) {
    throw new UsageError(
      `${FLAG} takes a command that prints the key, and what was passed looks like a key itself`,
    );
  }
  signal.throwIfAborted();
  const child = spawn(command, {
    shell: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
  });
  // AbortSignal.any and AbortSignal.timeout may be collected as garbage, in Node 20, before they abort.
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
    // The shell alone would leave what it has started.
    if (child.pid !== undefined && child.exitCode === null) endProcesses(child.pid);
    // One of them may live on and hold the pipe.
    child.stdout.destroy();
    child.unref();
    ended.catch(() => {});
    signal.throwIfAborted();
    if (error === LATE) throw failure(`took more than ${timeout / 1000} seconds; ${NOT_SHOWN}`);
    throw error;
  } finally {
    clearTimeout(timer);
    stop.release();
  }
}

// How a private key begins in each form that is only text: DER in base64 or hexadecimal digits, and PEM in base64.
const KEY_BEGINNING = /^["'\s]*(MII[A-Za-z0-9+/_-]{45}|3082[0-9a-f]{60}|LS0tLS1CRUdJTi)/i;

/** Whether the text is a key and no command. A shell that ran it would show parts of it to other users of the machine. */
function isKey(text: string): boolean {
  if (/PRIVATE.{1,3}KEY(-|%2D){5}/i.test(text) || KEY_BEGINNING.test(text)) return true;
  return /^["'\s]*\{/.test(text) && /\bkty\b/.test(text);
}

/** How the command failed, for people; nothing for a success. */
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
        throw failure(`printed more than a key has (over ${MAX_KEY_LENGTH} bytes)`);
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
