// Connects standard input, standard output and pipes to commands that work on files.
//
// Commands read the input twice, and must verify the output before they release a byte of it. Therefore both are
// stored in a private folder meanwhile.

import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open as openFile, realpath, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BundleSealError } from '../errors.ts';
import { PERMISSION_BITS, PRIVATE_FILE, PRIVATE_FOLDER } from '../files/calls.ts';
import { fileError, onFile, UNREADABLE, UNWRITABLE } from '../files/error.ts';
import { type HeldFolder, holdFolder, holdOwn, removeTree } from '../files/held-folder.ts';
import { cleanTemporaries, forgetTemporary, nameTemporary } from '../files/temporary.ts';
import { UsageError } from './answer.ts';
import { openPipeForWriting, openPipeNow } from './pipe.ts';
import {
  isStandardInput,
  isStandardOutput,
  pathKindOf,
  STANDARD,
  standardInput,
  standardOutput,
} from './standard-streams.ts';
import type { Context } from './terminal.ts';

export { STANDARD };

/** The names of these folders begin with a dot and this text. */
export const FOLDER_NAME = 'bundleseal';
const REMEDY = 'TMPDIR names the folder for temporary files';

/**
 * Runs `work` with a folder that only this user can read, and removes the folder afterwards. First removes the
 * folders of killed processes.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if the folder cannot be created.
 */
export async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const parent = await sayRemedy(holdTemporaries());
  const name = await nameTemporary(FOLDER_NAME);
  const folder = join(parent.real, name);
  try {
    await cleanTemporaries(parent, FOLDER_NAME, (left) => removeOwn(parent, left));
    await sayRemedy(
      onFile(parent.real, UNWRITABLE, mkdir(parent.at(name), { mode: PRIVATE_FOLDER })),
    );
    const result = await work(folder).catch((error: unknown) => {
      throw withRemedy(error, folder);
    });
    const left = "can't be removed and contains the opened content: remove it";
    const remove = () => removeTree(parent, name);
    // Tries again after a failure, because the work has succeeded.
    await onFile(folder, left, remove().catch(remove));
    return result;
  } catch (error) {
    await removeTree(parent, name).catch(() => {});
    throw error;
  } finally {
    forgetTemporary(name);
    await parent.close();
  }
}

/** Opens the system's folder for temporary files. */
async function holdTemporaries(): Promise<HeldFolder & { readonly real: string }> {
  const real = await onFile(tmpdir(), UNWRITABLE, realpath(tmpdir()));
  return { ...(await holdFolder(real, tmpdir())), real };
}

function sayRemedy<T>(work: Promise<T>): Promise<T> {
  return sayRemedyIn('', work);
}

/** Adds the remedy to errors about files whose paths begin with `folder`. */
async function sayRemedyIn<T>(folder: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw withRemedy(error, folder);
  }
}

/** Adds to an error about a temporary file where that file comes from. */
function withRemedy(error: unknown, folder: string): unknown {
  if (!(error instanceof BundleSealError) || error.code !== 'ERR_FILE') return error;
  const { message, path = '', cause } = error;
  if (!path.startsWith(folder) || message.includes('TMPDIR')) return error;
  return new BundleSealError('ERR_FILE', `${message} (${REMEDY})`, { path, cause });
}

/**
 * Every user may write to the parent, so the name is not enough: removes only folders of this user that no other user
 * can enter.
 */
async function removeOwn(parent: HeldFolder, name: string): Promise<void> {
  const folder = await holdOwn(parent.at(name), name);
  await folder.close();
  if ((Number(folder.stats.mode) & PERMISSION_BITS) === PRIVATE_FOLDER)
    await removeTree(parent, name);
}

/**
 * Runs `work` with a file: the named one, or a copy of standard input or of a pipe.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if the input cannot be read or is a device.
 */
export async function withInput<T>(
  { signal }: Context,
  path: string,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const source = await openSource(path);
  if (source === undefined) return work(path);
  return withTemporaryFolder(async (folder) => {
    const file = join(folder, 'input');
    const from = path === STANDARD ? 'standard input' : path;
    await carry(source, createWriteStream(file, { mode: PRIVATE_FILE }), from, file, signal);
    return work(file);
  });
}

/** Opens a stream, if the path is not a file that can be read at any position. */
async function openSource(path: string): Promise<Readable | undefined> {
  if (isStandardInput(path)) return standardInput('the bundle');
  const kind = pathKindOf(path, await onFile(path, UNREADABLE, stat(path)));
  if (kind === 'pipe') return openPipeNow(path);
  if (kind === 'null') return createReadStream(path);
  if (kind === 'device')
    throw fileError(path, "can't be read: it is a device or a socket, pass a file or a pipe");
  return undefined;
}

/**
 * Runs `work` with an output: the named one, or a temporary file that is copied to standard output or a pipe
 * afterwards.
 *
 * @param unnamed - Writes an unnamed file instead of a temporary one. Nothing of it remains if the process is killed.
 * @throws {@link UsageError} if standard output is needed for the JSON object, or is a terminal.
 * @throws {@link BundleSealError} `ERR_FILE` if the output cannot be written, or its reader closes it.
 */
export async function withOutput<T>(
  { signal, isJson }: Context,
  path: string,
  work: (path: string) => Promise<T>,
  unnamed?: () => Promise<{ readonly result: T; readonly handle: FileHandle }>,
): Promise<T> {
  const open = await chooseSink(path, isJson);
  if (open === undefined) return work(path);
  if (unnamed !== undefined) {
    const { result, handle } = await sayRemedyIn(join(tmpdir(), FOLDER_NAME), unnamed());
    const to = isStandardOutput(path) ? 'standard output' : path;
    try {
      const source = handle.createReadStream({ start: 0, autoClose: false });
      await carry(source, await open(), 'a temporary file', to, signal);
      return result;
    } finally {
      await handle.close();
    }
  }
  return withTemporaryFolder(async (folder) => {
    const file = join(folder, 'output');
    const result = await work(file);
    const to = isStandardOutput(path) ? 'standard output' : path;
    const sink = await open();
    const output = await onFile(file, UNREADABLE, openFile(file));
    // Unlinks the open file first, so that a process that is killed during the copy leaves no plain bundle. Windows
    // may refuse this.
    await unlink(file).catch(() => {});
    await carry(output.createReadStream(), sink, file, to, signal);
    return result;
  });
}

/**
 * Returns how to open an output that is not a file, or `undefined` for a file, also one that does not exist yet.
 */
async function chooseSink(
  path: string,
  isJson: boolean,
): Promise<(() => Writable | Promise<Writable>) | undefined> {
  if (isStandardOutput(path)) {
    if (isJson) {
      throw new UsageError(
        '--json and --out - both write to standard output: name a file with --out',
      );
    }
    const output = standardOutput();
    return () => output;
  }
  const stats = await stat(path).catch(() => undefined);
  const kind = stats === undefined ? 'other' : pathKindOf(path, stats);
  if (kind === 'pipe') return () => openPipeForWriting(path);
  if (kind === 'null') return () => createWriteStream(path);
  if (kind === 'device')
    throw fileError(path, "can't be written: it is a device or a socket, name a file or a pipe");
  return undefined;
}

async function carry(
  source: Readable,
  sink: Writable,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await pipeline(source, sink, { signal, end: sink !== process.stdout });
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === 'EPIPE') {
      throw fileError(
        to,
        'was closed by its reader before all of the output was written: check why that program stopped reading',
      );
    }
    if (syscall === undefined) throw error;
    throw syscall === 'read'
      ? fileError(from, UNREADABLE, error)
      : fileError(to, UNWRITABLE, error);
  }
}
