// Standard input and output and pipes, where a command works on files.
//
// What comes in is needed twice, and what goes out must be verified before a byte of it is released, so both
// lie in a private folder meanwhile.

import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open as openFile, realpath, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BundleSealError } from '../errors.ts';
import { fileError, onFile } from '../files/error.ts';
import { type HeldFolder, holdFolder, holdOwn, removeTree } from '../files/held-folder.ts';
import { cleanTemporaries, forgetTemporary, nameTemporary } from '../files/temporary.ts';
import { UsageError } from './answer.ts';
import type { Context } from './context.ts';
import { openPipe, openPipeForWriting } from './pipe.ts';
import {
  isStandardInput,
  isStandardOutput,
  kindOf,
  STANDARD,
  standardInput,
  standardOutput,
} from './standard.ts';

export { STANDARD };

/** What the names of these folders begin with, behind a full stop. */
export const FOLDER_NAME = 'bundleseal';
const PRIVATE = 0o700;
const MODE_BITS = 0o777;
const UNREADABLE = "can't be read";
const UNWRITABLE = "can't be written";
const REMEDY = 'TMPDIR names the folder for temporary files';

/**
 * A folder that only this user can look into, gone when `work` has ended. What a killed process left is removed first.
 *
 * @throws {@link BundleSealError} `ERR_FILE`: there is no such folder, or no room in it.
 */
export async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const parent = await sayRemedy(holdTemporaries());
  const name = await nameTemporary(FOLDER_NAME);
  const folder = join(parent.real, name);
  try {
    await cleanTemporaries(parent, FOLDER_NAME, (left) => removeOwn(parent, left));
    await sayRemedy(onFile(parent.real, UNWRITABLE, mkdir(parent.at(name), { mode: PRIVATE })));
    const result = await work(folder).catch((error: unknown) => {
      throw withRemedy(error, folder);
    });
    const left = "can't be removed, and has what was opened: remove it";
    const remove = () => removeTree(parent, name);
    // The work is done, so one failure is no reason to say otherwise.
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

/** The system's folder for temporary files. */
async function holdTemporaries(): Promise<HeldFolder & { readonly real: string }> {
  const real = await onFile(tmpdir(), UNWRITABLE, realpath(tmpdir()));
  return { ...(await holdFolder(real, tmpdir())), real };
}

async function sayRemedy<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw withRemedy(error, '');
  }
}

/** An error about a file that the user did not name says where that file comes from. */
function withRemedy(error: unknown, folder: string): unknown {
  if (!(error instanceof BundleSealError) || error.code !== 'ERR_FILE') return error;
  const { message, path = '', cause } = error;
  if (!path.startsWith(folder)) return error;
  return new BundleSealError('ERR_FILE', `${message} (${REMEDY})`, { path, cause });
}

/** The parent is everyone's, so a name proves nothing: only a folder of this user's that nobody else can enter goes. */
async function removeOwn(parent: HeldFolder, name: string): Promise<void> {
  const folder = await holdOwn(parent.at(name), name);
  await folder.close();
  if ((Number(folder.stats.mode) & MODE_BITS) === PRIVATE) await removeTree(parent, name);
}

/**
 * Gives `work` a file: the one named, or what comes from standard input or a pipe.
 *
 * @throws {@link BundleSealError} `ERR_FILE`: it can't be read, or is a device.
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
    await carry(source, createWriteStream(file, { mode: 0o600 }), from, file, signal);
    return work(file);
  });
}

/** A stream, where the path is not one of a file that can be read by positions. */
async function openSource(path: string): Promise<Readable | undefined> {
  if (isStandardInput(path)) return standardInput('the bundle');
  const kind = kindOf(path, await onFile(path, UNREADABLE, stat(path)));
  if (kind === 'pipe') return openPipe(path);
  if (kind === 'null') return createReadStream(path);
  if (kind === 'device') throw fileError(path, "can't be read: it is a device or a socket");
  return undefined;
}

/**
 * Gives `work` a place to write: the one named, or one whose content goes to standard output or a pipe afterwards.
 *
 * @throws {@link UsageError} Standard output is wanted for the JSON object, or is a terminal.
 * @throws {@link BundleSealError} `ERR_FILE`: it can't be written, or its reader went away.
 */
export async function withOutput<T>(
  { signal, isJson }: Context,
  path: string,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const open = await chooseSink(path, isJson);
  if (open === undefined) return work(path);
  return withTemporaryFolder(async (folder) => {
    const file = join(folder, 'output');
    const result = await work(file);
    const to = isStandardOutput(path) ? 'standard output' : path;
    const sink = await open();
    const output = await onFile(file, UNREADABLE, openFile(file));
    // A process that is killed while a slow reader takes it leaves nothing that was opened. Windows may say no.
    await unlink(file).catch(() => {});
    await carry(output.createReadStream(), sink, file, to, signal);
    return result;
  });
}

/** How to open what is no file, or `undefined` where it is one, or nothing yet. */
async function chooseSink(
  path: string,
  isJson: boolean,
): Promise<(() => Writable | Promise<Writable>) | undefined> {
  if (isStandardOutput(path)) {
    if (isJson) {
      throw new UsageError(
        '--json and the output both want standard output: name a file with --out',
      );
    }
    const output = standardOutput();
    return () => output;
  }
  const stats = await stat(path).catch(() => undefined);
  const kind = stats === undefined ? 'other' : kindOf(path, stats);
  if (kind === 'pipe') return () => openPipeForWriting(path);
  if (kind === 'null') return () => createWriteStream(path);
  if (kind === 'device') throw fileError(path, "can't be written: it is a device or a socket");
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
      throw fileError(to, 'was closed by its reader before all of the output was written');
    }
    if (syscall === undefined) throw error;
    throw syscall === 'read'
      ? fileError(from, UNREADABLE, error)
      : fileError(to, UNWRITABLE, error);
  }
}
