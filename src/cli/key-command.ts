// A private key that a command prints, so that it never lies on a disk: `vault kv get`, `op read`, `pass show`.

import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { BundleSealError } from '../errors.ts';
import { MAX_KEY_LENGTH } from '../keys/pem.ts';
import { untilAborted } from '../turn.ts';
import { UsageError } from './answer.ts';

// Milliseconds. A person may have to unlock a key store meanwhile.
const TIMEOUT = 60_000;

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
  if (/^\s*["']?-----BEGIN/.test(command)) {
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
  const stopped = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
  const ended = endOf(child);
  const read = async () => {
    const output = await collect(child.stdout);
    const end = await ended;
    if (end === undefined) return output;
    output.fill(0);
    throw failure(`${end}; ${NOT_SHOWN}`);
  };
  try {
    return await untilAborted(read(), stopped);
  } catch (error) {
    child.kill();
    // A process that the shell started may live on and hold the pipe.
    child.stdout.destroy();
    child.unref();
    ended.catch(() => {});
    signal.throwIfAborted();
    if (stopped.aborted) throw failure(`took more than ${timeout / 1000} seconds; ${NOT_SHOWN}`);
    throw error;
  }
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
