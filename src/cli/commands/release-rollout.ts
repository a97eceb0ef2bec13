// release rollout: changes the share of devices that are offered a release.

import type { Command } from 'commander';
import { findRelease } from '../../publish/index-entries.ts';
import { examples } from '../help.ts';
import { answerRollout } from '../release/answer.ts';
import { besideCi, byHand } from '../release/beside-ci.ts';
import { readSigning, type SigningFlags, signingOptions } from '../release/options.ts';
import { run } from '../run.ts';
import { readShare } from '../units.ts';

export function releaseRollout(command: Command): void {
  signingOptions(
    command
      .description(
        'Changes the share of devices that are offered a release. 0% stops a rollout. Devices that run the release keep it if you lower the share: to make them leave it, use release withdraw.',
      )
      .argument('<share>', 'such as 25%')
      .option(
        '--release <version|id>',
        'the release (default: the first one that is not withdrawn)',
      ),
  )
    .addHelpText(
      'after',
      examples(
        'release rollout 100%',
        'release rollout 0% --release 1.4.2',
        'release rollout 100% --channel production --store store',
      ),
    )
    .action(
      run<SigningFlags & { readonly release?: string }>(async (context, flags, share) => {
        const rollout = readShare('release rollout', share as string);
        return besideCi(flags, byHand, async () => {
          const { options, keyFrom } = await readSigning(context, flags);
          const { release } = flags;
          const { setRollout } = await import('../../node.ts');
          const changed = await setRollout({
            ...{ ...options, rollout },
            ...(release !== undefined && { release }),
          });
          const entry = findRelease(changed.index, release);
          return answerRollout(context, changed, options, keyFrom, entry, rollout);
        });
      }),
    );
}
