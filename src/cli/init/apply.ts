// Writes a plan completely or not at all.

import { lstat, mkdir, readFile, realpath, rmdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, relative, sep } from 'node:path';
import { fileError, onFile, UNREADABLE } from '../../files/error.ts';
import { holdFolder } from '../../files/held-folder.ts';
import { exists } from '../../files/leniency.ts';
import type { OutputFile } from '../../files/output-file.ts';
import { replaceFile } from '../../files/replace.ts';
import { cleanTemporaries } from '../../files/temporary.ts';
import { SEALED } from '../bundle-formats.ts';
import { isViteConfig } from '../config/dev-server.ts';
import { placePair } from '../key-pair.ts';
import { linesWithCall } from './entry-module.ts';
import type { Change } from './plan.ts';
import { bytesOf } from './read.ts';
import {
  digestOf,
  RECORD,
  type RecordContent,
  removeRecord,
  type WrittenFile,
  writeRecord,
} from './record.ts';
import { addedLines, addedMembers, placeOfMember, withoutLines, withoutMembers } from './remove.ts';
import type { Removal } from './unused.ts';

export const IGNORED = '.gitignore';
/** Whether a file stays as long as the private key does. */
export function isOfKey(path: string): boolean {
  const { privateKeyFile, publicKeyFile } = SEALED;
  return [privateKeyFile, publicKeyFile, IGNORED].includes(path) || isViteConfig(path);
}
export const PACKAGE = 'package.json';

const CHANGED = 'was changed meanwhile: try again when nothing writes to it';
const APPEARED = 'appeared meanwhile: run npx bundleseal init again';

export interface NewPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

/**
 * Writes the changes and the new pair. If a file cannot be written, or the work is aborted, all changes are undone. A
 * killed process leaves a record, with which the next run undoes its changes.
 *
 * @param before - The record of an earlier run. The caller holds its lock.
 * @param removals - Files of an earlier run to remove.
 * @param root - The repository's root.
 */
