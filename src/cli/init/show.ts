// Shows a plan to people and to programs.

import { counted } from '../help.ts';
import type { TypedCommands } from '../package-manager.ts';
import { SCRIPTS } from '../release/settings.ts';
import type { Answers } from './answers.ts';
import type { ChangedAnswer } from './earlier.ts';
import type { Change, Plan } from './plan.ts';
import { RECORD } from './record.ts';
import { addedLines, linesOf } from './remove.ts';

/**
 * Returns the lines that an edit adds. Init removes no line. It changes a line by adding a comma, or if an earlier run wrote it.
 */
function shownLines({ before, after }: Change): string[] {
  const text = after.toString().trimEnd();
  if (before === undefined) return linesOf(text);
  return addedLines(before.toString(), text, (line) => line.replace(/,$/, ''));
}

/**
 * Lists the files of a plan, with the lines that existing files get.
 *
 * @param pair - The files of a new pair.
 * @param isWhole - Whether to show the content of new files too.
 */
export function planLines(plan: Plan, pair: readonly string[], isWhole: boolean): string[] {
  const { changes, same } = plan;
  const width = widthOf(plan, pair);
  return [
    ...pairLines(pair, width),
    ...changes.flatMap((change) => {
      const isShown = (change.before !== undefined || isWhole) && change.isKey !== true;
      const lines = isShown ? shownLines(change).map((line) => `      + ${line}`) : [];
      return [headOf(change, width), ...lines];
    }),
    ...recordLines(plan, width),
    ...unusedLines(plan, width),
    ...same.map((path) => `  = ${path} needs no change`),
    ...conflictLines(plan),
  ];
}

/** Lists each file of a plan on one line, the commands that run, and how to undo it. It fits a screen. */
export function summaryLines(
  plan: Plan,
  pair: readonly string[],
  { ci }: Pick<Answers, 'ci'>,
  { execute }: TypedCommands,
): string[] {
  const { changes, conflicts, same } = plan;
  const width = widthOf(plan, pair);
  const builds = `${SCRIPTS.build} and ${SCRIPTS.publish}`;
  return [
    ...pairLines(pair, width),
    ...changes.map((change) => {
      const count = counted(shownLines(change).length, 'line', 'lines');
      const size = change.before === undefined ? count : `${count} more`;
      return `${headOf(change, width)}${change.isKey ? '' : `, ${size}`}`;
    }),
    ...recordLines(plan, width),
    ...unusedLines(plan, width),
    ...(same.length > 0 ? [`  = ${same.join(', ')}: no change`] : []),
    ...conflicts.map(({ path, reason }) => `  ! ${path} ${reason}`),
    `  runs     nothing now; later ${builds} when you run them${ci === 'github' ? ', and the workflow at each tag' : ''}`,
    `  undo     ${execute} bundleseal init --undo, by the record ${RECORD}; it keeps the keys`,
  ];
}

/** Lists the lines that the user has to add by hand. */
export function conflictLines({ conflicts }: Plan): string[] {
  return conflicts.flatMap(({ path, reason, lines }) => [
    `  ! ${path} ${reason}:`,
    ...lines.map((line) => `      ${line}`),
  ]);
}

/** Lists the workflow of an earlier run that this run removes, or that stays because the user has changed it. */
function unusedLines({ removals, kept }: Plan, width: number): string[] {
  return [
    ...removals.map(({ path }) => `  - ${path.padEnd(width)}  removed, because of --ci none`),
    ...kept.map(({ path, reason }) => `  ! ${path} stays: ${reason}`),
  ];
}

function widthOf({ changes }: Plan, pair: readonly string[]): number {
  return Math.max(...[...changes.map(({ path }) => path), ...pair].map(({ length }) => length), 0);
}

function headOf({ path, about, before }: Change, width: number): string {
  return `  ${before === undefined ? '+' : '~'} ${path.padEnd(width)}  ${about}`;
}

function pairLines([privateKey, publicKey]: readonly string[], width: number): string[] {
  if (privateKey === undefined) return [];
  return [
    `  + ${privateKey.padEnd(width)}  the private key: keep it secret; git ignores it`,
    `  + ${(publicKey as string).padEnd(width)}  its public half`,
  ];
}

function recordLines({ changes, removals }: Plan, width: number): string[] {
  return changes.length + removals.length > 0
    ? [`  + ${RECORD.padEnd(width)}  the record that init --undo reads`]
    : [];
}

/**
 * Shows each answer on one line, and then those that differ from the earlier run.
 *
 * @param reasons - Why init has chosen the store and the workflow, if nobody else has.
 */
export function answerLines(
  answers: Answers,
  changed: readonly ChangedAnswer[],
  reasons: { readonly store?: string | undefined; readonly ci?: string | undefined },
): string[] {
  const { dir, framework, store, url, channel, keys, appId, ci } = answers;
  const because = (reason: string | undefined) =>
    reason === undefined ? [] : [`           ${reason}`];
  return [
    `  app      ${appId}, built into ${dir} (${framework})`,
    `  store    ${store}; devices read ${url}`,
    ...because(reasons.store),
    `  ci       ${ci}`,
    ...because(reasons.ci),
    `  channel  ${channel}`,
    `  keys     ${keys}`,
    ...changed.map(({ answer, from, to }) => `  changed  ${answer} from ${from} to ${to}`),
  ];
}

/** Returns the plan as an object, without the content of modules with a key. */
export function planJson(plan: Plan, pair: readonly string[]): Record<string, unknown> {
  return {
    changes: [
      ...pair.map((path) => ({ path, action: 'create' })),
      ...plan.changes.map((change) => ({
        path: change.path,
        action: change.before === undefined ? 'create' : 'edit',
        ...(change.isKey ? {} : { added: shownLines(change) }),
      })),
      ...plan.removals.map(({ path }) => ({ path, action: 'remove' })),
    ],
    kept: plan.kept,
    same: plan.same,
    conflicts: plan.conflicts,
    next: plan.next,
  };
}
