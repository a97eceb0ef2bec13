// init --undo: undoes the changes of init.

import { readdir } from 'node:fs/promises';
import { exists } from '../../files/leniency.ts';
import { type Answer, UsageError } from '../answer.ts';
import { SEALED } from '../bundle-formats.ts';
import { isViteConfig } from '../config/dev-server.ts';
import { warnOfKeyInGit } from '../git.ts';
import { typedCommands } from '../package-manager.ts';
import { say } from '../print.ts';
import { findRoot } from '../project.ts';
import type { Context } from '../terminal.ts';
import {
  applyEdit,
  type Edit,
  type FileState,
  IGNORED,
  isOfKey,
  PACKAGE,
  stateOf,
  undoChanges,
  withoutAdded,
} from './apply.ts';
import { findUses } from './find-imports.ts';
import { uninstallCommand } from './project.ts';
import { bytesOf } from './read.ts';
import {
  RECORD,
  type RecordContent,
  readRecord,
  removeRecord,
  type WrittenFile,
  withRecord,
  workflowPath,
  writeRecord,
} from './record.ts';
import { planRemoval } from './removal.ts';
import { changedMembers } from './remove.ts';
import { describeCode, listed } from './undo-lines.ts';
import { removedWorkflowLines, visitorLines } from './undo-next.ts';

export async function undoInit(
  context: Context,
  {
    yes,
    dryRun,
    deleteKey,
    removeWorker,
    asks,
  }: {
    readonly yes: boolean;
    readonly dryRun: boolean;
    readonly deleteKey: boolean;
    readonly removeWorker: boolean;
    readonly asks: boolean;
  },
): Promise<Answer> {
  const { root, hosting } = findRoot();
  const written = await readRecord(root);
  // The script is useful after the record has gone, too.
  const record = written ?? (removeWorker ? NO_RECORD : undefined);
  if (record === undefined) {
    throw new UsageError(
      `there is no ${RECORD} here: init has written nothing in this folder, or its changes were undone`,
    );
  }
  if (!asks && !yes && !dryRun) {
    throw new UsageError(
      'init --undo asks first, and there is no terminal: pass --yes, or --dry-run to see what would be undone',
    );
  }
  const removal = removeWorker ? await planRemoval(record) : undefined;
  const hasReleases = await exists(`${record.store}/channels`);
  const { taken, edits, kept, absent } = await divide(record, deleteKey);
  const isRecordKept = kept.some((one) => !one.isOfUser);
  const made = taken.filter((path) => record.files[path]?.before === null);
  const restored = taken.filter((path) => !made.includes(path));
  const removed = isRecordKept || written === undefined ? made : [...made, RECORD];
  const edited = [...edits.keys()];
  const stays = kept.map(({ path, reason }) => ({ path, reason }));
  const isRecorded = (path: string) => kept.some((one) => one.path === path && !one.isOfUser);
  if (isRecordKept) stays.push({ path: RECORD, reason: 'init --undo reads it' });
  const script = kept.some(({ path }) => WORKER.test(path)) ? undefined : removal;
  const scripts = script === undefined ? [] : [script.path];
  const json = { dryRun, removed, restored, edited, kept: stays, written: scripts };
  const lineOf = ({ path, reason }: Pick<Kept, 'path' | 'reason'>) =>
    `  ! ${path} stays: ${reason}`;
  const lines = [
    ...scripts.map((path) => `  + ${path}, which removes the service worker from browsers`),
    ...removed.map((path) => `  - ${path}`),
    ...restored.map((path) => `  ~ ${path}, as it was before`),
    ...edited.map((path) => `  ~ ${path}, without what init added`),
    ...stays.map(lineOf),
  ];
  const isBad = kept.some((one) => one.isBad);
  if (kept.some((one) => one.isInUse)) {
    return {
      json: { ...json, removed: [], restored: [], edited: [], written: [] },
      lines: [
        '✗ nothing is undone while other files of the project use those of init. First follow these lines:',
        ...kept.filter((one) => one.isBad).map(lineOf),
      ],
      isBad,
    };
  }
  const done = script !== undefined && taken.length + edits.size === 0 ? 'written' : 'undone';
  const part = isBad ? ', and the rest after you have followed the lines with !' : '';
  if (dryRun) return { json, lines: [`This would be ${done}${part}:`, ...lines], isBad };
  if (!yes) {
    for (const line of [`This will be ${done}${part}:`, ...lines]) say(line);
    if (!(await context.confirm(done === 'undone' ? 'Undo it?' : 'Write it?')))
      return {
        json: { ...json, removed: [], restored: [], edited: [], written: [] },
        lines: ['  nothing was changed'],
      };
  }
  const files = Object.fromEntries(
    Object.entries(record.files).filter(([path]) => !kept.some((one) => one.path === path)),
  );
  const workflow = workflowPath(root);
  const workflowText = taken.includes(workflow) ? (await bytesOf(workflow))?.toString() : undefined;
  await withRecord(written, async () => {
    for (const [path, edit] of edits) await applyEdit(path, edit, root);
    await undoChanges({ files, folders: record.folders }, root);
    await script?.write();
    if (!isRecordKept) return removeRecord();
    // Another branch of git may have the files that are not here now. Later runs speak of the worker's visitors, too.
    const rest = Object.entries(record.files).filter(
      ([path]) => isRecorded(path) || absent.includes(path) || WORKER.test(path),
    );
    return writeRecord({ ...record, files: Object.fromEntries(rest) });
  });
  await warnOfKeyInGit(context);
  const isNothing = taken.length + edits.size + scripts.length === 0;
  const head = isBad
    ? `✗ ${isNothing ? 'nothing' : 'not everything'} was undone`
    : `✓ ${isNothing ? 'nothing is left to undo' : done}`;
  // The question came after the list, so the list is on the screen already.
  const result = yes ? [`${head}:`, ...lines] : [isBad ? `${head}: follow the lines with !` : head];
  const isWorkerGone = Object.keys(files).some((path) => WORKER.test(path));
  const next = [
    ...((isWorkerGone && !isNothing) || script
      ? await visitorLines(hasReleases, script?.path)
      : []),
    ...(workflowText === undefined ? [] : removedWorkflowLines(workflowText, hosting)),
  ];
  // Modules that stay may import the package.
  const uninstall = isBad ? undefined : await uninstallCommand(root);
  const last =
    uninstall === undefined
      ? []
      : [
          `  last: ${isRecordKept ? 'when you no longer need --undo --delete-key, ' : ''}run ${uninstall}, because package.json still depends on bundleseal`,
        ];
  return { json, lines: [...result, ...next, ...last], isBad };
}