export async function applyChanges(
  changes: readonly Change[],
  pair: NewPair | undefined,
  {
    before,
    removals,
    root,
    store,
    signal,
  }: {
    readonly before: RecordContent | undefined;
    readonly removals: readonly Removal[];
    readonly root: string;
    readonly store: string;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  for (const { path } of [...changes, ...removals]) await checkPlace(path, root);
  const folders = await missingFolders(changes);
  const files: Record<string, WrittenFile> = {};
  for (const { path, before: old, after, isEntry = false } of changes) {
    const isEdited = old !== undefined || path === IGNORED || isEntry;
    files[path] = {
      before: old?.toString('base64') ?? null,
      after: await digestOf(after),
      ...(isEdited && { added: await additionsTo(path, old ?? Buffer.of(), after) }),
    };
  }
  for (const { path, before: old } of removals)
    files[path] = { before: old.toString('base64'), after: await digestOf(old), removed: true };
  const { privateKeyFile, publicKeyFile } = SEALED;
  if (pair !== undefined) {
    for (const [path, text] of [
      [privateKeyFile, pair.privateKey],
      [publicKeyFile, pair.publicKey],
    ] as const) {
      if (await exists(path)) throw fileError(path, APPEARED);
      files[path] = { before: null, after: await digestOf(Buffer.from(text)) };
    }
  }
  const record = { isFinished: false, store, folders, files };
  const all = await merged(before, record);
  await writeRecord(all);
  try {
    for (const folder of folders) await onFile(folder, "can't be made", mkdir(folder));
    // Writes .gitignore first, so that git ignores the key from the beginning.
    for (const change of changes) if (change.path === IGNORED) await writeChange(change);
    const write = async () => {
      for (const change of changes) {
        signal.throwIfAborted();
        if (change.path !== IGNORED) await writeChange(change);
      }
      signal.throwIfAborted();
      for (const removal of removals) await removeFile(removal, before?.folders ?? []);
      // Before the first run, the file was not there either: nothing is left to undo.
      const isOpen = ([path, file]: [string, WrittenFile]) =>
        file.before !== null || !removals.some((one) => one.path === path);
      const left = Object.fromEntries(Object.entries(all.files).filter(isOpen));
      await writeRecord({ ...all, files: left, isFinished: true });
    };
    if (pair === undefined) await write();
    else await placePair(privateKeyFile, pair, write);
  } catch (error) {
    // Removes the new key too, because it has not been used.
    await undoChanges(record, root);
    if (before === undefined) await removeRecord();
    else await writeRecord(before);
    throw error;
  }
}

/** For a file that both runs wrote, the earlier record has the original content. */
async function merged(
  earlier: RecordContent | undefined,
  later: RecordContent,
): Promise<RecordContent> {
  if (earlier === undefined) return later;
  const files: Record<string, WrittenFile> = { ...earlier.files };
  for (const [path, file] of Object.entries(later.files)) {
    const { before = file.before, after, added = [] } = earlier.files[path] ?? {};
    const between = file.before === null ? undefined : Buffer.from(file.before, 'base64');
    const isEdited = after !== undefined && between && (await digestOf(between)) !== after;
    const placeOf = path === PACKAGE ? placeOfMember : (line: string) => line;
    const replaced = new Set(file.added?.map(placeOf));
    const all = [...added.filter((one) => !replaced.has(placeOf(one))), ...(file.added ?? [])];
    // The original content lacks what the user has changed between the runs, so undo must not restore it as a whole.
    files[path] = {
      before,
      after: isEdited ? '' : file.after,
      ...(all.length > 0 && { added: all }),
      ...(file.removed && before !== null && { removed: true }),
    };
  }
  return { ...later, folders: [...new Set([...earlier.folders, ...later.folders])], files };
}

async function writeChange({ path, before, after }: Change): Promise<void> {
  if (before !== undefined) return replaceBytes(path, before, after);
  const write = (output: OutputFile) => output.write(after, 0);
  await replaceFile({ mode: 0o666 }, path, undefined, write, { refusal: APPEARED });
}

/** Replaces a file atomically if it has not changed. Keeps its mode. */
async function replaceBytes(path: string, before: Uint8Array, after: Uint8Array): Promise<void> {
  const { mode } = await onFile(path, UNREADABLE, stat(path));
  const write = async (output: OutputFile) => {
    await output.write(after, 0);
    const there = await onFile(path, UNREADABLE, readFile(path));
    if (!there.equals(before)) {
      throw fileError(path, CHANGED);
    }
  };
  await replaceFile({ mode }, path, undefined, write, { inPlace: true });
}

/** Removes a file if it has not changed, and then the folders that init made for it, if they are empty. */
async function removeFile(
  { path, before }: Removal,
  folders: RecordContent['folders'],
): Promise<void> {
  const there = await onFile(path, UNREADABLE, readFile(path));
  if (!there.equals(before)) throw fileError(path, CHANGED);
  await onFile(path, "can't be removed", unlink(path));
  for (const folder of [...folders].reverse())
    if (path.startsWith(`${folder}/`)) await rmdir(folder).catch(() => {});
}

/** Lists the folders to create, the outer ones first. */
async function missingFolders(changes: readonly Change[]): Promise<string[]> {
  const missing = new Set<string>();
  for (const { path } of changes) {
    const chain: string[] = [];
    for (let at = dirname(path); at !== '.' && !(await exists(at)); at = dirname(at))
      chain.push(at);
    for (const folder of chain.reverse()) missing.add(folder.split(sep).join('/'));
  }
  return [...missing];
}

/**
 * Refuses a file that a link takes out of the repository.
 *
 * @throws {@link BundleSealError} `ERR_FILE`.
 */
export async function checkPlace(path: string, root: string): Promise<void> {
  let at = path;
  while (at !== '.' && (await lstat(at).catch(() => undefined)) === undefined) at = dirname(at);
  const place = await onFile(path, 'leads through a link to nothing', realpath(at));
  const way = relative(await realpath(root), place);
  if (way === '..' || way.startsWith(`..${sep}`) || /^(\/|[A-Za-z]:)/.test(way)) {
    throw fileError(path, 'leads out of the project through a link: init writes nothing there');
  }
}

/** The present state of a file in a record. `as before`: nothing is left to undo, as in a file that is gone. */
export type FileState = 'written' | 'as before' | 'changed';

export async function stateOf(
  path: string,
  { before, after, removed }: WrittenFile,
): Promise<FileState> {
  const bytes = await bytesOf(path);
  if (bytes === undefined) return removed === true ? 'written' : 'as before';
  if (before !== null && bytes.equals(Buffer.from(before, 'base64'))) return 'as before';
  if ((await digestOf(bytes)) === after) return 'written';
  // A file that appeared after the removal is the user's.
  return removed === true ? 'as before' : 'changed';
}

/**
 * Restores the previous content of files, and removes new files. Does not touch a file that was changed since.
 *
 * @returns The files that were not touched.
 */
export async function undoChanges(
  { files, folders }: Pick<RecordContent, 'files' | 'folders'>,
  root: string,
): Promise<string[]> {
  const changed: string[] = [];
  // Removes the private key before the lines of .gitignore that protect it.
  const paths = Object.keys(files).sort(
    (a, b) => Number(b === SEALED.privateKeyFile) - Number(a === SEALED.privateKeyFile),
  );
  for (const path of paths) {
    const file = files[path] as WrittenFile;
    const state = await stateOf(path, file);
    if (state === 'as before') continue;
    if (state === 'changed') {
      changed.push(path);
      continue;
    }
    await checkPlace(path, root);
    if (file.before === null) await onFile(path, "can't be removed", unlink(path));
    else await restore(path, Buffer.from(file.before, 'base64'));
  }
  for (const path of [...paths, RECORD]) await cleanUp(path);
  // A folder with other files is kept.
  for (const folder of [...folders].reverse()) await rmdir(folder).catch(() => {});
  return changed;
}

async function restore(path: string, content: Buffer): Promise<void> {
  const present = await bytesOf(path);
  if (present !== undefined) return replaceBytes(path, present, content);
  const folder = dirname(path);
  await onFile(folder, "can't be made", mkdir(folder, { recursive: true }));
  await writeChange({ path, about: '', after: content });
}

/**
 * Returns the content of a file that was changed since, without the lines of init. Keeps all other bytes.
 *
 * @returns `undefined` if the lines of init were changed. The user has to remove them by hand.
 */
export async function withoutAdded(
  path: string,
  { before, added }: WrittenFile,
): Promise<Edit | undefined> {
  const now = await bytesOf(path);
  if (now === undefined || added === undefined) return undefined;
  const earlier = Buffer.from(before ?? '', 'base64');
  const after =
    path === PACKAGE
      ? await withoutMembers(now.toString(), earlier.toString(), added)
      : withoutLines(now.toString('latin1'), added, path !== IGNORED);
  if (after === undefined) return undefined;
  // The user has changed the call: without the import of init the app would not build.
  if (path !== PACKAGE && path !== IGNORED && linesWithCall(after).length > 0) return undefined;
  return { before: now, after: Buffer.from(after, path === PACKAGE ? 'utf8' : 'latin1') };
}

/**
 * Returns the lines that init adds to a file that others edit too, without indentation. Latin-1 keeps every byte, because the
 * file may be in any encoding.
 */
async function additionsTo(path: string, before: Buffer, after: Buffer): Promise<string[]> {
  if (path === PACKAGE) return addedMembers(before.toString(), after.toString());
  const trimmed = (line: string) => line.trim();
  const [earlier, later] = [before, after].map((bytes) => bytes.toString('latin1'));
  return addedLines(earlier as string, later as string, trimmed).map(trimmed);
}

/** The bytes of a file, and the bytes that replace them. */
export interface Edit {
  readonly before: Buffer;
  readonly after: Buffer;
}

/** Takes the lines of init out of a file, if it has not changed since they were looked up. */
export async function applyEdit(
  path: string,
  { before, after }: Edit,
  root: string,
): Promise<void> {
  await checkPlace(path, root);
  await replaceBytes(path, before, after);
}

/** Removes temporary files of a killed process. */
async function cleanUp(path: string): Promise<void> {
  const place = dirname(path);
  if (!(await exists(place))) return;
  const folder = await holdFolder(place, path);
  try {
    await cleanTemporaries(folder, basename(path));
  } finally {
    await folder.close();
  }
}
