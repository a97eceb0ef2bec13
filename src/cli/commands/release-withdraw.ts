// release withdraw: takes a release back from devices.

import { join } from 'node:path';
import type { Command } from 'commander';
import { exists } from '../../files/leniency.ts';
import { examples } from '../help.ts';
import { findRoot } from '../project.ts';
import { answerWithdrawal } from '../release/answer.ts';
import {
  readSigning,
  type SigningFlags,
  signingOptions,
  USE_BUILT_IN,
} from '../release/options.ts';
import { WORKFLOW } from '../release/settings.ts';
import { run } from '../run.ts';

export function releaseWithdraw(command: Command): void {
  signingOptions(
    command
      .description(
        'Withdraws a release: devices that run it leave it, and no device installs it. To offer it again, pass --reinstate to release publish, or --first --reinstate to release promote.',
      )
      .argument('<release>', 'its version or id')
      .option('--use-built-in', USE_BUILT_IN),
  )
    .addHelpText(
      'after',
      examples(
        'release withdraw 1.4.2',
        'release withdraw 1.4.2 --channel production --store store',
      ),
    )
    .action(
      run<SigningFlags & { readonly useBuiltIn?: boolean }>(async (context, flags, release) => {
        const { options, keyFrom } = await readSigning(context, flags);
        const { useBuiltIn } = flags;
        const { withdraw } = await import('../../node.ts');
        const changed = await withdraw({
          ...{ ...options, release: release as string },
          ...(useBuiltIn !== undefined && { useBuiltIn }),
        });
        const answer = answerWithdrawal(context, changed, options, keyFrom, release as string);
        const isOfProject = flags.store === undefined;
        return { ...answer, lines: [...answer.lines, ...(isOfProject ? await aboutCi() : [])] };
      }),
    );
}

/** If CI publishes, devices do not read the store of package.json. */
async function aboutCi(): Promise<string[]> {
  if (!(await exists(join(findRoot().root, WORKFLOW)))) return [];
  return [
    `  note     This is the store on this machine. If CI publishes, start ${WORKFLOW} with this release instead.`,
  ];
}
