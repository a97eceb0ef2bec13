// Replaces a file atomically: after a crash, the old file or the complete new one exists.

import { constants } from 'node:fs';
import { type FileHandle, link, lstat, open, readFile, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError, onFile, UNWRITABLE } from './error.ts';
import { type HeldFolder, holdFolder, isSameFile } from './held-folder.ts';
import { flushFolder, hasCode, isNotOffered, renamePatiently, whereOffered } from './leniency.ts';
import { type OutputFile, outputFile, UNFLUSHED } from './output-file.ts';
import { findPlace, type Input, type OutputPlace } from './output-place.ts';
import { cleanTemporaries, forgetTemporary, nameTemporary } from './temporary.ts';

export interface ReplaceOptions {
  /** The message of the error if the output exists already. Default: replace it. */
  readonly refusal?: string;
  /**
   * Whether to write in place if a rename cannot replace the file because it is a mount point. If writing in place
   * fails half-way, the error names the file with the new content. Default false: an error.
   */
  readonly inPlace?: boolean;
}

/**
 * Replaces `output` by the content that `fill` writes into a temporary file, which is flushed and renamed. The output
 * gets the mode bits of the input. If it replaces a file, it gets only the mode bits that both files have. If the
 * input is not a file, it gets the mode bits of the previous file, or the default of a new file.
 *
 * On a file system without mode bits, the output has the modes of that system. Without a flush, its content may be
 * lost in a power cut.
 */
export async function replaceFile<T>(
  input: Input,
  output: string,
  signal: AbortSignal | undefined,
  fill: (file: OutputFile) => Promise<T>,
  options: ReplaceOptions = {},
): Promise<T> {
  const place = await findPlace(input, output);
  if (place.before !== undefined && options.refusal !== undefined) {
    throw fileError(output, options.refusal);
  }
  const folder = await holdFolder(dirname(place.target), output);
  const base = basename(place.target);
  const name = await nameTemporary(base);
  const work: Work = { output, place, folder, base, name, signal, options };
  let isKept = false;
  try {
    await cleanTemporaries(folder, base);
    const result = await writeTemporary(work, fill);
    try {
      await putInPlace(work);
    } catch (error) {
      isKept = error instanceof HalfWritten;
      throw isKept ? (error as HalfWritten).cause : error;
    }
    // The file is replaced. An error now would wrongly tell the caller that it is not.
    await flushFolder(folder.path).catch(() => {});
    return result;
  } finally {
    if (!isKept) await unlink(folder.at(name)).catch(() => {});
    forgetTemporary(name);
    await folder.close();
  }
}

interface Work {
  readonly output: string;
  readonly place: OutputPlace;
  /** The folder of the output. */
  readonly folder: HeldFolder;
  /** The names of the output and of the temporary file in this folder. */
  readonly base: string;
  readonly name: string;
  readonly signal: AbortSignal | undefined;
  readonly options: ReplaceOptions;
}

async function writeTemporary<T>(
  { output, place, folder, name, signal }: Work,
  fill: (file: OutputFile) => Promise<T>,
): Promise<T> {
  const { mode, initialMode } = place;
  const beside = `can't be made in its folder ${JSON.stringify(dirname(place.target))}`;
  const handle = await onFile(output, beside, open(folder.at(name), 'wx', initialMode));
  const file = outputFile(output, handle);
  try {
    const result = await fill(file);
    await file.endDirect();
    if (mode !== undefined) await onFile(output, UNWRITABLE, whereOffered(handle.chmod(mode)));
    await onFile(output, UNFLUSHED, whereOffered(handle.sync()));
    await checkStillThere(handle, folder.at(name), output);
    await folder.check();
    // An abort is possible until here, because nothing has been replaced yet.
    signal?.throwIfAborted();
    // A network file system may report a failed write only when the file is closed.
    await onFile(output, UNWRITABLE, handle.close());
    return result;
  } catch (error) {
    await Promise.allSettled([file.endDirect(), handle.close()]);
    throw error;
  }
}

/** Throws if another program has replaced the temporary file. */
async function checkStillThere(handle: FileHandle, path: string, output: string): Promise<void> {
  const written = await onFile(output, UNWRITABLE, handle.stat({ bigint: true }));
  const there = await onFile(output, UNWRITABLE, lstat(path, { bigint: true }));
  if (isSameFile(written, there)) return;
  throw fileError(
    output,
    "can't be written: another program exchanged its temporary file, write into a folder that only this user may change",
  );
}

async function putInPlace(work: Work): Promise<void> {
  const { output, folder, base, name, signal, options, place } = work;
  const [from, to] = [folder.at(name), folder.at(base)];
  if (options.refusal !== undefined) {
    const { refusal } = options;
    await link(from, to).catch((error: unknown) => {
      if (hasCode(error, 'EEXIST')) throw fileError(output, refusal);
      if (!isNotOffered(error)) throw fileError(output, UNWRITABLE, error);
      return claim(work, refusal);
    });
    return;
  }
  try {
    await renamePatiently(from, to, signal);
  } catch (error) {
    signal?.throwIfAborted();
    const isMounted = hasCode(error, 'EBUSY') && options.inPlace === true;
    if (!isMounted || place.before === undefined) throw fileError(output, UNWRITABLE, error);
    await writeOver(work);
  }
}

/**
 * For a file system without hard links: creates an empty file under the name, which fails if the name is taken, and
 * then replaces that file.
 */
async function claim({ output, folder, base, name, signal }: Work, refusal: string): Promise<void> {
  const to = folder.at(base);
  try {
    await (await open(to, 'wx')).close();
  } catch (error) {
    throw hasCode(error, 'EEXIST')
      ? fileError(output, refusal)
      : fileError(output, UNWRITABLE, error);
  }
  try {
    await renamePatiently(folder.at(name), to, signal);
  } catch (error) {
    await unlink(to).catch(() => {});
    signal?.throwIfAborted();
    throw fileError(output, UNWRITABLE, error);
  }
}

/** The output is incomplete, and the temporary file is complete. */
class HalfWritten extends Error {}

async function writeOver({ output, place, folder, base, name }: Work): Promise<void> {
  const content = await onFile(output, UNWRITABLE, readFile(folder.at(name)));
  const flags = constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0);
  const handle = await onFile(output, UNWRITABLE, open(folder.at(base), flags));
  try {
    const stats = await onFile(output, UNWRITABLE, handle.stat({ bigint: true }));
    if (place.before === undefined || !isSameFile(stats, place.before)) {
      throw fileError(output, 'was exchanged meanwhile: try again when nothing else changes it');
    }
    const whole = JSON.stringify(join(dirname(place.target), name));
    const left = `is half-written, and its new content is in ${whole}, which you should copy`;
    try {
      await handle.truncate(0);
      await handle.writeFile(content);
      await whereOffered(handle.sync());
    } catch (error) {
      throw new HalfWritten('', { cause: fileError(output, left, error) });
    }
  } finally {
    await handle.close().catch(() => {});
  }
}
