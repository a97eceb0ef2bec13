// What commands say about the store of package.json in a project whose CI publishes to another store.

import { join } from 'node:path';
import { BundleSealError } from '../../errors.ts';
import { exists } from '../../files/leniency.ts';
import type { Answer } from '../answer.ts';
import { findRoot } from '../project.ts';
import { WORKFLOW } from './settings.ts';

/**
 * Runs a command. If it uses the store of package.json, and the project has the workflow of init, the result and an error of the
 * store say that devices may read another store.
 *
 * @param instead - What the user does to use the store of CI.
 */
export async function besideCi(
  { store, from }: { readonly store?: string; readonly from?: string },
  instead: string,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const isOfProject = store === undefined && from === undefined;
  if (!isOfProject || !(await exists(join(findRoot().root, WORKFLOW)))) return work();
  const note = `This is the store on this machine. If CI publishes, ${instead}.`;
  try {
    const answer = await work();
    return { ...answer, lines: [...answer.lines, `  note     ${note}`] };
  } catch (error) {
    if (!(error instanceof BundleSealError) || error.code !== 'ERR_STORE') throw error;
    throw new BundleSealError(error.code, `${error.message}. ${note}`, { cause: error });
  }
}

/** How to see the releases of the store that CI publishes to. */
const SHOWN = 'npx bundleseal release list --from ADDRESS shows the releases of its store';

/** Says how the workflow does the work of a command, by the description of its input. */
export const byWorkflow = (input: string): string =>
  `start ${WORKFLOW} with the release in "${input}" instead; ${SHOWN}`;

/** For a command that the workflow does not run. */
export const BY_HAND: string = `pass the address of its store as --from and an empty folder as --store, and upload the files; ${SHOWN}`;