const NO_RECORD: RecordContent = {
  isFinished: true,
  store: 'site/updates',
  folders: [],
  files: {},
};

/** The module of a website's service worker. */
const WORKER = /(^|\/)sw\.[jt]s$/;

const again = () => `then run ${typedCommands().execute} bundleseal init --undo again`;

interface Kept {
  readonly path: string;
  readonly reason: string;
  /** Whether the user has to finish the work by hand. */
  readonly isBad: boolean;
  /** Whether the file belongs to the user now. The record then no longer names it. */
  readonly isOfUser?: true;
  /** Whether a file of the user names the file. The project would not build, or not update, without the rest of init. */
  readonly isInUse?: true;
}

/**
 * Lists the files that are undone, the files that only lose the lines of init, the files that are kept, and the files that have
 * their content from before init already.
 */
async function divide(
  record: RecordContent,
  deletesKey: boolean,
): Promise<{
  readonly taken: string[];
  readonly edits: ReadonlyMap<string, Edit>;
  readonly kept: Kept[];
  readonly absent: readonly string[];
}> {
  const states = new Map<string, FileState>();
  for (const [path, file] of Object.entries(record.files))
    states.set(path, await stateOf(path, file));
  const key = await decideOnKey(record, states.get(SEALED.privateKeyFile), deletesKey);
  const ofKey: Readonly<Record<string, string>> = {
    [SEALED.privateKeyFile]: key.reason,
    [SEALED.publicKeyFile]: `it belongs to ${SEALED.privateKeyFile}`,
    [IGNORED]: 'it keeps the private key out of git',
  };
  const ofServer = (keyName: string) =>
    `server.fs.deny in it keeps ${keyName} out of Vite's dev server`;
  const kept: Kept[] = [];
  const edits = new Map<string, Edit>();
  const other = await otherKey(record, key.isKept);
  for (const [path, state] of states) {
    if (state === 'as before') continue;
    if (isViteConfig(path) && state === 'changed') {
      const hasLine = (await bytesOf(path))?.includes(SEALED.privateKeyFile) === true;
      const keyName = key.isKept ? 'the private key' : other;
      if (hasLine && keyName !== undefined) {
        kept.push({ path, reason: `you have changed it, and ${ofServer(keyName)}`, isBad: false });
      } else if (hasLine) {
        const reason =
          "you have changed it: delete the list server.fs.deny in it by hand, which kept the private key out of Vite's dev server";
        kept.push({ path, reason, isBad: false, isOfUser: true });
      }
    } else if (key.isKept && isViteConfig(path)) {
      kept.push({ path, reason: ofServer('the private key'), isBad: deletesKey });
    } else if (key.isKept && Object.hasOwn(ofKey, path)) {
      kept.push({ path, reason: ofKey[path] as string, isBad: deletesKey });
    } else if (path === IGNORED && other !== undefined) {
      kept.push({ path, reason: `it keeps ${other} out of git`, isBad: deletesKey });
    } else if (isViteConfig(path) && other !== undefined) {
      kept.push({ path, reason: ofServer(other), isBad: deletesKey });
    } else if (state === 'changed') {
      const file = record.files[path] as WrittenFile;
      const edit = await withoutAdded(path, file);
      if (edit === undefined) kept.push({ path, reason: await reasonOf(path, file), isBad: true });
      // Otherwise the user has removed the lines of init already.
      else if (!edit.before.equals(edit.after)) edits.set(path, edit);
    }
  }
  const takenNow = () =>
    [...states].flatMap(([path, state]) =>
      state === 'written' && !kept.some((one) => one.path === path) ? [path] : [],
    );
  for (const [path, users] of await usesOf(record, takenNow(), edits)) {
    const own = users.filter((user) => record.files[user]?.before !== null).sort();
    const isInUse = own.length > 0;
    const reason = `${usedBy(isInUse ? own : users)}${isInUse ? `: remove that there, ${again()}` : ''}`;
    kept.push({ path, reason, isBad: true, ...(isInUse && { isInUse }) });
  }
  const absent = [...states].flatMap(([path, state]) => (state === 'as before' ? [path] : []));
  return { taken: takenNow(), edits, kept, absent };
}

