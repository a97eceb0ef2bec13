// init: asks its questions, shows the plan, and writes the files.

import { exists } from '../../files/leniency.ts';
import { type Answer, UsageError } from '../answer.ts';
import { publicPem, SEALED } from '../bundle-formats.ts';
import { warnOfKeyInGit } from '../git.ts';
import { renderModule } from '../key-module.ts';
import { readPublicKeyFile } from '../keys.ts';
import { newPassphrase, protect } from '../passphrase.ts';
import { say } from '../print.ts';
import { readPrivateKeyFile } from '../signing-key.ts';
import type { Context } from '../terminal.ts';
import {
  type AnswerFlags,
  type Answers,
  answer,
  askToWrite,
  ciOf,
  reasonOfStore,
} from './answers.ts';
import { applyChanges, isOfKey, type NewPair, undoChanges } from './apply.ts';
import { changedAnswers, checkNothingIsGuessed, earlierAnswers, wholeAnswers } from './earlier.ts';
import { makePlan, type Plan } from './plan.ts';
import { type Project, readProject } from './project.ts';
import {
  RECORD,
  type RecordContent,
  readRecord,
  removeRecord,
  withRecord,
  writeRecord,
} from './record.ts';
import { localStore } from './scripts.ts';
import { answerLines, conflictLines, planJson, planLines, summaryLines } from './show.ts';
import { undoInit } from './undo.ts';
import { removedWorkflowLines } from './undo-next.ts';

export interface InitFlags extends AnswerFlags {
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly undo: boolean;
  readonly deleteKey: boolean;
  readonly removeWorker: boolean;
  readonly quiet?: boolean;
}

/** The flags that replace the questions on a terminal. */
const WITHOUT_TERMINAL =
  '--dir, --framework, --store, --url, --channel and --keys answer single questions; --dry-run only shows what would be written';

/** What a project without a host of git is told about the steps of its workflow. */
const FOR_WORKFLOW =
  '  The steps about "the repository" are only for the workflow: leave them out until the app is in a repository on GitHub';

export async function initialise(context: Context, flags: InitFlags): Promise<Answer> {
  const { yes, dryRun, deleteKey, removeWorker } = flags;
  if (deleteKey && !flags.undo) throw new UsageError('--delete-key belongs to init --undo');
  if (removeWorker && !flags.undo) throw new UsageError('--remove-worker belongs to init --undo');
  const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  const asks = isTerminal && !context.isJson && flags.quiet !== true && !yes;
  if (flags.undo) return undoInit(context, { yes, dryRun, deleteKey, removeWorker, asks });
  const project = await readProject();
  if (!asks && !yes && !dryRun) {
    throw new UsageError(
      `init asks up to six questions, and there is no terminal: pass --yes to accept the proposed answers; ${WITHOUT_TERMINAL}`,
    );
  }
  const { root, manager } = project;
  const { typed } = manager;
  const record = await readRecord(root);
  if (record?.isFinished === false) {
    if (dryRun)
      throw new UsageError(
        'an earlier init was interrupted: run npx bundleseal init, or npx bundleseal init --undo',
      );
    await withRecord(record, () => takeBackHalf(record, root));
    context.inform('an earlier init was interrupted: its changes were undone');
    return initialise(context, flags);
  }
  const earlier = earlierAnswers(project.packageText);
  await checkNothingIsGuessed(earlier, flags);
  const answers = await answer(context, project, flags, asks, earlier);
  const changed = changedAnswers(earlier, answers);
  const isNew = answers.keys !== 'use';
  const present = isNew ? [] : [await presentKey(context)];
  const plan = await makePlan(project, answers, present, record, wholeAnswers(earlier));
  const { privateKeyFile, publicKeyFile } = SEALED;
  const pairFiles = isNew ? [privateKeyFile, publicKeyFile] : [];
  const { isProtected: _, ...said } = answers;
  const json = { dryRun, answers: said, changedAnswers: changed, ...planJson(plan, pairFiles) };
  const isChosen = flags.store === undefined && earlier.store === undefined && !asks;
  const isCiChosen = flags.ci === undefined && earlier.ci === undefined;
  const reasons = {
    store: isChosen ? reasonOfStore(project) : undefined,
    ci: isCiChosen ? ciOf(project, answers.store).reason : undefined,
  };
  const shown = [
    ...answerLines(answers, changed, reasons),
    '',
    ...planLines(plan, pairFiles, dryRun),
  ];
  const isBad = plan.conflicts.length > 0;
  if (dryRun)
    return { json: { ...json, written: [] }, lines: ['This would be written:', ...shown], isBad };
  const { removals } = plan;
  if (plan.changes.length + removals.length === 0 && !isNew) {
    return {
      json: { ...json, written: [] },
      lines: [
        isBad ? '✗ some files need a change by hand:' : '✓ no file needs a change',
        ...planLines({ ...plan, same: [] }, [], false),
        ...(await missingKeyLines(context)),
        ...nextLines('next, unless you have done it', plan),
        ...workflowLines(answers, project),
      ],
      isBad,
    };
  }
  if (asks) {
    const summary = [
      ...answerLines(answers, changed, reasons),
      '',
      ...summaryLines(plan, pairFiles, answers, typed),
    ];
    for (const line of ['This will be written (+ a new file, ~ one of yours):', ...summary]) {
      say(line);
    }
    const showAll = () => {
      for (const line of planLines(plan, pairFiles, true)) say(line);
    };
    if (!(await askToWrite(context, showAll))) {
      return { json: { ...json, written: [] }, lines: ['  nothing was written'] };
    }
  }
  const pair = isNew ? await makePair(context, answers) : undefined;
  const changes = plan.changes.map((change) =>
    change.isKey && pair !== undefined
      ? { ...change, after: Buffer.from(renderModule(change.path, [pair.publicKey])) }
      : change,
  );
  await withRecord(record, () =>
    applyChanges(changes, pair, {
      ...{ before: record, removals, root, store: localStore(answers), signal: context.signal },
    }),
  );
  const written = [...pairFiles, ...changes.map(({ path }) => path), RECORD];
  await warnOfKeyInGit(context);
  return {
    json: { ...json, written },
    lines: [
      ...(asks ? conflictLines(plan) : ['Written:', ...shown, '']),
      `✓ ${written.length} files written; ${typed.execute} bundleseal init --undo undoes this`,
      ...removals.flatMap(({ before }) => removedWorkflowLines(before.toString(), project.hosting)),
      ...nextLines('next', plan),
      ...workflowLines(answers, project),
    ],
    isBad,
  };
}

