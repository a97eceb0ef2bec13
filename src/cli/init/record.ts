// The record with which `init --undo` undoes the changes of init: the previous content of each file, and the digest
// of the new content. It contains no key.

import { lstat, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { selectBackend } from '../../backend/select.ts';
import { toHex } from '../../bytes.ts';
import { fileError, onFile, UNREADABLE } from '../../files/error.ts';
import { exists } from '../../files/leniency.ts';
import { SEALED } from '../bundle-formats.ts';
import { lockPair } from '../pair-lock.ts';
import { WORKFLOW } from '../release/settings.ts';
import { writeWhole } from '../write-whole.ts';

export const RECORD = '.bundleseal-init.json';

/** The record of a file. */
export interface WrittenFile {
  /** In base64; `null` if there was no such file. */
  readonly before: string | null;
  /** The SHA-256 of the written content. */
  readonly after: string;
  /** What init added to a file that users edit too: lines, and members of package.json. */
  readonly added?: readonly string[];
  /** Whether init removed the file, which had the content `before`. `after` is the digest of the removed content. */
  readonly removed?: true;
}

export interface RecordContent {
  /** False while init writes files, and after init was killed. */
  readonly isFinished: boolean;
  /** The folder of the store on this machine, whose releases need the key. */
  readonly store: string;
  /** The created folders, the outer ones first. */
  readonly folders: readonly string[];
  readonly files: Readonly<Record<string, WrittenFile>>;
}

/** A parsed record, with functions to compare files. */
export interface Written extends RecordContent {
  isAsWritten(path: string, bytes: Uint8Array): Promise<boolean>;
  /** Whether the record's file is still the same. Otherwise another init has written or removed it meanwhile. */
  isCurrent(): Promise<boolean>;
}

export async function digestOf(bytes: Uint8Array): Promise<string> {
  return toHex(await (await selectBackend()).sha256(bytes));
}

/**
 * Reads the record of the current folder. Returns `undefined` if there is none.
 *
 * @param root - The repository's root. Refuses a record with a file or folder that init never makes, because the record may
 * come with a cloned project.
 * @throws {@link BundleSealError} `ERR_FILE` if the record cannot be read, or init did not write it.
 */
export async function readRecord(root: string): Promise<Written | undefined> {
  const there = await lstat(RECORD).catch(() => undefined);
  if (there === undefined) return undefined;
  const text = there.isFile() ? await onFile(RECORD, UNREADABLE, readFile(RECORD, 'utf8')) : '';
  const content = parse(text);
  if (content === undefined || !hasPlacesOfInit(content, root)) {
    throw fileError(RECORD, 'was not written by this version of bundleseal init: remove it');
  }
  return {
    ...content,
    async isAsWritten(path, bytes) {
      const file = content.files[path];
      return file !== undefined && file.after === (await digestOf(bytes));
    },
    async isCurrent() {
      return (await readFile(RECORD, 'utf8').catch(() => undefined)) === text;
    },
  };
}

function parse(text: string): RecordContent | undefined {
  try {
    const { format, isFinished, store, folders, files } = JSON.parse(text);
    const isWhole =
      format === FORMAT &&
      typeof isFinished === 'boolean' &&
      typeof store === 'string' &&
      Array.isArray(folders) &&
      folders.every((one) => typeof one === 'string') &&
      Object.values(files as object).every(
        ({ before, after, added = [] }) =>
          (before === null || typeof before === 'string') &&
          typeof after === 'string' &&
          Array.isArray(added) &&
          added.every((line) => typeof line === 'string'),
      );
    return isWhole ? { isFinished, store, folders, files } : undefined;
  } catch {
    return undefined;
  }
}

const FORMAT = 'bundleseal init 1';

/** Whether init may have made every file and folder: in the project's folders, or the workflow of its repository. */
function hasPlacesOfInit({ files, folders }: RecordContent, root: string): boolean {
  const workflow = workflowPath(root);
  return (
    Object.keys(files).every((path) => path === workflow || isInProject(path)) &&
    folders.every((path) => workflow.startsWith(`${path}/`) || isInProject(path))
  );
}

/**
 * Whether a path lies in the project, and not in a folder of other programs. Where case does not count, `.GIT` is the folder of
 * git, and Windows also has short names such as `GIT~1` and drops a dot at the end of a name.
 */
function isInProject(path: string): boolean {
  return (
    /^[\w.@-]+(\/[\w.@-]+)*$/.test(path) && !/(^|\/)([^/]*\.|\.git|node_modules)(\/|$)/i.test(path)
  );
}

export function workflowPath(root: string): string {
  return join(root, WORKFLOW).replaceAll('\\', '/');
}

/**
 * Runs `work` while no other init changes this folder.
 *
 * @param record - The record that the caller has read.
 * @throws {@link BundleSealError} `ERR_FILE` if another init runs, or has run since the record was read.
 */
export async function withRecord<T>(
  record: Written | undefined,
  work: () => Promise<T>,
): Promise<T> {
  return lockPair(SEALED.privateKeyFile, async () => {
    const isSame = record === undefined ? !(await exists(RECORD)) : await record.isCurrent();
    if (!isSame)
      throw fileError(
        RECORD,
        'was changed by another init meanwhile: run npx bundleseal init again',
      );
    return work();
  });
}

export async function writeRecord(content: RecordContent): Promise<void> {
  const { isFinished, store, folders, files } = content;
  const record = { format: FORMAT, isFinished, store, folders, files };
  const text = `${JSON.stringify(record, undefined, 2)}\n`;
  await writeWhole(RECORD, text, { mode: 0o600, force: true });
}

export async function removeRecord(): Promise<void> {
  await onFile(RECORD, "can't be removed", rm(RECORD, { force: true }));
}