/** Says which files use a file: "a.js and b.js import it". */
function usedBy(users: readonly string[]): string {
  const isOne = users.length === 1;
  const verbs = users.every((user) => user === PACKAGE)
    ? ['names', 'name']
    : users.includes(PACKAGE)
      ? ['uses', 'use']
      : ['imports', 'import'];
  return `${listed(users)} ${verbs[isOne ? 0 : 1]} it`;
}

/** Finds the files that must stay, because the project would not build without them. */
async function usesOf(
  { files, store }: RecordContent,
  taken: readonly string[],
  edits: ReadonlyMap<string, Edit>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const isNew = (path: string) => files[path]?.before === null;
  const texts = new Map(Array.from(edits, ([path, { after }]) => [path, after.toString()]));
  for (const path of taken.filter((one) => !isNew(one)))
    texts.set(path, Buffer.from(files[path]?.before ?? '', 'base64').toString());
  const modules = taken.filter((path) => isNew(path) && !isOfKey(path));
  return findUses(modules, texts, store.split('/')[0] as string);
}

/** Says what the user has to do with a file that was changed since. */
async function reasonOf(path: string, { added }: WrittenFile): Promise<string> {
  if (added === undefined) return `it was changed since; delete it by hand, ${again()}`;
  const text = ((await bytesOf(path)) ?? '').toString();
  if (path === PACKAGE) {
    const names = (await changedMembers(text, added)).map((name) => JSON.stringify(name));
    return `it was changed since; remove by hand what init added: ${names.join(', ')}`;
  }
  if (path === IGNORED)
    return `it was changed since; remove by hand what init added: ${added.join(', ')}`;
  return `it was changed since: remove ${await describeCode(path, text)}, ${again()}`;
}

/** Returns a private key that stays, and that the lines in .gitignore and Vite's config protect. */
async function otherKey(
  { isFinished, files }: RecordContent,
  isKept: boolean,
): Promise<string | undefined> {
  // A run that was stopped halfway is undone completely.
  if (!isFinished) return undefined;
  const { privateKeyFile } = SEALED;
  const isRemoved = !isKept && files[privateKeyFile] !== undefined;
  const isKey = (name: string) =>
    name === privateKeyFile
      ? !isRemoved
      : name.startsWith(privateKeyFile) &&
        /^\.old(\.\d+)?$/.test(name.slice(privateKeyFile.length));
  return (await readdir('.')).find(isKey);
}

/**
 * Decides whether the private key stays. Nobody can tell which releases exist: another machine may have published with
 * a copy of the key, and apps that open those releases could never get another update without it. So only a flag
 * deletes the key, and never the key of releases that are here, nor a key that init has not made.
 */
async function decideOnKey(
  { store }: RecordContent,
  state: FileState | undefined,
  deletesKey: boolean,
): Promise<{ readonly isKept: boolean; readonly reason: string }> {
  if (state === undefined || !(await exists(SEALED.privateKeyFile)))
    return { isKept: false, reason: '' };
  if (state === 'changed') return { isKept: true, reason: 'it is not the key that init made' };
  if (await exists(`${store}/channels`)) {
    const reason = `releases in ${store} were sealed with it; if no app needs them, delete ${store} and run init --undo --delete-key`;
    return { isKept: true, reason };
  }
  const reason =
    'there may be releases that were sealed with it, and their apps get no updates without it; --undo --delete-key deletes it';
  return { isKept: !deletesKey, reason };
}