function workflowLines({ ci }: Answers, { hosting }: Project): string[] {
  return ci === 'github' && hosting === 'none' ? [FOR_WORKFLOW] : [];
}

function nextLines(head: string, { next }: Plan): string[] {
  if (next.length === 0) return [];
  const lines = next.flatMap((one, index) => {
    const [first, ...code] = one.split('\n');
    // Lines of code, which the user copies.
    const indented = code.map((line) => (line === '' ? '' : `        ${line}`));
    return [`  ${String(index + 1).padStart(2)}. ${first}`, ...indented];
  });
  return [`  ${head}:`, ...lines];
}

/**
 * Undoes the changes of a killed run. Keeps a private key that this run has placed, with its lines in .gitignore: the
 * user may have published with it since.
 */
async function takeBackHalf(record: RecordContent, root: string): Promise<void> {
  const isKept =
    Object.hasOwn(record.files, SEALED.privateKeyFile) && (await exists(SEALED.privateKeyFile));
  const filesWhere = (ofKey: boolean) =>
    Object.fromEntries(
      Object.entries(record.files).filter(([path]) => (isKept && isOfKey(path)) === ofKey),
    );
  await undoChanges({ files: filesWhere(false), folders: record.folders }, root);
  if (!isKept) return removeRecord();
  const { store } = record;
  await writeRecord({ isFinished: true, store, folders: [], files: filesWhere(true) });
}

/** A clone has the public key alone, because git leaves out the private one. */
async function missingKeyLines({ env }: Context): Promise<string[]> {
  const { privateKeyFile, variable } = SEALED;
  if (env[variable] !== undefined || (await exists(privateKeyFile))) return [];
  return [
    `  ${privateKeyFile} is not here: to publish from this folder, copy the file from the machine on which init made it, or set ${variable}`,
  ];
}

/** The existing public key in PEM. */
async function presentKey(context: Context): Promise<string> {
  const { privateKeyFile, publicKeyFile } = SEALED;
  if (await exists(publicKeyFile)) {
    return publicPem(SEALED, await readPublicKeyFile(SEALED, publicKeyFile));
  }
  return publicPem(
    SEALED,
    await SEALED.publicKeyOf(await readPrivateKeyFile(context, privateKeyFile)),
  );
}

async function makePair(context: Context, { keys }: Answers): Promise<NewPair> {
  const passphrase = keys === 'protect' ? await newPassphrase(context) : undefined;
  const { keygen } = await import('../../keys/keygen.ts');
  const pair = await keygen({ modulusBits: 4096, format: 'pkcs8', signal: context.signal });
  if (passphrase === undefined) return pair;
  return { ...pair, privateKey: await protect(pair.privateKey, passphrase) };
}
