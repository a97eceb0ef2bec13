// init --undo: undoes the changes of init.

import { type Answer, UsageError } from '../answer.ts';
import { SEALED } from '../bundle-formats.ts';
import type { Context } from '../context.ts';
import { isThere } from '../read-key.ts';
import { say } from '../terminal.ts';
import { applyEdit, type Edit, type FileState, stateOf, takeBack, withoutAdded } from './apply.ts';
import { findRoot } from './project.ts';
import {
  RECORD,
  type RecordContent,
  readRecord,
  removeRecord,
  type WrittenFile,
  writeRecord,
} from './record.ts';

export async function undoInit(
  context: Context,
  {
    yes,
    dryRun,
    asks,
  }: { readonly yes: boolean; readonly dryRun: boolean; readonly asks: boolean },
): Promise<Answer> {
  const { root } = await findRoot();
  const record = await readRecord(root);
  if (record === undefined) {
    throw new UsageError(
      `there is no ${RECORD} here: init wrote nothing in this folder, or it was undone`,
    );
  }
  const { taken, edits, kept } = await divide(record);
  const removed = taken.filter((path) => record.files[path]?.before === null);
  const restored = taken.filter((path) => !removed.includes(path));
  const edited = [...edits.keys()];
  const json = { dryRun, removed, restored, edited, kept };
  const lines = [
    ...removed.map((path) => `  - ${path}`),
    ...restored.map((path) => `  ~ ${path}, as it was before`),
    ...edited.map((path) => `  ~ ${path}, without what init added`),
    ...kept.map(({ path, reason }) => `  ! ${path} stays: ${reason}`),
  ];
  if (dryRun) return { json, lines: ['This would be taken back:', ...lines] };
  if (!yes) {
    if (asks) for (const line of ['This will be taken back:', ...lines]) say(line);
    if (!asks || !(await context.confirm('Take it back?')))
      return {
        json: { ...json, removed: [], restored: [], edited: [] },
        lines: ['  nothing was changed'],
      };
  }
  const part = Object.fromEntries(
    Object.entries(record.files).filter(([path]) => !kept.some((one) => one.path === path)),
  );
  for (const [path, edit] of edits) await applyEdit(path, edit, root);
  await takeBack({ files: part, folders: record.folders }, root);
  if (kept.length === 0) await removeRecord();
  else {
    const rest = Object.entries(record.files).filter(([path]) =>
      kept.some((one) => one.path === path),
    );
    await writeRecord({ ...contentOf(record), files: Object.fromEntries(rest) });
  }
  return { json, lines: ['✓ taken back:', ...lines], isBad: kept.length > 0 };
}

const CHANGED = 'it was changed since; take out by hand what init added';
const IGNORES_KEY = 'it keeps the private key out of git';

interface Kept {
  readonly path: string;
  readonly reason: string;
}

/** Lists the files that are undone, those that only lose the lines of init, and the files that are kept. */
async function divide(record: RecordContent): Promise<{
  readonly taken: string[];
  readonly edits: ReadonlyMap<string, Edit>;
  readonly kept: Kept[];
}> {
  const states = new Map<string, FileState>();
  for (const [path, file] of Object.entries(record.files))
    states.set(path, await stateOf(path, file));
  const { privateKeyFile, publicKeyFile } = SEALED;
  const isPublished = await isThere(`${record.store}/channels`);
  // Keeps the key of published releases, because apps that open them could never get another update without it.
  const hasKey = states.get(privateKeyFile) === 'written' && isPublished;
  const kept: Kept[] = [];
  const edits = new Map<string, Edit>();
  for (const [path, state] of states) {
    if (state === 'changed') {
      const isNeeded = hasKey && path === '.gitignore';
      const edit = isNeeded
        ? undefined
        : await withoutAdded(path, record.files[path] as WrittenFile);
      if (edit !== undefined) edits.set(path, edit);
      else kept.push({ path, reason: isNeeded ? IGNORES_KEY : CHANGED });
    } else if (hasKey && (path === privateKeyFile || path === publicKeyFile)) {
      kept.push({
        path,
        reason: `releases in ${record.store} were sealed with it; remove it yourself if no app needs them`,
      });
    } else if (hasKey && path === '.gitignore' && state === 'written') {
      kept.push({ path, reason: IGNORES_KEY });
    }
  }
  const taken = [...states].flatMap(([path, state]) =>
    state === 'written' && !kept.some((one) => one.path === path) ? [path] : [],
  );
  return { taken, edits, kept };
}

function contentOf({ isFinished, store, folders, files }: RecordContent): RecordContent {
  return { isFinished, store, folders, files };
}
