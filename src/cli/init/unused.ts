// Finds the workflow of an earlier init that the new answers do not have.

import type { Answers } from './answers.ts';
import type { Project } from './project.ts';
import { bytesOf } from './read.ts';
import { type Written, workflowPath } from './record.ts';
import { WORKFLOW_MARK, workflowOf } from './workflow.ts';

/** A file of an earlier run that this run removes. */
export interface Removal {
  readonly path: string;
  readonly before: Buffer;
}

export interface Unused {
  readonly removals: readonly Removal[];
  /** Files of an earlier run that stay, because the user has changed them. */
  readonly kept: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Finds the workflow that would go on to publish every Monday although the answer is `--ci none`. It is removed if it is as init
 * wrote it, by the record or by the earlier answers: a clone has no record.
 */
export async function unusedWorkflow(
  project: Project,
  { ci }: Answers,
  written: Written | undefined,
  earlier: Answers | undefined,
): Promise<Unused> {
  const path = workflowPath(project.root);
  const before = ci === 'none' ? await bytesOf(path) : undefined;
  if (before === undefined || !before.includes(WORKFLOW_MARK)) return { removals: [], kept: [] };
  const isAsWritten =
    (earlier !== undefined && before.equals(Buffer.from(workflowOf(project, earlier)))) ||
    (await written?.isAsWritten(path, before)) === true;
  if (isAsWritten) return { removals: [{ path, before }], kept: [] };
  const reason =
    'you have changed it. It still publishes at each tag and every Monday: delete it by hand if it must not';
  return { removals: [], kept: [{ path, reason }] };
}
