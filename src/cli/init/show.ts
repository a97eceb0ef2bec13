// Shows a plan to people and to programs.

import type { Answers } from './answers.ts';
import type { Change, Plan } from './plan.ts';

/**
 * Returns the lines that an edit adds. Init removes no line. It changes a line by adding a comma, or if an earlier run wrote it.
 */
function addedLines({ before, after }: Change): string[] {
  if (before === undefined) return after.toString().trimEnd().split('\n');
  const old = new Map<string, number>();
  const key = (line: string) => line.replace(/,?\r?$/, '');
  for (const line of before.toString().split('\n')) {
    old.set(key(line), (old.get(key(line)) ?? 0) + 1);
  }
  return after
    .toString()
    .trimEnd()
    .split('\n')
    .filter((line) => {
      const count = old.get(key(line)) ?? 0;
      old.set(key(line), count - 1);
      return count === 0 && line.trim() !== '';
    });
}

/**
 * Lists the files of a plan.
 *
 * @param pair - The files of a new pair.
 * @param isWhole - Whether to show the content of new files too.
 */
export function planLines(
  { changes, conflicts, same }: Plan,
  pair: readonly string[],
  isWhole: boolean,
): string[] {
  const width = Math.max(
    ...[...changes.map(({ path }) => path), ...pair].map(({ length }) => length),
    0,
  );
  const [privateKey, publicKey] = pair;
  return [
    ...(privateKey === undefined
      ? []
      : [
          `  + ${privateKey.padEnd(width)}  the private key: a secret, which git leaves out`,
          `  + ${(publicKey as string).padEnd(width)}  its public half`,
        ]),
    ...changes.flatMap((change) => {
      const { path, about, before, isKey } = change;
      const head = `  ${before === undefined ? '+' : '~'} ${path.padEnd(width)}  ${about}`;
      const isShown = before !== undefined || isWhole;
      return isShown && !isKey
        ? [head, ...addedLines(change).map((line) => `      + ${line}`)]
        : [head];
    }),
    ...same.map((path) => `  = ${path} has it already`),
    ...conflicts.flatMap(({ path, reason, lines }) => [
      `  ! ${path} ${reason}:`,
      ...lines.map((line) => `      ${line}`),
    ]),
  ];
}

/** Shows each answer on one line. */
export function answerLines(answers: Answers): string[] {
  const { dir, framework, store, url, channel, keys, appId } = answers;
  return [
    `  app      ${appId}, built into ${dir} (${framework})`,
    `  store    ${store}; devices read ${url}`,
    `  channel  ${channel}`,
    `  keys     ${keys}`,
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
        ...(change.isKey ? {} : { added: addedLines(change) }),
      })),
    ],
    same: plan.same,
    conflicts: plan.conflicts,
    next: plan.next,
  };
}
