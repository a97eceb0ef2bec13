// Warns of a private key in this folder that git would commit.

import { exists } from '../../files/leniency.ts';
import { SEALED } from '../bundle-formats.ts';
import { gitStateOf } from '../git.ts';
import type { Context } from '../terminal.ts';

/** Warns if git has the private key, or would add it: another branch may have no line for it in .gitignore. */
export async function warnOfGit(context: Context): Promise<void> {
  const path = SEALED.privateKeyFile;
  if (!(await exists(path))) return;
  const state = await gitStateOf(path);
  if (state !== 'tracked' && state !== 'not ignored') return;
  context.warn(
    `git would commit ${path}: it is in git already, or no pattern of .gitignore leaves it out; keep it out before you commit`,
  );
}
