// release withdraw: takes a release back from devices.

import type { Command } from 'commander';
import { examples } from '../help.ts';
import { answerWithdrawal } from '../release/answer.ts';
import { besideCi, byWorkflow } from '../release/beside-ci.ts';
import {
  readSigning,
  type SigningFlags,
  signingOptions,
  USE_BUILT_IN,
} from '../release/options.ts';
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
      run<SigningFlags & { readonly useBuiltIn?: boolean }>(async (context, flags, release) =>
        besideCi(flags, byWorkflow('Withdraw this release'), async () => {
          const { options, keyFrom } = await readSigning(context, flags);
          const { useBuiltIn } = flags;
          const { withdraw } = await import('../../node.ts');
          const changed = await withdraw({
            ...{ ...options, release: release as string },
            ...(useBuiltIn !== undefined && { useBuiltIn }),
          });
          return answerWithdrawal(context, changed, options, keyFrom, release as string);
        }),
      ),
    );
}
