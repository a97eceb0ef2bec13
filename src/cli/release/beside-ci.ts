// What commands say about the store of package.json in a project whose CI publishes to another store.

import { join } from 'node:path';
import { BundleSealError } from '../../errors.ts';
import { exists } from '../../files/leniency.ts';
import type { Answer } from '../answer.ts';
import { findRoot } from '../project.ts';
import { UNPUBLISHED } from './check-build.ts';
import { WORKFLOW } from './settings.ts';

/** Says what the user does to use the store of CI. The address is that of the store, if it is known. */
export type Instead = (address: string | undefined) => string;

/**
 * Runs a command. If it uses the store of package.json, and the project has the workflow of init, the result and an error of the
 * store say that devices may read another store.
 */
export async function besideCi(
  { store, from }: { readonly store?: string; readonly from?: string },
  instead: Instead,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const isOfProject = store === undefined && from === undefined;
  if (!isOfProject || !(await exists(join(findRoot().root, WORKFLOW)))) return work();
  const { findStoreAddress } = await import('./store-address.ts');
  const ci = `If CI publishes, ${instead(await findStoreAddress())}.`;
  const note = `This is the store on this machine. ${ci}`;
  try {
    const answer = await work();
    return { ...answer, lines: [...answer.lines, `  note     ${note}`] };
  } catch (error) {
    if (!(error instanceof BundleSealError) || error.code !== 'ERR_STORE') throw error;
    // Nobody has published here, so CI most probably does.
    const message = error.message.startsWith(UNPUBLISHED)
      ? `${ci} On this machine, ${error.message}`
      : `${error.message}. ${note}`;
    throw new BundleSealError(error.code, message, { cause: error });
  }
}

/** How to see the releases of the store that CI publishes to. */
const shown: Instead = (address = 'ADDRESS') =>
  `npx bundleseal release list --from ${address} shows the releases of its store`;

/** How to read the store of CI. */
export const byAddress: Instead = (address = 'the address of its store') =>
  `pass ${address} as --from`;

/** Says how the workflow does the work of a command, by the description of its input. */
export const byWorkflow =
  (input: string): Instead =>
  (address) =>
    `start ${WORKFLOW} with the release in "${input}" instead; ${shown(address)}`;

/** For a command that the workflow does not run. */
export const byHand: Instead = (address) =>
  `${byAddress(address)} and an empty folder as --store, and upload the files; ${shown(address)}`;
